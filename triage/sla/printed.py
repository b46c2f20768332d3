"""A ledger as plain text, for the command line and for whoever copies it into a mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from triage.sla.case import Case
from triage.sla.folding import folded
from triage.sla.native import Compared
from triage.sla.saying import column, time_left
from triage.sla.view import Ledger, State
from triage.words import NBSP

HEAD = ("From", "What", "Clock", "Gave", "Sum")


def printed(case: Case, kept: Ledger) -> list[str]:
    """The table in columns, without no-break spaces."""
    rows = [HEAD, *([*row[:2], row[2].value if row[2] else "", *row[3:]] for row in lines(case, kept))]
    return [line.replace(NBSP, " ") for line in _columns(rows)]


def lines(case: Case, kept: Ledger) -> list[tuple[str, str, State | None, str, str]]:
    """From, what, clock, gave, sum of each row; the last line is what ended the clock, or now."""
    found: list[tuple[str, str, State | None, str, str]] = []
    before: datetime | None = None
    for row in folded(kept.rows, here=case.here):
        gave, total = row.minutes
        found.append((_stamp(row.start, before, case), row.what, row.state, column(gave), column(total)))
        before = row.start
    total = kept.rows[-1].minutes[1] if kept.rows else 0
    return [*found, (_stamp(kept.at, before, case), kept.ending, None, kept.of, column(total))]


def differs(each: Compared) -> str:
    """Ours against the helpdesk's: "the same", or by how much and why."""
    if each.agrees:
        return "the same"
    if each.by is None:
        return each.why
    return f"ours is {time_left(each.by)} {'later' if each.by > timedelta(0) else 'earlier'}: {each.why}"


def _stamp(at: datetime, before: datetime | None, case: Case) -> str:
    """ "Thu 12 Nov 15:20", and only "Thu 18:00" for a later row of that day."""
    then = at.astimezone(case.here)
    if before is not None and before.astimezone(case.here).date() == then.date():
        return f"{then:%a %H:%M}"
    year = "" if then.year == case.at.astimezone(case.here).year else f" {then.year}"
    return f"{then:%a} {then.day} {then:%b}{year} {then:%H:%M}"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:3], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        yield "  ".join([*left, *right]).rstrip()
