"""Clocks that run in seconds, on the real processes: reminders, ladders that climb, and a clock that is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from app.rehearsal import Rehearsal
from connectors.store.config import SLA
from tests.system.conftest import Start
from triage.sla.log import Acknowledged, Reply, StatusSet, Told
from triage.tickets import Status

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
WITHIN_S = 90.0
TARGET_S, SHARES = 20.0, (0.2, 0.5, 0.8)
WAIT_S = 3
DOWN = [
    {"to": ["person:ann"], "by": ["chat"], "wait": f"{WAIT_S} s"},
    {"to": ["person:bob"], "by": ["mail"], "wait": f"{WAIT_S} s"},
    {"to": ["person:eve"], "by": ["webhook"], "wait": f"{WAIT_S} s"},
    {"to": ["person:duty"], "by": ["page"], "wait": f"{WAIT_S} s"},
]
CLIMBED = [("chat", "ann"), ("mail", "bob@desk.example"), ("webhook", ""), ("page", "")]
TAKEN = [
    {"to": ["person:max"], "by": ["chat"], "wait": "8 s"},
    {"to": ["person:zoe"], "by": ["mail"], "wait": "8 s"},
    {"to": ["person:zoe"], "by": ["chat"], "wait": "8 s"},
]
RULES: dict[str, Any] = {
    "policies": [
        {
            "id": "seconds",
            "hours": "business",
            "targets": {
                "P1": {"first_reply": "1 h"},
                "P2": {"first_reply": "1 h"},
                "P3": {"first_reply": f"{TARGET_S:g} s"},
            },
        }
    ],
    "schedules": {"always": {"hours": "24/7", "time_zone": "Etc/UTC"}},
    "which_schedule": {"default": "always"},
    "escalation": {
        "people": {
            "ann": {"name": "Ann", "chat": "ann"},
            "bob": {"name": "Bob", "email": "bob@desk.example"},
            "eve": {"name": "Eve"},
            "duty": {"name": "Duty"},
            "max": {"name": "Max", "chat": "max"},
            "zoe": {"name": "Zoe", "email": "zoe@desk.example", "chat": "zoe"},
            "kim": {"name": "Kim", "chat": "kim"},
        },
        "ladders": {"down": {"levels": DOWN}, "taken": {"levels": TAKEN}},
        "responses": {
            "P1": {"ladder": "down", "at_once": True, "reminders": []},
            "P2": {"ladder": "taken", "at_once": True, "reminders": []},
            "P3": {"reminders": [share * 100 for share in SHARES]},
        },
        "remind": {"to": ["person:kim"], "by": ["chat"]},
    },
}


@dataclass
class Story:
    """A running desk and what it said."""

    desk: Rehearsal

    def arrive(self, priority: str) -> str:
        draft = {"requester": "nadja.krueger@nordlicht.example", "subject": "A question", "body": "as discussed"}
        ref = str(self.desk.helpdesk("POST", "tickets", draft)["id"])
        self.change(ref, priority=priority)
        return ref

    def change(self, ref: str, **changes: object) -> None:
        self.desk.helpdesk("POST", f"tickets/{ref}", changes)

    def messages(self) -> list[dict[str, Any]]:
        if not self.desk.messages.exists():
            return []
        return [json.loads(line) for line in self.desk.messages.read_text(encoding="utf-8").splitlines()]

    def said(self, ref: str) -> list[tuple[str, str]]:
        """Way and addressee of every message about the ticket, oldest first."""
        about = [each for each in self.messages() if f"#{ref}" in json.dumps(each) or ref in each.get("tickets", ())]
        return [(each["kind"], each["to"]) for each in about]

    def log(self, ref: str) -> list[Any]:
        return list(self.desk.deps.store.ticket_log.read(self.desk.tenant, ref))

    def told(self, ref: str) -> list[Told]:
        return sorted((each for each in self.log(ref) if isinstance(each, Told)), key=lambda each: each.at)

    def until(self, happened: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not happened():
            assert time.monotonic() < deadline, (what, self.messages())
            time.sleep(0.05)

    def acknowledge(self, ref: str) -> None:
        """By the button of the message, as whoever got it."""
        links = [link for each in self.messages() if f"#{ref}" in json.dumps(each) for link in each["links"]]
        (address,) = [address for address, text in links if text.startswith("Acknowledge")]
        answer = requests.post(f"{self.desk.url}{urlsplit(address).path}", timeout=20)
        assert answer.status_code == 200, answer.text

    def status_at(self, ref: str, status: Status) -> datetime:
        return next(each.at for each in self.log(ref) if isinstance(each, StatusSet) and each.status is status)

    def tags(self, ref: str) -> tuple[str, ...]:
        ticket = self.desk.deps.helpdesk(self.desk.tenant).ticket(ref)
        return tuple(tag for tag in ticket.tags if tag.startswith(("deskhand_sla", "deskhand_esc")))


def steps_of(told: list[Told]) -> list[str]:
    return [each.key.partition("/")[2] for each in told]


def check_never_early(told: list[Told], begins: datetime, after_s: list[float]) -> None:
    for each, wait in zip(told, after_s, strict=True):
        assert each.at >= begins + timedelta(seconds=wait), (each, begins, wait)


def test_clocks_remind_climb_and_stop(start: Start) -> None:
    desk = start()
    store = desk.deps.store
    store.config.save(desk.tenant, SLA, RULES, by="test", why="in seconds", now=desk.deps.now())
    story = Story(desk)

    late, down, taken = story.arrive("normal"), story.arrive("urgent"), story.arrive("high")

    # Somebody has it: whoever comes later on that ladder is not told.
    story.until(lambda: story.said(taken), "the first level of the ladder that is taken")
    story.acknowledge(taken)

    # The first reminder, then the ticket waits for its customer for a while.
    story.until(lambda: story.said(late), "the first reminder")
    story.change(late, status="pending")
    story.until(lambda: any(isinstance(e, StatusSet) and e.status is Status.PENDING for e in story.log(late)), "paused")
    story.until(lambda: "deskhand_sla_paused" in story.tags(late), "its tag")
    held = timedelta(seconds=2)
    story.until(lambda: desk.deps.now() >= story.status_at(late, Status.PENDING) + held, "some time")
    story.change(late, status="open")

    # Meanwhile the ladder of the other climbs, level by level, each by its own way.
    story.until(lambda: len(story.said(down)) >= len(CLIMBED), "all levels")
    assert story.said(down) == CLIMBED
    climbed = story.told(down)
    assert steps_of(climbed) == [f"1/level/{number}" for number in (1, 2, 3, 4)]
    begins = min(each.at for each in story.log(down) if isinstance(each, StatusSet))
    check_never_early(climbed, begins, [WAIT_S * level for level in range(4)])

    # All reminders, each after its share of open time; what it was held for does not count.
    story.until(lambda: len(story.told(late)) >= len(SHARES), "the last reminder")
    reminded = story.told(late)
    assert [key.rpartition("/")[2] for key in steps_of(reminded)] == [f"{share:g}" for share in SHARES]
    begins = min(each.at for each in story.log(late) if isinstance(each, StatusSet))
    paused_s = (story.status_at(late, Status.OPEN) - story.status_at(late, Status.PENDING)).total_seconds()
    assert paused_s >= held.total_seconds() - 1
    check_never_early(reminded, begins, [TARGET_S * share + (paused_s if share > SHARES[0] else 0) for share in SHARES])

    # Another service is down, and the clock process dies after the first level and once more while it is away.
    again = story.arrive("urgent")
    story.until(lambda: story.said(again), "the first level of the second ladder")
    for _ in range(2):
        killed = desk.supervisor.pid("clock")
        os.kill(killed, signal.SIGKILL)
        story.until(lambda: desk.supervisor.pid("clock") != killed, "the clock's return")  # noqa: B023
    story.until(lambda: len(story.said(again)) >= len(CLIMBED), "all levels in spite of it")
    story.until(lambda: len(story.said(late)) > len(SHARES), "that it is late")
    story.until(lambda: "deskhand_sla_late" in story.tags(late), "its tag")

    # The same set as of the one that was not disturbed, and none twice.
    assert sorted(story.said(again)) == sorted(CLIMBED)
    assert steps_of(story.told(again)) == steps_of(climbed)
    assert story.said(late) == [("chat", "kim")] * (len(SHARES) + 1)
    assert set(story.said(taken)) <= {("chat", "max"), ("mail", "zoe@desk.example")}
    (acknowledged,) = [each for each in story.log(taken) if isinstance(each, Acknowledged)]
    assert acknowledged.by == "Max"
    assert max(each.at for each in story.told(again)) > acknowledged.at + timedelta(seconds=8)
    assert ("mail", "zoe@desk.example") not in story.said(taken) or story.told(taken)[-1].at < acknowledged.at
    assert "deskhand_esc_4" in story.tags(down)
    keys = Counter(each["key"] for each in story.messages())
    assert set(keys.values()) == {1}

    # It is over with the answer: the page is resolved.
    story.change(down, comment="It is up again.", public=True, status="solved")
    story.until(lambda: "deskhand_sla_met" in story.tags(down), "the end")
    story.until(lambda: any(each.get("action") == "resolve" for each in story.messages()), "the page's end")
    assert any(isinstance(each, Reply) and each.by_agent for each in story.log(down))
