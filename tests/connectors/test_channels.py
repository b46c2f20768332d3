"""What each channel sends, by its receiver's own rules."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.channel import Channel
from connectors.chat import Chat, body_for
from connectors.errors import OutcomeUnknown, RateLimited, Rejected, Unavailable
from connectors.opsgenie import HOSTS, Opsgenie
from connectors.outside import Outside
from connectors.pager import Pager
from connectors.recorder import Recorder
from connectors.signed_webhook import SignedWebhook
from tests.connectors.servers import taker
from triage.messages import Message, Page, PageAction, PostChat, PostWebhook, SendMail, Severity

HERE = Outside(loopback=True, timeout_s=0.5)
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
LINK = ("https://deskhand.example/a/x", "Acknowledge, I have it")
PAGE = Page(
    summary="P1 unanswered",
    severity=Severity.CRITICAL,
    source="ticket 7",
    details={"due": "14:05"},
    links=(LINK,),
    tickets=("7",),
)
POST = PostChat(channel="support", text="<!channel> is late", links=(LINK,))
CALL = PostWebhook(
    event="late",
    subject="Größe: #7 is late",
    text="First reply was due 14:05.",
    at=NOW.isoformat(),
    tickets=("7",),
    links=(LINK,),
    details={"metric": "first_reply"},
)
MAIL = SendMail(to="nadja@nordlicht.example", subject="#7 is late", text="Due 14:05.", kind="escalation")


def ended(action: PageAction) -> Page:
    return Page(summary="Solved", severity=Severity.INFO, source="ticket 7", action=action, incident=KEY)


def made(channel: str, address: str) -> tuple[Channel[object], object]:
    """A channel by name with a message for it; its secret is "secret-1"."""
    channels: dict[str, tuple[Channel[object], object]] = {
        "pager": (Pager(outside=HERE, address=address, routing_key="secret-1"), PAGE),  # type: ignore[dict-item]
        "opsgenie": (Opsgenie(outside=HERE, address=address, api_key="secret-1"), PAGE),  # type: ignore[dict-item]
        "chat": (Chat(outside=HERE, address=address), POST),  # type: ignore[dict-item]
        "webhook": (SignedWebhook(outside=HERE, address=address, secret="secret-1"), CALL),  # type: ignore[dict-item]
    }
    return channels[channel]


@pytest.mark.parametrize("name", ["pager", "opsgenie", "chat", "webhook"])
@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (302, Rejected), (429, RateLimited), (408, Unavailable), (503, Unavailable)]
)
def test_an_answer_means_the_same_to_all(name: str, status: int, error: type[Exception]) -> None:
    """But to a chat, which may have posted before it failed."""
    with taker(status=status, body=b"no: secret-1") as there:
        channel, message = made(name, there.url)
        with pytest.raises(OutcomeUnknown if (name, status) == ("chat", 503) else error) as caught:
            channel.send(message, key=KEY, now=NOW)
    assert len(there.bodies) == 1
    assert "secret-1" not in str(caught.value) or name == "chat"
    assert "secret-1" not in repr(channel)


@pytest.mark.parametrize("action", list(PageAction))
def test_opsgenie_is_asked_by_alias(action: PageAction) -> None:
    with taker() as there:
        address = there.url.removesuffix("/hook")
        page = PAGE if action is PageAction.TRIGGER else ended(action)
        done = Opsgenie(outside=HERE, address=address, api_key="secret-1").send(page, key=KEY, now=NOW)
    [body], [path] = there.bodies, there.paths
    assert (done.applied, done.status) == (True, 202)
    if action is PageAction.TRIGGER:
        assert path == "/v2/alerts"
        assert (body["alias"], body["priority"], body["message"]) == (KEY, "P1", "P1 unanswered")
        assert (body["details"], LINK[0] in body["description"]) == ({"due": "14:05"}, True)
    else:
        verb = {PageAction.ACKNOWLEDGE: "acknowledge", PageAction.RESOLVE: "close"}[action]
        assert path == f"/v2/alerts/{KEY}/{verb}?identifierType=alias"
        assert body["note"] == "Solved"


def test_opsgenie_has_a_host_for_each_region() -> None:
    assert HOSTS == {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}


def test_a_long_summary_is_cut_to_what_opsgenie_takes() -> None:
    with taker() as there:
        page = Page(summary="a" * 200, severity=Severity.INFO, source="b" * 200)
        Opsgenie(outside=HERE, address=there.url, api_key="secret-1").send(page, key=KEY, now=NOW)
    assert (len(there.bodies[0]["message"]), len(there.bodies[0]["source"])) == (130, 100)
    assert "a" * 200 in there.bodies[0]["description"]


def test_a_page_that_ends_holds_no_payload() -> None:
    with taker() as there:
        Pager(outside=HERE, address=there.url, routing_key="secret-1").send(
            ended(PageAction.RESOLVE), key="another", now=NOW
        )
    assert there.bodies == [{"routing_key": "secret-1", "event_action": "resolve", "dedup_key": KEY}]


def test_a_receiver_can_check_who_called_and_what() -> None:
    """As the documentation tells it to: over the bytes as they came, with the time in the header."""
    with taker(status=204, body=b"") as there:
        SignedWebhook(outside=HERE, address=there.url, secret="secret-1").send(CALL, key=KEY, now=NOW)
    [raw], [headers] = there.raw, there.sent
    time, signature = (part.partition("=")[2] for part in headers["Deskhand-Signature"].split(","))
    assert int(time) == int(NOW.timestamp())
    assert signature == hmac.new(b"secret-1", f"{time}.".encode() + raw, hashlib.sha256).hexdigest()
    assert headers["Deskhand-Key"] == KEY
    assert json.loads(raw) == {
        "key": KEY,
        "event": "late",
        "at": "2026-11-23T14:05:00+00:00",
        "subject": "Größe: #7 is late",
        "text": "First reply was due 14:05.",
        "tickets": ["7"],
        "links": [{"href": LINK[0], "text": LINK[1]}],
        "details": {"metric": "first_reply"},
    }


def test_a_link_is_a_button_where_the_chat_has_them() -> None:
    body = body_for(POST, "https://hooks.slack.com/services/T/B/x")
    section, actions = body["blocks"]
    assert section["text"] == {"type": "plain_text", "text": "<!channel> is late", "emoji": False}
    assert [(each["text"]["text"], each["url"]) for each in actions["elements"]] == [(LINK[1], LINK[0])]
    assert body["text"] == "&lt;!channel&gt; is late"


@pytest.mark.parametrize("address", ["https://chat.example/hooks/x", "https://hooks.slack.com.evil.example/x"])
def test_a_link_is_a_line_elsewhere(address: str) -> None:
    assert body_for(POST, address) == {"text": f"<!channel> is late\n{LINK[1]}: {LINK[0]}"}


def test_every_call_of_the_recorder_is_a_line_of_its_owners_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "messages.jsonl"
    messages: list[Message] = [MAIL, PAGE, ended(PageAction.RESOLVE), POST, CALL, CALL]
    for message in messages:
        Recorder(path=path, tenant="acme").send(message, key=KEY, now=NOW)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["mail", "page", "page", "chat", "webhook", "webhook"]
    assert {(line["key"], line["at"], line["tenant"]) for line in lines} == {(KEY, NOW.isoformat(), "acme")}
    assert [line["to"] for line in lines[:4]] == ["nadja@nordlicht.example", "", "", "support"]
    assert all({"subject", "text", "links"} <= line.keys() for line in lines)
    assert (lines[1]["action"], lines[2]["action"], lines[2]["incident"]) == ("trigger", "resolve", KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_recorders_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    post = PostChat(channel="support", text="x" * 20_000)

    def tell() -> None:
        for _ in range(20):
            Recorder(path=path).send(post, key=KEY, now=NOW)

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(json.loads(line)["text"]) for line in path.read_text(encoding="utf-8").splitlines()] == [20_000] * 80


def test_the_documented_check_takes_what_we_send_and_nothing_else() -> None:
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    given: dict[str, Any] = {}
    exec(code, given)  # noqa: S102
    with taker(status=204, body=b"") as there:
        SignedWebhook(outside=HERE, address=there.url, secret="secret-1").send(CALL, key=KEY, now=NOW)
    header, body, now = there.sent[0]["Deskhand-Signature"], there.raw[0], NOW.timestamp()
    assert given["is_ours"](b"secret-1", header, body, now)
    assert not given["is_ours"](b"secret-2", header, body, now)
    assert not given["is_ours"](b"secret-1", header, body + b" ", now)
    assert not given["is_ours"](b"secret-1", header, body, now + 600)
