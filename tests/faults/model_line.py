"""The real line around the helpdesk in memory: receiver, two clocks, a queue and workers, each step by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from connectors.installing import Grant
from connectors.store.outbox import UPDATE_TICKET
from connectors.store.schema import EPOCH
from connectors.store.tenants import LIVE, SHADOW
from jobs.clock import Clock
from jobs.own_threads import OwnThreads
from tests.faults import model_processes
from tests.faults.model_desk import NAME, SECRET, VENDOR, World
from tests.faults.model_ground import TENANT, Entries, Ground
from tests.faults.model_processes import End, Fate, Process
from triage.actions import UpdateTicket

CLOCKS = 2
HANDS = 2


class Line:
    """One example's processes and what they did."""

    def __init__(self, ground: Ground) -> None:
        ground.empty()
        self.ground = ground
        self.store, self.now = ground.store, ground.now
        self.world = VENDOR.world = World(ground.now)
        self.world.point, self.world.fault = model_processes.passing, model_processes.fault
        self.queue = Entries(size=100)
        self.clocks: list[Clock] = []
        self.hands: list[Entries] = []
        for number in range(CLOCKS):
            self.clocks.append(self._clock(number))
        self.clock_stalls: dict[int, Process] = {}
        self.stalled: list[Process] = []
        self.acknowledged: set[str] = set()
        self.dropped: set[str] = set()
        self.may_write_in_shadow: set[str] | None = None
        self.corrections = 0

    # What the helpdesk and people do

    def deliver(self, number: int, fate: Fate | None) -> None:
        event = self.world.events[number]
        answers: list[int] = []

        def request() -> None:
            path = f"/webhooks/{NAME}/path-token"
            answers.append(self.ground.browser.post(path, json=event, headers={"x-secret": SECRET}).status_code)

        if self._let(Process(request, fate)) is End.ENDED:
            assert answers == [200], answers
            self.acknowledged.add(event["key"])

    def correct(self, ref: str) -> bool:
        """An agent's correction in the panel; there is one only of what was decided."""
        known = self.store.decisions.latest(TENANT, ref)
        if known is None or not known.decision.actions:
            return False
        self.corrections += 1
        change = UpdateTicket(ticket_ref=ref, category=f"c{self.corrections}")
        with self.store.database.write() as transaction:
            return self.store.outbox.add_in(
                transaction,
                tenant=TENANT,
                kind=UPDATE_TICKET,
                ticket_ref=ref,
                cause=f"correction:{self.corrections}",
                payload=change.to_payload(),
                summary="Category: correction by an agent",
                rank=2,
                now=self.now(),
            )

    def sign_in(self) -> None:
        self.world.signed_in = True
        self.store.access.save(TENANT, "key", {}, Grant(access_token="key", scheme="bearer", issued_at=self.now()))

    def shadow(self, on: bool) -> None:
        if on and self.may_write_in_shadow is None:
            tried = "SELECT key FROM outbox WHERE first_attempt_at IS NOT NULL"
            self.may_write_in_shadow = {row["key"] for row in self.rows(tried)}
        elif not on:
            self.may_write_in_shadow = None
        self.store.tenants.set_mode(TENANT, SHADOW if on else LIVE)

    def operate(self, verb: Callable[..., int], name: str, fate: Fate | None = None) -> None:
        if verb == self.store.replays.drop and name.startswith("in-"):
            [row] = self.rows("SELECT ticket_ref FROM inbox WHERE id = ?", int(name[3:]))
            self.dropped.add(row["ticket_ref"])
        self._let(Process(lambda: verb([name], now=self.now()), fate))

    # What our processes do

    def turn(self, number: int, fate: Fate | None = None) -> int:
        if number in self.clock_stalls:
            return 0
        clock, handed = self.clocks[number], 0

        def once() -> None:
            nonlocal handed
            handed = clock.turn()

        process = Process(once, fate)
        end = self._let(process)
        if end is End.KILLED:
            self.clocks[number] = self._clock(number)
        if end is End.STALLED:
            self.clock_stalls[number] = process
        return handed

    def leads(self) -> bool:
        return any(clock.leadership.token for clock in self.clocks)

    def end_clock(self, number: int, fate: Fate | None) -> None:
        """A clock is told to stop, and started again."""
        if number not in self.clock_stalls:
            self._let(Process(self.clocks[number].stop, fate))
            self.clocks[number] = self._clock(number)

    def wake_clock(self, number: int) -> None:
        process = self.clock_stalls.pop(number, None)
        if process is not None and process.switch() is End.KILLED:
            self.clocks[number] = self._clock(number)

    def waiting(self) -> list[tuple[Entries, int]]:
        """Every entry that a worker or a clock's own hands could take now."""
        return [(entries, place) for entries in (self.queue, *self.hands) for place in range(len(entries.waiting))]

    def waiting_for(self, job: str) -> list[tuple[Entries, int]]:
        return [(entries, place) for entries, place in self.waiting() if entries.waiting[place][0] == job]

    def work(self, entries: Entries, place: int, fate: Fate | None = None, fault: Any = None) -> None:
        job, row_id, token = entries.waiting.pop(place)
        process = Process(lambda: OwnThreads.find(job)(row_id, token), fate, fault)
        if self._let(process) is End.STALLED:
            self.stalled.append(process)

    def resume(self, number: int, *, renew_first: bool) -> None:
        """A stalled worker goes on; its keeper may have woken a moment earlier."""
        process = self.stalled.pop(number)
        if renew_first:
            process.keeps = [each for each in process.keeps if each.renew()]
        if process.switch() is End.STALLED:
            self.stalled.append(process)

    def pass_time(self, seconds: float, *, slow: bool) -> None:
        """With `slow`, stalled workers are alive all the while and keep their leases."""
        self.now.forward(seconds=seconds)
        if slow:
            for process in self.stalled:
                process.keeps = [each for each in process.keeps if each.renew()]

    def bury(self) -> None:
        """End every process of the example that still stands somewhere."""
        for process in (*self.stalled, *self.clock_stalls.values()):
            process.kill()
        self.stalled.clear()
        self.clock_stalls.clear()

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self.ground.raw.execute(query, values).fetchall()

    def settle(self) -> None:
        """All faults end, and time goes on until nothing is due and a check for lost events has run."""
        self._put_right()
        for _ in range(3):
            self._until_nothing_is_due()
            parked = self.store.replays.parked()
            if not parked:
                return
            self.store.replays.replay(parked, now=self.now())
            self.now.forward(seconds=3)

    def _put_right(self) -> None:
        for number in list(self.clock_stalls):
            self.wake_clock(number)
        while self.stalled:
            self.resume(0, renew_first=False)
        for request in self.world.late:
            self.world.land(request)
        self.world.late.clear()
        self.queue.down = False
        self.sign_in()
        self.shadow(False)
        self.now.forward(minutes=6)

    def _until_nothing_is_due(self) -> None:
        for _ in range(300):
            handed = sum(self.turn(number) for number in range(CLOCKS))
            taken = self.waiting()
            while waiting := self.waiting():
                self.work(*waiting[0])
            if handed or taken:
                continue
            next_at = self._next_at()
            if next_at is None:
                return
            self.now.at = max(next_at, self.now() + timedelta(seconds=1))
        raise AssertionError("the line never comes to rest")

    def _next_at(self) -> datetime | None:
        """When the earliest unfinished row, or the next leader, can be due."""
        instants = [
            max(row["next_at"], row["lease_until"] or 0, self._held_until())
            for table in ("inbox", "outbox")
            for row in self.rows(
                f"SELECT next_at, lease_until FROM {table} "  # noqa: S608
                "WHERE state IN ('new', 'planning', 'pending', 'inflight', 'unknown')"
            )
        ]
        return None if not instants else instant(min(instants))

    def _held_until(self) -> int:
        return max((row["not_before"] for row in self.rows("SELECT not_before FROM throttle")), default=0)

    def _let(self, process: Process) -> End:
        end: End = process.switch()
        return end

    def _clock(self, number: int) -> Clock:
        clock = Clock(self.ground.process(f"clock-{number}"), self.queue)  # type: ignore[arg-type]
        # The check of the connection and the renewal of tokens have tests of their own.
        clock.timetable = tuple(each for each in clock.timetable if each.name == "reconcile")
        clock.backups = SimpleNamespace(tend=lambda now: None, wait=lambda timeout_s: None)  # type: ignore[assignment]
        hands = Entries(size=HANDS)
        clock.own_threads = hands  # type: ignore[assignment]
        self.hands[number:] = [hands, *self.hands[number + 1 :]]
        return clock


def instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
