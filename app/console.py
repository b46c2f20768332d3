"""What the console needs, from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from flask import Blueprint

from app import admin, console_overview
from app.admin import (
    Attempts,
    Deliveries,
    Delivery,
    Overview,
    Parked,
    Promise,
    Shell,
    Stage,
    Tone,
    UserRecord,
)
from app.admin.connect_model import Desk
from app.bootstrap import Deps
from app.console_connect import ConnectService
from app.console_overview import Link, is_slow
from connectors.store.deliveries import Delivery as Row
from connectors.store.deliveries import Stage as Counted
from connectors.store.schema import EPOCH

ATTEMPTS_KEPT = timedelta(hours=1)
WORDS = {
    "new": (Tone.WARN, "Waiting"),
    "planning": (Tone.WARN, "Being read"),
    "pending": (Tone.WARN, "Waiting"),
    "inflight": (Tone.WARN, "Being sent"),
    "unknown": (Tone.WARN, "Being verified"),
    "done": (Tone.GOOD, "Done"),
    "ignored": (Tone.OFF, "Ignored on purpose"),
    "parked": (Tone.BAD, "Parked"),
}
KINDS = (("in", "Events in"), ("out", "Effects out"), ("waiting", "Waiting"), ("parked", "Parked"))


def create_blueprint(deps: Deps) -> Blueprint:
    return admin.create_blueprint(
        ConsoleService(deps),
        secret=deps.store.vault.derive("console-session").hex(),
        public_origin=deps.settings.public_url,
        secure_cookies=deps.settings.secure_cookies,
        now=deps.now,
    )


class ConsoleService(ConnectService):
    """Implements `app.admin.ConsoleDeps`."""

    def find_user(self, email: str) -> UserRecord | None:
        user = self.store.users.find(email)
        if user is None:
            return None
        return UserRecord(
            id=str(user.id),
            email=user.email,
            name=user.name,
            password_hash=user.password_hash,
            session_version=user.session_version,
        )

    def login_attempts(self, email: str, ip: str) -> Attempts:
        failures, last, address = self.store.users.failures(email, ip, since=self.deps.now() - ATTEMPTS_KEPT)
        return Attempts(failures=failures, last_failed_at=last, address_failures=address)

    def record_attempt(self, email: str, ip: str, ok: bool) -> None:
        now = self.deps.now()
        self.store.users.record_attempt(email, ip, ok=ok, now=now, keep_since=now - ATTEMPTS_KEPT)

    def end_sessions(self, user_id: str) -> None:
        self.store.users.end_sessions(int(user_id))

    def shell(self) -> Shell:
        desks = self.desks()
        vendors = sorted({desk.title for desk in desks})
        names = sorted({desk.name for desk in desks})
        place = f"{', '.join(names)}, on {' and '.join(vendors)}" if desks else "No helpdesk connected yet"
        bad = sum(desk.bad for desk in desks)
        return Shell(place=place, zone="UTC", parked=len(self.store.replays.parked()), bad_checks=bad)

    def overview(self) -> Overview:
        now = self.deps.now()
        today = _midnight(now)
        line = self.store.deliveries.line(since=today)
        links = [self._link(desk) for desk in self.desks()]
        outcomes = self.store.deliveries.outcomes(since=today)
        hours = [0] * (now.hour + 1)
        for at in self.store.deliveries.arrivals(since=today):
            hours[at.hour] += 1
        return console_overview.overview(line, links, outcomes, hours, now)

    def deliveries(self, *, query: str | None, kind: str | None) -> Deliveries:
        now = self.deps.now()
        line = self.store.deliveries.line(since=_midnight(now))
        ever = self.store.deliveries.line(since=EPOCH)
        first = self.store.deliveries.arrivals(since=EPOCH)[:1]
        times = ever.seconds_to_effect
        parked = self.store.deliveries.newest(state="parked", limit=100)
        return Deliveries(
            stages=(
                _stage("Inbox: received", line.received, now),
                _stage("Planned", line.planned, now),
                _stage("Outbox: sent", line.sent, now),
                _stage("Being verified", line.verifying, now),
                _stage("Parked", line.parked, now, parked=True),
            ),
            promise=Promise(
                since=(first[0] if first else now).date(),
                accepted=ever.received.total,
                lost=ever.lost,
                median=timedelta(seconds=times[len(times) // 2]) if times else None,
                slowest_5_percent=timedelta(seconds=times[int(len(times) * 0.95)]) if times else None,
                found_by_check=self.store.deliveries.found_by_check(since=EPOCH),
            ),
            parked=tuple(_parked(row) for row in reversed(parked)),
            latest=tuple(_delivery(row) for row in self._latest(query, kind)),
            kinds=KINDS,
        )

    def replay(self, ids: Sequence[str]) -> int:
        return self.store.replays.replay(ids, now=self.deps.now())

    def replay_all_parked(self) -> int:
        return self.replay(self.store.replays.parked())

    def drop(self, ids: Sequence[str]) -> int:
        return self.store.replays.drop(ids, now=self.deps.now())

    def _link(self, desk: Desk) -> Link:
        stored = self.store.findings.all(desk.id)
        return Link(
            desk=desk,
            findings=tuple(each.finding for each in stored),
            checked_at=max((each.checked_at for each in stored), default=None),
            refusal=self.refusal(desk.id),
        )

    def _latest(self, query: str | None, kind: str | None) -> list[Row]:
        direction = kind if kind in ("in", "out") else None
        state = kind if kind in ("waiting", "parked") else None
        return self.store.deliveries.newest(direction=direction, state=state, query=query, limit=50)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), UTC)


def _stage(name: str, counted: Counted, now: datetime, *, parked: bool = False) -> Stage:
    oldest = now - counted.oldest_at if counted.oldest_at else None
    if parked:
        tone, word = (Tone.BAD, "Needs you") if counted.waiting else (Tone.GOOD, "Works")
    elif is_slow(counted, now):
        tone, word = Tone.WARN, "Wait"
    else:
        tone, word = Tone.GOOD, "Works"
    return Stage(name=name, today=counted.total, waiting=counted.waiting, oldest=oldest, tone=tone, word=word)


def _parked(row: Row) -> Parked:
    return Parked(
        id=row.id,
        effect=row.what,
        ticket_ref=row.ticket_ref or "",
        reason=row.error or "No reason was noted.",
        advice="Mend the cause in the helpdesk, then replay."
        if row.direction == "out"
        else f"See `deskhand deliveries show {row.id}`.",
        tries=row.tries,
        since=row.done_at or row.at,
    )


def _delivery(row: Row) -> Delivery:
    tone, word = WORDS[row.state]
    if row.direction == "in" and row.state == "done":
        word = "Planned"
    return Delivery(
        id=row.id,
        at=row.at,
        outgoing=row.direction == "out",
        what=row.what,
        ticket_ref=row.ticket_ref or "",
        key=row.key.rpartition(":")[2][:10],
        tone=tone,
        word=word,
        took=timedelta(seconds=row.took_s) if row.took_s is not None else None,
        detail=row.error or "",
    )
