"""Tickets that programs send in: who may, what is taken, what is refused, and never a 202 without a row."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.intake import LARGEST_BODY
from app.intake_auth import signature
from app.intake_errors import REFUSALS
from app.settings import Settings
from connectors.store import Store
from connectors.store.api_keys import OpenKey
from connectors.store.schema import EPOCH
from connectors.store.tenants import LIVE, SHADOW
from connectors.store.vault import Vault
from tests.conftest import ROOT, ToldClock, new_tenant
from tests.locking import locked

TICKET: dict[str, Any] = {
    "requester": {"email": "kim@fieldline.example", "name": "Kim Berg"},
    "subject": "The export hangs",
    "body": "Since this morning the export hangs at 80 %.",
}


class Program:
    """A program of the tenant's own that signs what it sends."""

    def __init__(self, client: FlaskClient, clock: ToldClock, key: OpenKey) -> None:
        self.client, self.clock, self.key = client, clock, key

    def headers(self, content: bytes, **changes: str | None) -> dict[str, str]:
        stamp = changes.pop("stamp", None) or str(int(self.clock().timestamp()))
        secret = changes.pop("secret", None) or self.key.secret
        made = {
            "X-Deskhand-Key": self.key.id,
            "X-Deskhand-Timestamp": stamp,
            "X-Deskhand-Signature": signature(secret, stamp, content),
            "Idempotency-Key": "order 1",
            "Content-Type": "application/json",
        }
        return {name: value for name, value in (made | changes).items() if value is not None}

    def send(self, body: Any = None, **changes: str | None) -> TestResponse:
        """`body` as it is when it is bytes, else as changes of `TICKET`."""
        raw = body if isinstance(body, bytes) else json.dumps(TICKET | (body or {})).encode()
        return self.client.post("/api/tickets", data=raw, headers=self.headers(raw, **changes))

    def look(self, ticket_id: str, **changes: str | None) -> TestResponse:
        path = f"/api/tickets/{ticket_id}"
        return self.client.get(path, headers=self.headers(path.encode(), **changes))


@pytest.fixture
def client(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> FlaskClient:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    return create_app(settings, Deps(settings, store, clock)).test_client()


@pytest.fixture
def program(client: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> Program:
    return Program(client, clock, store.api_keys.add(tenant, "web app", now=clock()))


def rows(store: Store) -> int:
    return store.deliveries.line(since=EPOCH).sent.waiting


def refused(answer: TestResponse) -> str:
    """The code of a refusal, its status checked."""
    told = answer.get_json()["error"]
    status, message = REFUSALS[told["code"]]
    assert (answer.status_code, told["message"]) == (status, message)
    return str(told["code"])


def test_a_ticket_is_a_row_before_it_is_acknowledged(program: Program, store: Store) -> None:
    answer = program.send()
    assert answer.status_code == 202
    told = answer.get_json()
    assert told == {"id": told["id"], "state": "accepted", "helpdesk": None, "notes": []}
    shown = store.deliveries.show("out-1")
    assert (shown["key"], shown["kind"], shown["state"], shown["tenant"]) == (
        told["id"],
        "create_ticket",
        "pending",
        "acme",
    )
    assert shown["payload"]["requester_email"] == "kim@fieldline.example"
    assert "Kim" not in shown["summary"]
    assert program.look(told["id"]).get_json() == told
    assert answer.headers["Location"] == f"/api/tickets/{told['id']}"
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.on_both
def test_five_at_once_and_again_are_one_row(program: Program, store: Store) -> None:
    with ThreadPoolExecutor(5) as threads:
        sender = [Program(program.client.application.test_client(), program.clock, program.key) for _ in range(5)]
        answers = list(threads.map(lambda one: one.send(), sender))
    answers.append(program.send())
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert rows(store) == 1


@pytest.mark.on_both
def test_one_idempotency_key_is_one_ticket(program: Program, store: Store, clock: ToldClock) -> None:
    first = program.send()
    assert refused(program.send({"subject": "Another"})) == "other_ticket"
    assert rows(store) == 1
    assert program.send({"subject": "Another"}, **{"Idempotency-Key": "order 2"}).status_code == 202
    assert rows(store) == 2
    # A key of the same tenant's says the same; another tenant's own is its own.
    second = Program(program.client, clock, store.api_keys.add("acme", "next", now=clock()))
    assert second.send().get_json() == first.get_json()
    store.tenants.add(new_tenant("umbra"), webhook_token="umbra-token", now=clock())
    other = Program(program.client, clock, store.api_keys.add("umbra", "theirs", now=clock()))
    assert other.send().get_json()["id"] != first.get_json()["id"]
    assert refused(other.look(first.get_json()["id"])) == "not_found"
    assert rows(store) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "somebody else's"}, "bad_signature"),
        ({"X-Deskhand-Signature": None}, "bad_signature"),
        ({"X-Deskhand-Signature": "ä"}, "bad_signature"),
        ({"X-Deskhand-Key": "dk_0000000000000000"}, "unknown_key"),
        ({"X-Deskhand-Key": "k" * 4000}, "unknown_key"),
        ({"X-Deskhand-Key": None}, "unknown_key"),
        ({"X-Deskhand-Timestamp": None}, "old_timestamp"),
        ({"stamp": "yesterday"}, "old_timestamp"),
        ({"stamp": "-1"}, "old_timestamp"),
        ({"stamp": "99999999999999999999"}, "old_timestamp"),
    ],
)
def test_who_does_not_sign_is_refused(
    program: Program, store: Store, changes: dict[str, str | None], code: str
) -> None:
    assert refused(program.send(**dict(changes))) == code
    assert refused(program.look("0" * 32, **dict(changes))) == code
    assert rows(store) == 0


@pytest.mark.parametrize(("minutes", "status"), [(-5.1, 401), (-4.9, 202), (4.9, 202), (5.1, 401)])
def test_the_clock_may_be_five_minutes_off(program: Program, clock: ToldClock, minutes: float, status: int) -> None:
    stamp = str(int((clock() + timedelta(minutes=minutes)).timestamp()))
    assert program.send(stamp=stamp).status_code == status


def test_a_signature_is_good_for_its_content_only(program: Program) -> None:
    other = json.dumps(TICKET | {"subject": "Another"}).encode()
    headers = program.headers(json.dumps(TICKET).encode())
    assert refused(program.client.post("/api/tickets", data=other, headers=headers)) == "bad_signature"
    known = program.send().get_json()["id"]
    elsewhere = program.headers(f"/api/tickets/{'0' * 32}".encode())
    assert refused(program.client.get(f"/api/tickets/{known}", headers=elsewhere)) == "bad_signature"


def test_a_key_is_rotated_without_a_gap_and_ends_at_once(program: Program, store: Store, clock: ToldClock) -> None:
    second = Program(program.client, clock, store.api_keys.add("acme", "next", now=clock()))
    assert {program.send().status_code, second.send().status_code} == {202}
    assert store.api_keys.revoke(program.key.id, now=clock())
    assert not store.api_keys.revoke(program.key.id, now=clock())
    assert refused(program.send()) == "unknown_key"
    assert second.send().status_code == 202
    listed = {each.id: each for each in store.api_keys.all("acme")}
    old, new = listed[program.key.id], listed[second.key.id]
    assert (old.revoked_at, old.used_at, new.revoked_at) == (clock(), clock(), None)


def test_disconnecting_ends_the_keys(program: Program, store: Store, clock: ToldClock) -> None:
    store.installations.disconnect("acme", now=clock())
    assert refused(program.send()) == "unknown_key"
    assert store.api_keys.all() == []


@pytest.mark.on_both
def test_a_key_may_not_send_faster_than_its_limit(
    client: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    slow = Program(client, clock, store.api_keys.add(tenant, "slow", per_minute=6, now=clock()))
    other = Program(client, clock, store.api_keys.add(tenant, "other", now=clock()))
    assert [slow.send().status_code for _ in range(3)] == [202] * 3
    held = slow.send()
    assert (refused(held), held.headers["Retry-After"]) == ("too_many", "10")
    assert refused(slow.look("0" * 32)) == "too_many"
    assert other.send().status_code == 202
    clock.forward(seconds=9)
    assert refused(slow.send()) == "too_many"
    clock.forward(seconds=1)
    assert slow.send().status_code == 202
    clock.forward(hours=-10)
    assert slow.send().status_code == 202


def test_who_does_not_sign_uses_up_nobody_elses_requests(
    client: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    slow = Program(client, clock, store.api_keys.add(tenant, "slow", per_minute=2, now=clock()))
    for _ in range(5):
        slow.send(secret="guessed")
    assert slow.send().status_code == 202


@pytest.mark.parametrize("key", [None, "", " ", "k" * 129, "ä", "a\tb"])
def test_an_idempotency_key_is_needed(program: Program, store: Store, key: str | None) -> None:
    assert refused(program.send(**{"Idempotency-Key": key})) == "bad_idempotency_key"
    assert rows(store) == 0


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_taken(program: Program, kind: str | None) -> None:
    assert refused(program.send(**{"Content-Type": kind})) == "wrong_type"
    assert program.send(**{"Content-Type": "application/json; charset=utf-8"}).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"subject": "x"',
        b"[" * 100_000,
        '{"subject": "Übergröße"}'.encode("latin-1"),
        json.dumps(TICKET).encode("utf-16"),
        b'{"subject": "\\ud800"}',
    ],
)
def test_what_is_no_json_in_utf_8_is_refused(program: Program, store: Store, body: bytes) -> None:
    assert refused(program.send(body)) == "not_json"
    assert rows(store) == 0


def test_a_large_body_is_refused_before_it_is_read(program: Program) -> None:
    largest = json.dumps(TICKET).encode().ljust(LARGEST_BODY)
    assert program.send(largest).status_code == 202
    assert refused(program.send(largest + b" ")) == "too_large"


def test_every_problem_is_named_with_its_place_and_without_its_value(program: Program, store: Store) -> None:
    answer = program.send(
        {
            "requester": {"email": "Kim Berg", "name": 7, "phone": "0170 1234567"},
            "subject": " \x00 ",
            "body": " \r\n\t",
            "body_format": "markdown",
            "channel": "pigeon",
            "version": 4,
            "attachments": ["a.png", {"name": "b.png", "content": "aGVsbG8="}],
            "metadata": {"plan": None, "": "x", "long": "v" * 501},
            "priority": "P1",
        }
    )
    assert refused(answer) == "not_a_ticket"
    places = [each["place"] for each in answer.get_json()["error"]["problems"]]
    assert sorted(places) == sorted(
        [
            "requester.email",
            "requester.name",
            "requester.phone",
            "subject",
            "body",
            "body_format",
            "channel",
            "version",
            "attachments.1",
            "metadata.plan",
            "metadata..[key]",
            "metadata.long",
            "priority",
        ]
    )
    for value in ("Kim", "0170", "aGVsbG8", "pigeon", "vvv"):
        assert value not in answer.text
    assert rows(store) == 0


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b"{}", ["requester", "subject", "body"]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
        (json.dumps(TICKET | {"body": "<p><img src=x></p>", "body_format": "html"}).encode(), ["body"]),
        (json.dumps(TICKET | {"subject": "s" * 251}).encode(), ["subject"]),
        (json.dumps(TICKET | {"metadata": {f"n{n}": "v" for n in range(21)}}).encode(), ["metadata"]),
        (json.dumps(TICKET | {"attachments": ["a"] * 21}).encode(), ["attachments"]),
        *(
            (json.dumps(TICKET | {"requester": {"email": email}}).encode(), ["requester.email"])
            for email in ("", "kim", "@x.example", "kim@", "a b@x.example", "kim@x@y.example", "k\n@x.example")
        ),
    ],
)
def test_what_is_no_ticket_is_refused(program: Program, body: bytes, places: list[str]) -> None:
    answer = program.send(body)
    assert refused(answer) == "not_a_ticket"
    assert [each["place"] for each in answer.get_json()["error"]["problems"]] == places


def test_thousands_of_problems_are_counted(program: Program) -> None:
    answer = program.send({f"unknown{number}": 1 for number in range(1_000)})
    problems = answer.get_json()["error"]["problems"]
    assert len(problems) == 101
    assert problems[-1]["problem"] == "and 900 more"


def test_a_locked_database_is_a_503_that_asks_to_come_again(
    program: Program, store: Store, clock: ToldClock, tmp_path: Path
) -> None:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    impatient = Store.open(store.database.url, var=tmp_path, busy_timeout_s=0.05)
    sender = Program(create_app(settings, Deps(settings, impatient, clock)).test_client(), clock, program.key)
    with locked(store.database.url):
        answer = sender.send()
    assert (refused(answer), answer.headers["Retry-After"]) == ("not_stored", "30")
    assert rows(store) == 0
    assert sender.send().status_code == 202
    assert rows(store) == 1
    impatient.database.close()


def test_a_secret_that_cannot_be_opened_is_a_503(program: Program, store: Store) -> None:
    mine, store.api_keys.vault = store.api_keys.vault, Vault(os.urandom(32))
    assert refused(program.send()) == "not_stored"
    store.api_keys.vault = mine
    assert program.send().status_code == 202


def test_every_other_failure_is_json_too(
    program: Program, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert refused(program.client.get("/api/tickets")) == "wrong_method"
    assert refused(program.client.delete("/api/tickets/1")) == "wrong_method"
    assert refused(program.client.get("/api/nothing")) == "not_found"

    def breaks(*_: object, **__: object) -> None:
        raise ValueError("Kim Berg")

    monkeypatch.setattr(store.intake, "accept", breaks)
    assert refused(program.send()) == "failed"
    assert "Kim" not in program.send().text


def test_nothing_personal_is_logged(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    program.send()
    program.send({"subject": "Another"})
    program.send({"requester": {"email": "Kim Berg"}})
    program.send(secret="guessed")
    assert "refused" in caplog.text
    for word in ("Kim", "fieldline", "export", "guessed", program.key.secret):
        assert word not in caplog.text


@pytest.mark.parametrize("mode", [SHADOW, LIVE])
def test_into_shadow_and_back_a_customers_ticket_stays(
    program: Program, store: Store, clock: ToldClock, mode: str
) -> None:
    """Shadow mode holds back what we decide. That a customer asked for help is none of that."""
    store.tenants.set_mode("acme", mode)
    assert program.send().status_code == 202
    store.tenants.set_mode("acme", SHADOW)
    assert store.deliveries.show("out-1")["state"] == "pending"
    assert store.replays.park(["out-1"], now=clock()) == 1
    ticket_id = program.send().get_json()["id"]
    parked = program.look(ticket_id).get_json()
    assert parked["state"] == "parked"
    assert "support team" in parked["notes"][0]
    assert store.replays.replay(["out-1"], now=clock()) == 1
    assert program.look(ticket_id).get_json()["state"] == "accepted"


def test_the_page_about_it_names_every_code_with_its_status() -> None:
    page = (ROOT / "docs" / "intake.md").read_text(encoding="utf-8")
    missing = [code for code, (status, _) in REFUSALS.items() if f"| {status} | `{code}` |" not in page]
    assert missing == []


def test_the_page_signs_as_the_product_does(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is run as it stands, with a `requests` that sends to this app."""
    page = (ROOT / "docs" / "intake.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    sent: list[TestResponse] = []

    def post(url: str, data: bytes, headers: dict[str, str], timeout: float) -> Any:
        assert url.endswith("/api/tickets")
        sent.append(program.client.post("/api/tickets", data=data, headers=headers))
        return Answered(sent[-1])

    import requests

    monkeypatch.setattr(requests, "post", post)
    monkeypatch.setattr("time.time", lambda: program.clock().timestamp())
    monkeypatch.setenv("INTAKE_URL", "https://deskhand.example")
    monkeypatch.setenv("INTAKE_KEY", program.key.id)
    monkeypatch.setenv("INTAKE_SECRET", program.key.secret)
    run: Callable[[], None] = lambda: exec(compile(code, "docs/intake.md", "exec"), {})  # noqa: E731, S102
    run()
    assert [answer.status_code for answer in sent] == [202]


class Answered:
    """As much of an answer of `requests` as the page's example looks at."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer = answer

    def raise_for_status(self) -> None:
        assert self.answer.status_code < 400

    def json(self) -> Any:
        return self.answer.get_json()
