"""What the panel says of a ticket's clocks and of who was told: words, shares and seconds, ready to print."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from triage.escalation.steps import Kind
from triage.hours import Calendar, NeverOpen, TooFar
from triage.panel_ladder import has_it, page_bar, rungs
from triage.panel_view import ClockLine, PanelClocks, Pill
from triage.sla.case import Case
from triage.sla.clocks import Reading, Stage
from triage.sla.ladder import climb
from triage.sla.policies import Metric
from triage.sla.saying import NAMES, VERBS, city, length, time_left, when, why_closed
from triage.sla.view import closed_stretch
from triage.words import percent, zone_named

SOON, URGENT = 0.75, 0.9
LISTED_WHEN_DONE = (Metric.FIRST_REPLY_TIME, Metric.FULL_RESOLUTION_TIME)
TONES = {"soon": "warn", "urgent": "bad", "late": "bad"}


def panel_clocks(case: Case, *, zone: str | None, user_id: str) -> PanelClocks:
    """For an agent in time zone `zone`, who is `user_id` in the helpdesk."""
    agent_zone = zone_named(zone)
    shown = [each for each in case.clocks if not each.is_done or each.metric in LISTED_WHEN_DONE]
    running = [each for each in shown if not each.is_done]
    lines = [_line(case, each, agent_zone, first=bool(running) and each is running[0]) for each in shown]
    climbing = climb(case)
    return PanelClocks(
        lines=tuple(lines),
        note=case.why_none,
        pill=_pill(case, running[0], lines[shown.index(running[0])]) if running else None,
        ladder=rungs(climbing, case, user_id) if climbing else (),
        page=page_bar(climbing, case, user_id) if climbing else None,
        has_it=has_it(climbing, case) if climbing else "",
    )


def _line(case: Case, reading: Reading, agent_zone: tzinfo | None, *, first: bool) -> ClockLine:
    of, ran = reading.target or timedelta(0), reading.ran
    share = ran / of if of else 1.0
    left = of - ran
    tone = _tone(reading, share)
    closed = _closed(case, reading)
    stops = _stops(case, reading)
    runs = reading.runs_since is not None and closed is None
    return ClockLine(
        name=NAMES[reading.metric],
        tone="paused" if closed and tone != "late" else tone,
        value=_value(case, reading, left, closed),
        due=_due_line(case, reading, agent_zone, closed, first=first),
        used=min(int(ran.total_seconds()), int(of.total_seconds())),
        of=int(of.total_seconds()),
        brief=_brief(case, reading),
        share=f"{NAMES[reading.metric]}: {percent(min(share, 1.0))} of the time used",
        bar=first or (not reading.is_done and tone != ""),
        large=first and tone in ("urgent", "late"),
        left_s=int(left.total_seconds()) if runs else None,
        stops_s=None if not runs or stops is None else _seconds(stops - case.at),
        opens_s=_seconds(closed[1] - case.at) if closed else None,
    )


def _tone(reading: Reading, share: float) -> str:
    if reading.stage is Stage.BREACHED:
        return "late"
    if reading.is_done:
        return "met"
    if reading.runs_since is None:
        return "paused"
    return "urgent" if share >= URGENT else "soon" if share >= SOON else ""


def _closed(case: Case, reading: Reading) -> tuple[datetime, datetime] | None:
    if reading.runs_since is None or reading.is_done or not isinstance(reading.hours, Calendar):
        return None
    return closed_stretch(reading.hours, case.at)


def _stops(case: Case, reading: Reading) -> datetime | None:
    """When the desk closes before the clock is late; None while it does not."""
    if reading.runs_since is None or not isinstance(reading.hours, Calendar):
        return None
    try:
        closes = reading.hours.next_close(case.at)
    except (NeverOpen, TooFar):
        return None
    return closes if reading.due is None or reading.due < case.at or closes < reading.due else None


def _value(case: Case, reading: Reading, left: timedelta, closed: tuple[datetime, datetime] | None) -> str:
    if left < timedelta(0) or reading.stage is Stage.BREACHED:
        return f"{time_left(left)} late"
    if reading.is_done:
        return f"Met in {length(reading.ran)}"
    if reading.runs_since is None:
        return f"Paused, {time_left(left)} left"
    if closed:
        return f"{time_left(left)} left, from {when(closed[1], now=case.at, here=case.here)}"
    return f"{time_left(left)} left"


def _due_line(
    case: Case,
    reading: Reading,
    agent_zone: tzinfo | None,
    closed: tuple[datetime, datetime] | None,
    *,
    first: bool,
) -> str:
    place = city(case.standing.schedule.time_zone)

    def said(at: datetime) -> str:
        return f"{when(at, now=case.at, here=case.here)} {place}"

    if reading.is_done:
        verb = "Solved" if reading.metric is Metric.FULL_RESOLUTION_TIME else "Replied"
        was = f"was due {when(reading.due, now=case.at, here=case.here)}" if reading.due and reading.is_late else ""
        return f"{verb} {said(case.latest(reading)[0])}, {was or f'target {length(reading.target or timedelta(0))}'}."
    if reading.runs_since is None and reading.stage is not Stage.BREACHED:
        at, why = case.latest(reading)
        return f"{why} since {when(at, now=case.at, here=case.here)}."
    parts = []
    if closed:
        parts.append(f"{why_closed(case.standing.schedule, *closed)}.")
    if reading.due is not None:
        late = reading.stage is Stage.BREACHED
        parts.append(f"{'Was due' if late else 'Due'} {said(reading.due)}{_for_you(reading.due, case, agent_zone)}.")
    if first:
        parts.append(_promise(case, reading))
        parts.append(_told_of(case, reading))
    return " ".join(part for part in parts if part)


def _brief(case: Case, reading: Reading) -> str:
    """The same beside the name, where the clock has one line."""
    if reading.is_done:
        verb = "solved" if reading.metric is Metric.FULL_RESOLUTION_TIME else "replied"
        return f"{verb} {when(case.latest(reading)[0], now=case.at, here=case.here)}"
    return f"due {when(reading.due, now=case.at, here=case.here)}" if reading.due else ""


def _for_you(at: datetime, case: Case, agent_zone: tzinfo | None) -> str:
    """The agent's own time, where their wall shows another."""
    if agent_zone is None or at.astimezone(agent_zone).utcoffset() == at.astimezone(case.here).utcoffset():
        return ""
    return f", {when(at, now=case.at, here=agent_zone)} for you"


def _promise(case: Case, reading: Reading) -> str:
    """Only where it is short: then the agent has to know that no night helps."""
    if isinstance(reading.hours, Calendar) or case.standing.priority is None or reading.target is None:
        return ""
    return f"{case.standing.priority.value}: {length(reading.target)}, day and night."


def _told_of(case: Case, reading: Reading) -> str:
    """Who is, or was, told of this clock."""
    told = {each.key for each in case.standing.told}
    mine = [step for step in case.steps if step.metric is reading.metric and step.run == reading.run and step.by]
    people = case.rules.escalation.people
    done = [step for step in mine if step.key in told]
    if done:
        last = done[-1]
        names = _names([people[each].name for each in last.to if each in people])
        if not names:
            return ""
        if last.kind is Kind.LEVEL:
            return f"Escalated to {names}."
        return (
            f"{names} {'was' if ' and ' not in names else 'were'} {'told' if last.kind is Kind.LATE else 'reminded'}."
        )
    ahead = next((step for step in mine if step.at > case.at and step.kind is Kind.REMIND), None)
    if ahead is None:
        return ""
    names = _names([people[each].name for each in ahead.to if each in people])
    if not names:
        return ""
    verb = "are" if " and " in names else "is"
    return f"{names} {verb} reminded at {when(ahead.at, now=case.at, here=case.here)}."


def _names(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _pill(case: Case, reading: Reading, line: ClockLine) -> Pill:
    """The clock that is due next, in a few words: "Reply in 22 min"."""
    verb = VERBS.get(reading.metric, NAMES[reading.metric])
    left = (reading.target or timedelta(0)) - reading.ran
    if reading.stage is Stage.BREACHED:
        return Pill(text=f"{verb} {time_left(left)} late", tone="bad", verb=verb)
    if reading.runs_since is None:
        return Pill(text=f"{verb}: paused")
    if line.opens_s is not None and reading.due is not None:
        return Pill(text=f"{verb} by {when(reading.due, now=case.at, here=case.here)}")
    return Pill(text=f"{verb} in {time_left(left)}", tone=TONES.get(line.tone, ""), verb=verb)


def _seconds(span: timedelta) -> int:
    return max(int(span.total_seconds()), 0)
