"""What the console needs, from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from flask import Blueprint

from app import admin
from app.admin import (
    Attempts,
    Deliveries,
    Delivery,
    Overview,
    Parked,
    Part,
    Promise,
    Shell,
    Stage,
    Todo,
    Tone,
    UserRecord,
)
from app.bootstrap import Deps
from connectors.store.deliveries import Delivery as Row
from connectors.store.deliveries import LineState
from connectors.store.deliveries import Stage as Counted
from connectors.store.schema import EPOCH

SLOW = timedelta(minutes=2)
"""A row that waits longer than this needs a look: the line normally takes seconds."""
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


class ConsoleService:
    """Implements `app.admin.ConsoleDeps`."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.store = deps.store

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
        tenants = self.store.tenants.all()
        vendors = sorted({tenant.vendor.title() for tenant in tenants})
        names = sorted({tenant.name for tenant in tenants})
        place = f"{', '.join(names)}, on {' and '.join(vendors)}" if tenants else "No helpdesk connected yet"
        return Shell(place=place, zone="UTC", parked=len(self.store.replays.parked()))

    def overview(self) -> Overview:
        now = self.deps.now()
        today = _midnight(now)
        line = self.store.deliveries.line(since=today)
        outcomes = self.store.deliveries.outcomes(since=today)
        parts = (_receiving(line, now), _writing(line, now), _triage(outcomes))
        todo = _todo(line)
        hours = [0] * (now.hour + 1)
        for at in self.store.deliveries.arrivals(since=today):
            hours[at.hour] += 1
        waits = "no event is waiting" if line.waiting == 0 else f"{line.waiting} on their way"
        return Overview(
            checked_at=now,
            parts=parts,
            todo=todo,
            summary=f"{_lost(line.lost)}, {waits}.",
            working=all(part.tone is not Tone.BAD for part in parts),
            events_today=tuple(hours),
        )

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

    def _latest(self, query: str | None, kind: str | None) -> list[Row]:
        direction = kind if kind in ("in", "out") else None
        state = kind if kind in ("waiting", "parked") else None
        return self.store.deliveries.newest(direction=direction, state=state, query=query, limit=50)


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), UTC)


def _age(at: datetime, now: datetime) -> str:
    seconds = int((now - at).total_seconds())
    if seconds < 60:
        return f"{seconds}\N{NO-BREAK SPACE}s ago"
    if seconds < 3600:
        return f"{seconds // 60}\N{NO-BREAK SPACE}min ago"
    return f"{seconds // 3600}\N{NO-BREAK SPACE}h ago"


def _is_slow(stage: Counted, now: datetime) -> bool:
    return stage.oldest_at is not None and now - stage.oldest_at > SLOW


def _receiving(line: LineState, now: datetime) -> Part:
    last = f"Last one {_age(line.last_received_at, now)}" if line.last_received_at else "None yet"
    slow = _is_slow(line.planned, now)
    return Part(
        name="Receiving events",
        detail=last if not slow else f"{line.planned.waiting} wait; is a worker running?",
        tone=Tone.BAD if slow else Tone.GOOD if line.last_received_at else Tone.OFF,
        word="Needs you" if slow else "Works" if line.last_received_at else "Not known",
        figure=f"{line.received.total:,} today",
    )


def _writing(line: LineState, now: datetime) -> Part:
    waiting = _is_slow(line.sent, now) or _is_slow(line.verifying, now)
    if line.parked.waiting:
        since = _age(line.parked.oldest_at, now).removesuffix(" ago") if line.parked.oldest_at else ""
        detail, tone, word = f"{line.parked.waiting} parked, oldest {since}", Tone.BAD, "Needs you"
    elif waiting:
        detail, tone, word = f"{line.sent.waiting + line.verifying.waiting} wait for the helpdesk", Tone.WARN, "Wait"
    elif line.last_sent_at is None:
        detail, tone, word = "Nothing sent yet", Tone.OFF, "Not known"
    else:
        detail, tone, word = f"Last one {_age(line.last_sent_at, now)}", Tone.GOOD, "Works"
    return Part(
        name="Writing to the helpdesk", detail=detail, tone=tone, word=word, figure=f"{line.sent.total:,} today"
    )


def _triage(outcomes: dict[str, int]) -> Part:
    triaged, human = outcomes.get("triaged", 0), outcomes.get("sent_to_human", 0)
    total = triaged + human
    return Part(
        name="Triage",
        detail=f"{human:,} of {total:,} sent to a human" if total else "No ticket yet",
        tone=Tone.GOOD if total else Tone.OFF,
        word="Works" if total else "Not known",
        figure=f"{triaged:,} triaged",
    )


def _todo(line: LineState) -> tuple[Todo, ...]:
    if not line.parked.waiting:
        return ()
    count = line.parked.waiting
    return (
        Todo(
            fact=f"{count} {'delivery is' if count == 1 else 'deliveries are'} parked.",
            text="Each says why. Mend the cause, then replay.",
            action="Open",
            page="console.deliveries",
        ),
    )


def _lost(count: int) -> str:
    return {0: "No event was lost", 1: "1 event was lost"}.get(count, f"{count:,} events were lost")


def _stage(name: str, counted: Counted, now: datetime, *, parked: bool = False) -> Stage:
    oldest = now - counted.oldest_at if counted.oldest_at else None
    if parked:
        tone, word = (Tone.BAD, "Needs you") if counted.waiting else (Tone.GOOD, "Works")
    elif _is_slow(counted, now):
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
