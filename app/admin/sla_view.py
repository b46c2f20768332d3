"""From a ticket to what the SLA page draws and lists of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from app.admin.sla_charts import Chart, chart
from app.admin.sla_model import SlaPage
from app.admin.tones import Tone
from triage.panel_clock import panel_clocks
from triage.sla.case import Case
from triage.sla.clocks import Reading
from triage.sla.ladder import ahead, coming, occasion
from triage.sla.native import Compared
from triage.sla.printed import lines, printed
from triage.sla.saying import NAMES, city, length, time_left, weekly, when
from triage.sla.view import State
from triage.words import capital, sentence

TONES = {State.RUNS: Tone.GOOD, State.CLOSED: Tone.OFF, State.PAUSED: Tone.WARN, State.DONE: Tone.OFF}
MOST_NEXT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    start: str
    what: str
    tone: Tone | None
    clock: str
    gave: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    clock: str
    who: str
    why: str
    reaches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket's clock. `others` are (metric, name, value) of every clock it has."""

    ref: str
    metric: str
    heading: str
    sub: str
    others: tuple[tuple[str, str, str], ...]
    chart: Chart | None
    cut: bool
    rows: tuple[LedgerRow, ...]
    earlier: str
    text: str
    next: tuple[Next, ...]
    ladder: str
    ours: str
    native: str
    differs: str
    why: str


def ticket_view(page: SlaPage, case: Case, reading: Reading) -> Ticket:
    now = case.standing
    kept, picture = case.ledger(reading), case.timeline(reading)
    shown = {each.name: each for each in panel_clocks(case, zone=None, user_id="").lines}
    line = shown.get(NAMES[reading.metric])
    place = city(now.schedule.time_zone)
    ladder = rules_ladder(case)
    compared = (
        next((each for each in page.native.clocks if each.metric is reading.metric), None) if page.native else None
    )
    said = f"{when(reading.due, now=case.at, here=case.here)} {place}" if reading.due else "no due time now"
    return Ticket(
        ref=page.asked,
        metric=reading.metric.value,
        heading=f"{NAMES[reading.metric]} clock",
        sub=_sub(case, reading, line.value if line else "", place),
        others=tuple(
            (
                each.metric.value,
                NAMES[each.metric],
                shown[NAMES[each.metric]].value if NAMES[each.metric] in shown else "late" if each.is_late else "met",
            )
            for each in case.clocks
        ),
        chart=chart(picture, _finding(page.asked, reading, case)) if picture else None,
        cut=picture.is_cut if picture else False,
        rows=tuple(
            LedgerRow(
                start=start,
                what=what,
                tone=TONES[state] if state else None,
                clock=state.value if state else "",
                gave=gave,
                total=total,
            )
            for start, what, state, gave, total in lines(case, kept)
        ),
        earlier=_earlier(kept.earlier_runs),
        text="\n".join(printed(case, kept)),
        next=tuple(_next(case))[:MOST_NEXT],
        ladder=ladder,
        ours=said,
        native=f"{when(compared.native, now=case.at, here=case.here)} {place}"
        if compared and compared.native
        else "no due time now",
        differs=_by(compared),
        why=capital(sentence(compared.why)) if compared and compared.why else "",
    )


def rules_ladder(case: Case) -> str:
    """The ladder that a ticket of this priority climbs."""
    rules, priority = case.rules.escalation, case.standing.priority
    response = rules.responses.get(priority) if priority else None
    ladder = rules.ladders.get(response.ladder) if response and response.ladder else None
    return ladder.name if ladder else ""


def _by(compared: Compared | None) -> str:
    if compared is None or compared.by is None or compared.agrees:
        return ""
    return f"{time_left(compared.by)}: ours is {'later' if compared.by > timedelta(0) else 'earlier'}"


def _sub(case: Case, reading: Reading, value: str, place: str) -> str:
    now = case.standing
    organization = next(iter(now.facts.get("organization", ())), "")
    promised = length(reading.target) if reading.target else "nothing promised"
    hours = "day and night" if case.is_around_the_clock(reading) else f"of open time, {weekly(now.schedule)} {place}"
    parts = [organization, now.priority.value if now.priority else "", f"{promised} {hours}"]
    said = ", ".join(part for part in parts if part)
    return f"{said}. Now {case.at.astimezone(case.here):%a %H:%M}: {value[:1].lower()}{value[1:]}."


def _finding(ref: str, reading: Reading, case: Case) -> str:
    held = f", held for {length(reading.paused)} of it" if reading.paused else ""
    due = f", due {when(reading.due, now=case.at, here=case.here)}" if reading.due else ""
    of = f" of {length(reading.target)}" if reading.target else ""
    return f"{NAMES[reading.metric]} of ticket {ref}: ran {length(reading.ran)}{of}{held}{due}"


def _earlier(runs: int) -> str:
    return f"It ran {runs} time{'' if runs == 1 else 's'} before; this is its last run." if runs else ""


def _next(case: Case) -> Iterator[Next]:
    for step, told in coming(case):
        who = (
            " and ".join(f"{each.who}{f', {each.role},' if each.role else ''} {ahead(each.by)}" for each in told)
            or f"Nobody: {'; '.join(step.unreached).replace('_', ' ')}"
        )
        yield Next(clock=when(step.at, now=case.at, here=case.here), who=who, why=occasion(step), reaches=bool(told))
