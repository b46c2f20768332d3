"""What `deskhand sla explain` prints: a ticket's clocks as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from app.sla.native import Native
from triage.panel_clock import panel_clocks
from triage.sla.case import Case
from triage.sla.clocks import Reading
from triage.sla.ladder import ahead, coming, occasion
from triage.sla.printed import differs, printed
from triage.sla.saying import NAMES, city, weekly, when
from triage.sla.timeline import Span, in_letters
from triage.words import NBSP

LEGEND = "# ran   = held   - open   . closed   | now   ! due"
MOST_NEXT = 6


def explained(ref: str, desk: str, case: Case, reading: Reading | None, native: Native) -> Iterator[str]:
    yield from (line.replace(NBSP, " ") for line in _lines(ref, desk, case, reading, native))


def _lines(ref: str, desk: str, case: Case, reading: Reading | None, native: Native) -> Iterator[str]:
    now = case.standing
    place = city(now.schedule.time_zone)
    yield f"Ticket {ref} at {desk}, {case.at.astimezone(case.here):%a %d %b %Y %H:%M} {place}"
    policy = f"Policy “{now.policy.title}”" if now.policy else "No policy fits"
    priority = f"priority {now.priority.value}" if now.priority else "no priority"
    status = f", {now.status.value.replace('_', ' ')}" if now.status else ""
    yield f"{policy}, {priority}{status}. Rules: {_version(case.rules.version)}."
    yield f"Schedule “{now.schedule.name}”, by {now.schedule_why}: {weekly(now.schedule)}, {place}."
    if reading is None:
        yield from ("", case.why_none)
        return
    yield ""
    for line in panel_clocks(case, zone=None, user_id="").lines:
        yield f"{line.name}: {line.value}. {line.due}"
    kept = case.ledger(reading)
    yield from ("", f"{NAMES[reading.metric]}, every minute and why")
    if kept.earlier_runs:
        yield (
            f"It ran {kept.earlier_runs} times before; this is the last."
            if kept.earlier_runs > 1
            else ("It ran once before; this is the last.")
        )
    yield from printed(case, kept)
    picture = case.timeline(reading)
    if picture:
        yield from ("", *in_letters(picture), LEGEND)
    yield from ("", "Who is told next", *_next(case))
    yield from ("", "The helpdesk's own clock", *_native(case, native))


def _next(case: Case) -> Iterator[str]:
    steps = coming(case)[:MOST_NEXT]
    if not steps:
        yield "Nobody, as it stands."
    for step, lines in steps:
        at = when(step.at, now=case.at, here=case.here)
        who = (
            " and ".join(f"{line.who}{f', {line.role},' if line.role else ''} {ahead(line.by)}" for line in lines)
            or f"nobody ({'; '.join(step.unreached)})"
        )
        yield f"{at}  {who}: {occasion(step)}"


def _native(case: Case, native: Native) -> Iterator[str]:
    if not native.clocks:
        yield native.problem or "Not asked."
    for each in native.clocks:
        yield f"{NAMES[each.metric]}: {differs(each)}"
        if each.native is not None or each.ours is not None:
            times = [("ours", each.ours), ("the helpdesk's", each.native)]
            yield "  " + ", ".join(
                f"{name} {when(due, now=case.at, here=case.here)}" for name, due in times if due is not None
            )


def as_json(ref: str, tenant: str, case: Case, reading: Reading | None, native: Native) -> dict[str, Any]:
    now = case.standing
    kept = case.ledger(reading) if reading else None
    picture = case.timeline(reading) if reading else None
    return {
        "ticket": ref,
        "tenant": tenant,
        "at": _iso(case.at),
        "policy": now.policy.title if now.policy else None,
        "rules": case.rules.version,
        "priority": now.priority.value if now.priority else None,
        "status": now.status.value if now.status else None,
        "schedule": {"name": now.schedule.name, "time_zone": now.schedule.time_zone, "why": now.schedule_why},
        "why_none": case.why_none,
        "clocks": [_clock(each) for each in case.clocks],
        "metric": reading.metric.value if reading else None,
        "ledger": [
            {
                "from": _iso(row.start),
                "to": _iso(row.end),
                "what": row.what.replace(NBSP, " "),
                "clock": row.state.value,
                "gave_s": row.gave.total_seconds(),
                "sum_s": row.total.total_seconds(),
            }
            for row in (kept.rows if kept else ())
        ],
        "ending": kept.ending if kept else None,
        "timeline": {
            "from": _iso(picture.start),
            "to": _iso(picture.end),
            **{name: _spans(getattr(picture, name)) for name in ("opened", "ran", "held")},
            "marks": [{"at": _iso(mark.at), "label": mark.label.replace(NBSP, " ")} for mark in picture.marks],
        }
        if picture
        else None,
        "next": [
            {
                "at": _iso(step.at),
                "what": occasion(step).replace(NBSP, " "),
                "who": [line.who for line in lines],
                "by": [via.value for via in step.by],
                "nobody": list(step.unreached) if not lines else [],
            }
            for step, lines in coming(case)
        ],
        "native": [
            {"metric": each.metric.value, "ours": _iso(each.ours), "helpdesk": _iso(each.native), "why": each.why}
            for each in native.clocks
        ],
        "native_problem": native.problem,
    }


def _clock(reading: Reading) -> dict[str, Any]:
    return {
        "metric": reading.metric.value,
        "stage": reading.stage.value,
        "due": _iso(reading.due),
        "ran_s": reading.ran.total_seconds(),
        "target_s": reading.target.total_seconds() if reading.target is not None else None,
        "run": reading.run,
    }


def _spans(spans: Sequence[Span]) -> list[list[str | None]]:
    return [[_iso(start), _iso(end)] for start, end in spans]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _version(version: str) -> str:
    return f"version {version}" if version.isdigit() else version
