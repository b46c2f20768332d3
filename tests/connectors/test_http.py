"""The one HTTP session, against a real socket: what each failure says about whether a write happened."""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import requests

from connectors import http
from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, OverBudget, RateLimited, Unavailable
from connectors.limits import EVERYTHING, OpenGate

TOKEN = "canary-token-7f3a"
Answer = Callable[[socket.socket], None]


class Server:
    """Reads one request per connection and lets `answer` do what it likes with the socket."""

    def __init__(self, answer: Answer) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.answer = answer
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                self.requests.append(peer.recv(65536))
                with contextlib.suppress(OSError):
                    self.answer(peer)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


def session(**options: object) -> requests.Session:
    return http.build_session(**({"authorization": lambda: http.bearer(TOKEN), "timeout_s": (1.0, 0.3)} | options))  # type: ignore[arg-type]


def reply(status: str, body: bytes = b"{}", *headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    return lambda peer: peer.sendall(head + body)


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        peer.sendall(b" ")
        time.sleep(0.05)


CUT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
CUT_CHUNK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"
CUT_UNMARKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"ticket": {"id": 1'
FAILURES: dict[str, Answer] = {
    "no answer": lambda peer: time.sleep(1),
    "reset": reset,
    "closed": lambda peer: None,
    "not http": lambda peer: peer.sendall(b"SMTP ready\r\n\r\n"),
    "cut short": lambda peer: peer.sendall(CUT),
    "chunk cut short": lambda peer: peer.sendall(CUT_CHUNK),
    "cut short without a length": lambda peer: peer.sendall(CUT_UNMARKED),
    "dripping": drip,
    "too large": reply("200 OK", b'"' + b"x" * 5000 + b'"'),
    "gzip bomb": reply("200 OK", gzip.compress(b"0" * 1_000_000), "Content-Encoding: gzip"),
    "bad gzip": reply("200 OK", b"not gzip at all", "Content-Encoding: gzip"),
    "deep json": reply("200 OK", b"[" * 2000),
    "500": reply("500 Internal Server Error"),
    "502": reply("502 Bad Gateway", b"<html>"),
    "503 without a date": reply("503 Service Unavailable"),
    "504 without a body": lambda peer: peer.sendall(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 9\r\n\r\n"),
}


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", FAILURES)
def test_after_sending_a_write_may_have_happened_and_a_read_may_be_repeated(
    serve: Callable[[Answer], Server], name: str, method: str
) -> None:
    server = serve(FAILURES[name])
    with pytest.raises(Unavailable if method == "GET" else OutcomeUnknown) as raised:
        session(max_body_bytes=4000, deadline_s=0.3).request(method, f"{server.url}/api/1.json?email=a@b.c")
    assert str(raised.value).startswith(f"{method} /api/1.json: ")
    assert raised.value.retryable is (method == "GET")
    assert "a@b.c" not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "landing_s"),
    [
        ("no answer", 0.6),
        ("closed", 0.3),
        ("reset", 0.3),
        ("502", 0.3),
        ("504 without a body", 0.3),
        ("500", None),
        ("cut short", None),
    ],
)
def test_a_write_without_an_answer_says_until_when_it_may_land(
    serve: Callable[[Answer], Server], name: str, landing_s: float | None
) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        session().put(f"{serve(FAILURES[name]).url}/x")
    assert raised.value.retry_after_s == landing_s


@pytest.mark.parametrize("name", ["no answer", "closed", "502"])
def test_a_write_that_a_version_check_guards_is_not_waited_for(serve: Callable[[Answer], Server], name: str) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        session(guarded=True).put(f"{serve(FAILURES[name]).url}/x")
    assert raised.value.retry_after_s is None


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://nowhere.invalid/x"])
def test_before_sending_nothing_has_happened(method: str, url: str) -> None:
    with pytest.raises(Unavailable, match="could not connect"):
        session().request(method, url)


def test_a_connect_timeout_is_before_sending() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        with pytest.raises(Unavailable, match="could not connect"):
            session(timeout_s=(0.2, 0.2)).put(f"http://127.0.0.1:{full.getsockname()[1]}/x")
        for filler in fillers:
            filler.close()


def test_a_broken_tls_exchange_is_not_taken_for_one_before_sending(serve: Callable[[Answer], Server]) -> None:
    server = serve(reply("200 OK"))
    with pytest.raises(OutcomeUnknown):
        session().put(server.url.replace("http:", "https:"))


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("1.5", 1.5), ("0", 0), ("-3", 0), ("nan", 30), ("soon", 30), (None, 30)]
)
def test_429(serve: Callable[[Answer], Server], method: str, value: str | None, seconds: float) -> None:
    headers = [f"Retry-After: {value}"] if value is not None else []
    server = serve(reply("429 Too Many Requests", b"", *headers, "X-Request-Id: r-1"))
    with pytest.raises(RateLimited) as raised:
        session().request(method, server.url)
    assert (raised.value.retry_after_s, raised.value.status, raised.value.request_id) == (seconds, 429, "r-1")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (format_datetime(datetime(2026, 3, 2, 9, 16, tzinfo=UTC), usegmt=True), 60),
        (format_datetime(datetime(2026, 3, 2, 9, 14, tzinfo=UTC), usegmt=True), 0),
        (format_datetime(datetime(2126, 3, 2, 9, 14, tzinfo=UTC), usegmt=True), 86400),
        ("inf", 30),
        ("1e400", 30),
        ("99999999", 86400),
        (" 12 ", 12),
        ("", 30),
    ],
)
def test_retry_after(value: str, seconds: float) -> None:
    assert http.parse_retry_after(value, now=datetime(2026, 3, 2, 9, 15, tzinfo=UTC).timestamp()) == seconds


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_503_that_says_when_was_refused_at_the_door(serve: Callable[[Answer], Server], method: str) -> None:
    server = serve(reply("503 Service Unavailable", b"", "Retry-After: 4"))
    with pytest.raises(Unavailable) as raised:
        session().request(method, server.url)
    assert raised.value.retry_after_s == 4


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "404 Not Found", "422 Unprocessable Entity"])
def test_other_answers_are_returned(serve: Callable[[Answer], Server], status: str) -> None:
    body = b"" if status.startswith("204") else b'{"a": 1}'
    response = session().get(serve(reply(status, body)).url)
    assert (response.status_code, response.content) == (int(status[:3]), body)


@pytest.mark.parametrize("body", [b"\r\nContent-Length: 50\r\n\r\n{", b"\r\n\r\n" + b"x" * 5000])
def test_a_refusal_is_clear_even_when_its_body_is_lost(serve: Callable[[Answer], Server], body: bytes) -> None:
    server = serve(lambda peer: peer.sendall(b"HTTP/1.1 422 No" + body))
    response = session(max_body_bytes=4000).put(server.url)
    assert (response.status_code, response.content) == (422, b"")


def test_compressed_and_chunked_answers(serve: Callable[[Answer], Server]) -> None:
    packed = gzip.compress(b'{"a": 1}')
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in packed) + b"0\r\n\r\n"
    server = serve(lambda peer: peer.sendall(head.encode() + b"\r\n\r\n" + chunks))
    assert session().get(server.url).json() == {"a": 1}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_redirects_are_never_followed(serve: Callable[[Answer], Server], status: str, method: str) -> None:
    thief = serve(reply("200 OK"))
    server = serve(reply(status, b"", f"Location: {thief.url}/steal"))
    assert session().request(method, server.url).status_code == int(status[:3])
    assert thief.requests == []


@pytest.mark.parametrize("elsewhere", ["http://evil.example/x", "https://127.0.0.1:{port}/x", "http://127.0.0.1/x"])
def test_with_an_origin_nothing_is_sent_elsewhere(serve: Callable[[Answer], Server], elsewhere: str) -> None:
    server = serve(reply("200 OK"))
    pinned = session(origin=f"{server.url}/base")
    assert pinned.get(f"{server.url}/anything").status_code == 200
    with pytest.raises(Unavailable, match="not this helpdesk's"):
        pinned.put(elsewhere.format(port=server.url.rpartition(":")[2]))
    assert len(server.requests) == 1


def test_the_token_is_asked_for_each_request_and_cookies_are_not_kept(serve: Callable[[Answer], Server]) -> None:
    server = serve(reply("200 OK", b"{}", "Set-Cookie: session=1; Path=/"))
    tokens = iter(["first", "second\n"])
    client = session(authorization=lambda: http.bearer(next(tokens)))
    client.get(server.url)
    client.get(server.url)
    assert b"Authorization: Bearer first\r\n" in server.requests[0]
    assert b"Authorization: Bearer second\r\n" in server.requests[1]
    assert b"Cookie" not in server.requests[1]


@pytest.mark.parametrize("token", ["", "  ", f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN} ümlaut", f"{TOKEN} two"])
def test_a_token_no_header_can_carry_is_not_quoted(token: str) -> None:
    with pytest.raises(AuthFailed) as raised:
        session(authorization=lambda: http.bearer(token)).get("http://127.0.0.1:1/")
    assert TOKEN not in str(raised.value)


def test_basic_credentials_travel_encoded(serve: Callable[[Answer], Server]) -> None:
    server = serve(reply("200 OK"))
    session(authorization=lambda: http.basic("k\u00e9y:X\n")).get(server.url)
    assert b"Authorization: Basic a8OpeTpY\r\n" in server.requests[0]


@pytest.mark.parametrize("text", ["", "  ", "key", ":X", "key\r\nX-Evil: 1", "ke\x00y:X"])
def test_credentials_that_basic_cannot_carry_are_not_quoted(text: str) -> None:
    with pytest.raises(AuthFailed) as raised:
        http.basic(text)
    assert "key" not in str(raised.value).replace("or key", "")


@pytest.mark.parametrize("value", ["", "Bearer a\r\nX-Evil: 1", "Bearer \u00fc"])
def test_no_other_value_gets_into_the_header_either(value: str) -> None:
    with pytest.raises(AuthFailed):
        session(authorization=lambda: value).get("http://127.0.0.1:1/")


class Recorder(OpenGate):
    """A gate that lets `room` requests in and writes down what it hears."""

    def __init__(self, room: int = 9) -> None:
        self.room = room
        self.heard: list[object] = []

    def enter(self, families: Sequence[str]) -> None:
        if not self.room:
            raise OverBudget("used up", retry_after_s=3.5)
        self.room -= 1
        self.heard.append(tuple(families))

    def limit_seen(self, family: str, per_minute: float) -> None:
        self.heard.append((family, per_minute))

    def close(self, seconds: float) -> None:
        self.heard.append(seconds)


class Judge(OpenGate):
    """A gate that writes down how the requests went."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, ...]] = []
        self.failures: list[tuple[str, ...]] = []

    def answered(self, families: Sequence[str]) -> None:
        self.answers.append(tuple(families))

    def failed(self, families: Sequence[str], took_s: float) -> None:
        assert took_s >= 0
        self.failures.append(tuple(families))


def judged(url: str) -> Judge:
    judge = Judge()
    with contextlib.suppress(ConnectorError):
        session(gate=judge, families=lambda method, path: (EVERYTHING, path), max_body_bytes=4000, deadline_s=0.3).put(
            f"{url}/x"
        )
    return judge


@pytest.mark.parametrize("name", FAILURES)
def test_the_gate_hears_of_each_failure_once(serve: Callable[[Answer], Server], name: str) -> None:
    judge = judged(serve(FAILURES[name]).url)
    assert (judge.answers, judge.failures) == ([], [(EVERYTHING, "/x")])


def test_nobody_at_the_address_is_a_failure() -> None:
    assert judged("http://127.0.0.1:1").failures == [(EVERYTHING, "/x")]


@pytest.mark.parametrize(
    ("status", "headers"),
    [("200 OK", []), ("404 No", []), ("422 No", []), ("429 Many", []), ("503 Later", ["Retry-After: 1"])],
)
def test_an_answer_is_none_be_it_a_refusal(serve: Callable[[Answer], Server], status: str, headers: list[str]) -> None:
    judge = judged(serve(reply(status, b"{}", *headers)).url)
    assert (judge.answers, judge.failures) == ([(EVERYTHING, "/x")], [])


def test_what_our_own_gate_held_back_is_neither(serve: Callable[[Answer], Server]) -> None:
    class Shut(Judge):
        def enter(self, families: Sequence[str]) -> None:
            raise OverBudget("used up")

    judge = Shut()
    with pytest.raises(OverBudget):
        session(gate=judge).put(serve(reply("200 OK")).url)
    assert (judge.answers, judge.failures) == ([], [])


def test_a_request_enters_the_gate_by_its_method_path_and_query(serve: Callable[[Answer], Server]) -> None:
    gate = Recorder()
    server = serve(reply("200 OK"))
    client = session(gate=gate, families=lambda method, path: (EVERYTHING, f"{method} {path}"))
    client.put(f"{server.url}/tickets/1?include=stats")
    session(gate=gate).get(server.url)
    assert gate.heard == [(EVERYTHING, "PUT /tickets/1?include=stats"), (EVERYTHING,)]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_gate_that_is_shut_lets_nothing_out(serve: Callable[[Answer], Server], method: str) -> None:
    server = serve(reply("200 OK"))
    with pytest.raises(OverBudget) as raised:
        session(gate=Recorder(room=0)).request(method, server.url)
    assert raised.value.retry_after_s == 3.5
    assert server.requests == []


def test_the_gate_can_be_replaced_between_two_requests(serve: Callable[[Answer], Server]) -> None:
    first, second = Recorder(), Recorder()
    server = serve(reply("200 OK", b"{}", "X-Limit: 400"))
    client = session(gate=first, limits_in=lambda headers: {EVERYTHING: float(headers["x-limit"])})
    client.get(server.url)
    client.gate = second  # type: ignore[attr-defined]
    client.get(server.url)
    assert first.heard == second.heard == [(EVERYTHING,), (EVERYTHING, 400.0)]


def test_a_stated_limit_is_passed_on_when_it_changes(serve: Callable[[Answer], Server]) -> None:
    gate, stated = Recorder(), iter([400.0, 400.0, 700.0])
    server = serve(reply("200 OK"))
    client = session(gate=gate, limits_in=lambda headers: {EVERYTHING: next(stated)})
    for _ in range(3):
        client.get(server.url)
    assert [each for each in gate.heard if each != (EVERYTHING,)] == [(EVERYTHING, 400.0), (EVERYTHING, 700.0)]


@pytest.mark.parametrize(
    ("status", "headers", "closed"),
    [
        ("429 Too Many", ["Retry-After: 7"], [7.0]),
        ("429 Too Many", [], [30.0]),
        ("503 Moving", ["Retry-After: 4"], [4.0]),
        ("503 Down", [], []),
        ("500 Oops", ["Retry-After: 4"], []),
        ("200 OK", ["Retry-After: 4"], []),
    ],
)
def test_the_gate_is_closed_before_anybody_hears_of_the_refusal(
    serve: Callable[[Answer], Server], status: str, headers: list[str], closed: list[float]
) -> None:
    gate = Recorder()
    with contextlib.suppress(ConnectorError):
        session(gate=gate).get(serve(reply(status, b"{}", *headers)).url)
    assert gate.heard == [(EVERYTHING,), *closed]


@pytest.mark.parametrize("name", ["no answer", "reset", "500", "too large"])
def test_the_token_is_in_no_message_and_no_log(
    serve: Callable[[Answer], Server], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(FAILURES[name])
    with pytest.raises(ConnectorError) as raised:
        session(max_body_bytes=4000).put(server.url, json={"a": 1})
    cause: BaseException | None = raised.value
    while cause is not None:
        assert TOKEN not in f"{cause} {cause!r}"
        cause = cause.__cause__ or cause.__context__
    assert TOKEN.encode() in server.requests[0]
    assert TOKEN not in caplog.text


def test_nothing_is_retried_and_connections_are_kept(serve: Callable[[Answer], Server]) -> None:
    def twice(peer: socket.socket) -> None:
        for _ in range(2):
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            server.requests.append(b"+" + peer.recv(65536))

    server = serve(twice)
    client = session()
    client.get(server.url)
    client.get(server.url)
    assert len([each for each in server.requests if each.startswith(b"GET")]) == 1
    assert len([each for each in server.requests if each.startswith(b"+GET")]) == 1
