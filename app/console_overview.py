"""The first page: what works, what needs somebody, from counts and findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.admin import Overview, Part, Todo, Tone
from app.admin.connect_model import Desk
from app.console_steps import EVENT_CHECKS
from connectors.installing import CHECKS, Finding, Health
from connectors.store.deliveries import LineState
from connectors.store.deliveries import Stage as Counted

SLOW = timedelta(minutes=2)
"""A row that waits longer than this needs a look: the line normally takes seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One connected helpdesk and what its checks found; `refusal` is why only a person can sign in again."""

    desk: Desk
    findings: tuple[Finding, ...]
    checked_at: datetime | None
    refusal: str

    @property
    def bad(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.health is Health.BAD)

    @property
    def deaf(self) -> Finding | None:
        """Why its events do not reach us, if they do not."""
        return next((each for each in self.bad if each.check in EVENT_CHECKS), None)

    @property
    def lost(self) -> Finding | None:
        """What the regular look at changed tickets found that no event had brought."""
        return next((each for each in self.findings if each.check == "gaps" and each.health is not Health.GOOD), None)


def overview(
    line: LineState, links: Sequence[Link], outcomes: Mapping[str, int], hours: Iterable[int], now: datetime
) -> Overview:
    parts = (_connection(links, now), _receiving(line, links, now), _writing(line, links, now), _triage(outcomes))
    waits = "no event is waiting" if line.waiting == 0 else f"{line.waiting} on their way"
    return Overview(
        checked_at=now,
        parts=parts,
        todo=(*_links_todo(links), *_todo(line)),
        summary=f"{_lost(line.lost)}, {waits}.",
        working=all(part.tone is not Tone.BAD for part in parts),
        events_today=tuple(hours),
    )


def _connection(links: Sequence[Link], now: datetime) -> Part:
    known = [link for link in links if link.checked_at is not None or link.refusal]
    bad = sum(link.desk.bad for link in links)
    total = sum(len(link.findings) for link in links)
    good = sum(each.health is Health.GOOD for link in links for each in link.findings)
    checked = max((link.checked_at for link in links if link.checked_at), default=None)
    detail = f"Checked {_age(checked, now)}" if checked else "Not checked yet" if links else "No helpdesk is connected"
    if bad:
        detail = f"{bad} {'check needs' if bad == 1 else 'checks need'} you"
    return Part(
        name="Connection",
        detail=detail,
        tone=Tone.BAD if bad else Tone.GOOD if known else Tone.OFF,
        word="Needs you" if bad else "Works" if known else "Not known" if links else "Not connected",
        figure=f"{good} of {total} checks good" if total else "",
    )


def _links_todo(links: Sequence[Link]) -> Iterable[Todo]:
    """Dearest first: no access, then no events, then the rest."""
    page = "console.connect"
    if not links:
        yield Todo(
            fact="No helpdesk is connected.",
            text="Nothing is read and nothing is written until you connect one.",
            action="Connect",
            page=page,
        )
    for link in links:
        if link.refusal:
            yield Todo(
                fact=f"Reconnect {link.desk.name}.",
                text=f"{link.desk.title} refuses our access. Events wait here until you sign in again.",
                action="Open",
                page=page,
                tenant=link.desk.id,
            )
    for link in links:
        trouble = link.deaf or link.lost
        if trouble and not link.refusal:
            yield Todo(
                fact=f"Events from {link.desk.name} {'do not reach us' if link.deaf else 'were late'}.",
                text=trouble.detail,
                action="Open",
                page=page,
                tenant=link.desk.id,
            )
    for link in links:
        rest = [each for each in link.bad if each.check not in EVENT_CHECKS]
        if rest and not link.refusal:
            yield Todo(
                fact=f"{link.desk.name}: {CHECKS[rest[0].check]}: {rest[0].state}.",
                text=rest[0].detail if len(rest) == 1 else f"{rest[0].detail} And {len(rest) - 1} more.",
                action="Open",
                page=page,
                tenant=link.desk.id,
            )


def _age(at: datetime, now: datetime) -> str:
    seconds = int((now - at).total_seconds())
    if seconds < 60:
        return f"{seconds}\N{NO-BREAK SPACE}s ago"
    if seconds < 3600:
        return f"{seconds // 60}\N{NO-BREAK SPACE}min ago"
    return f"{seconds // 3600}\N{NO-BREAK SPACE}h ago"


def is_slow(stage: Counted, now: datetime) -> bool:
    return stage.oldest_at is not None and now - stage.oldest_at > SLOW


def _receiving(line: LineState, links: Sequence[Link], now: datetime) -> Part:
    last = f"Last one {_age(line.last_received_at, now)}" if line.last_received_at else "None yet"
    slow = is_slow(line.planned, now)
    deaf = next((link for link in links if link.deaf), None)
    if deaf and deaf.deaf:
        return Part(
            name="Receiving events",
            detail=f"{deaf.desk.name}: {CHECKS[deaf.deaf.check]}: {deaf.deaf.state}",
            tone=Tone.BAD,
            word="Needs you",
            figure=f"{line.received.total:,} today",
        )
    return Part(
        name="Receiving events",
        detail=last if not slow else f"{line.planned.waiting} wait; is a worker running?",
        tone=Tone.BAD if slow else Tone.GOOD if line.last_received_at else Tone.OFF,
        word="Needs you" if slow else "Works" if line.last_received_at else "Not known",
        figure=f"{line.received.total:,} today",
    )


def _writing(line: LineState, links: Sequence[Link], now: datetime) -> Part:
    shadow = [link.desk.name for link in links if link.desk.shadow]
    waiting = is_slow(line.sent, now) or is_slow(line.verifying, now)
    if line.parked.waiting:
        since = _age(line.parked.oldest_at, now).removesuffix(" ago") if line.parked.oldest_at else ""
        detail, tone, word = f"{line.parked.waiting} parked, oldest {since}", Tone.BAD, "Needs you"
    elif waiting:
        detail, tone, word = f"{line.sent.waiting + line.verifying.waiting} wait for the helpdesk", Tone.WARN, "Wait"
    elif shadow and len(shadow) == len(links):
        detail, tone, word = "Nothing is written", Tone.OFF, "Shadow mode"
    elif shadow:
        detail, tone, word = f"Nothing is written in {', '.join(shadow)}", Tone.OFF, "Part in shadow"
    elif line.last_sent_at is None:
        detail, tone, word = "Nothing sent yet", Tone.OFF, "Not known"
    else:
        detail, tone, word = f"Last one {_age(line.last_sent_at, now)}", Tone.GOOD, "Works"
    return Part(
        name="Writing to the helpdesk", detail=detail, tone=tone, word=word, figure=f"{line.sent.total:,} today"
    )


def _triage(outcomes: Mapping[str, int]) -> Part:
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
