"""A ticket full of canaries goes through the line, with faults, at the most talkative level: no log has one."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from app.logs import configure
from connectors.registry import VENDORS
from connectors.store.inbox import WEBHOOK
from jobs.triager import Triager
from tests.jobs.conftest import Desk
from tests.jobs.test_faults import MIX, judge_by_our_clock, until_ended

CANARY = "kanarienvogel"
PERSON = "nadja@nordlicht.example"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure("DEBUG")
    yield written
    root.handlers[:], root.level, logging.raiseExceptions = before
    logging.captureWarnings(False)


def secrets_of(desk: Desk) -> set[str]:
    connection = desk.store.tenants.connection("acme")
    return {str(connection.token), *map(str, connection.webhook_secrets)} - {"None", ""}


def assert_private(text: str, desk: Desk) -> None:
    assert CANARY not in text
    assert PERSON not in text
    assert [secret for secret in secrets_of(desk) if secret in text] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_ticket_leaves_nothing_in_the_logs(desk: Desk, logged: io.StringIO) -> None:
    judge_by_our_clock(desk)
    for number in range(3):
        ref = desk.ticket(f"{CANARY} {number}", f"{CANARY}@mail.example https://a.example/?token={CANARY} {CANARY}")
        desk.event(ref, f"event {ref}")
    faults = {name: share for name, share in MIX.items() if not name.startswith("freeze")}
    desk.control("POST", "knobs", {**faults, "faults_on": "all", "rate_429_next": 1, "seed": 3, "retry_after_s": 7})
    until_ended(desk)
    assert "deskhand.jobs" in logged.getvalue()
    assert_private(logged.getvalue(), desk)


def test_a_bug_that_quotes_the_ticket_leaves_nothing_in_the_logs(
    desk: Desk, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Triager, ticket: object, *rest: object) -> None:
        raise ValueError(f"cannot read {ticket!r}")

    monkeypatch.setattr(Triager, "decide", fail)
    ref = desk.ticket(CANARY, f"{CANARY} {PERSON}")
    desk.event(ref, "the event")
    for _ in range(4):
        desk.work()
        desk.clock.forward(seconds=60)
    assert [state for _, state in desk.states()] == ["parked"]
    text = logged.getvalue()
    assert text.count("error='ValueError at tests/jobs/test_privacy.py:") == 3
    assert_private(text, desk)


def test_a_payload_that_cannot_be_read_is_named_by_its_row_only(desk: Desk, logged: io.StringIO) -> None:
    ref = desk.ticket(CANARY, CANARY)
    desk.store.inbox.set_aside(
        *("acme", WEBHOOK, "digest"),
        state="parked",
        reason="unreadable",
        now=desk.clock(),
        raw=CANARY.encode(),
        headers={"x": CANARY},
    )
    desk.control("POST", "knobs", {"faults_on": "all", "truncate_share": 1.0, "seed": 1})
    desk.event(ref, "the event")
    desk.work()
    assert "deskhand.jobs" in logged.getvalue()
    assert_private(logged.getvalue(), desk)
