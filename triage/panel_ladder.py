"""What the panel says of a ladder: who was told, who is next, and the note until somebody has it."""

from __future__ import annotations

from triage.panel_view import LadderLine, PageBar
from triage.sla.case import Case
from triage.sla.clock import NONE
from triage.sla.ladder import Climb, Line, Rung, ahead, told
from triage.sla.saying import time_left, when
from triage.words import capital


def rungs(climbing: Climb, case: Case, user_id: str) -> tuple[LadderLine, ...]:
    return tuple(_rung(each, case, user_id) for each in climbing.lines)


def page_bar(climbing: Climb, case: Case, user_id: str) -> PageBar | None:
    """Above everything while the ladder climbs and nobody has acknowledged."""
    so_far = [line for line in climbing.lines if line.rung in (Rung.TOLD, Rung.NOW)]
    if not climbing.waits or not so_far:
        return None
    mine = next((line for line in reversed(so_far) if user_id in line.ids), None)
    line = mine or so_far[-1]
    who = "You were" if mine else f"{line.who} was"
    fact = f"{who} {told(line.by)} at {when(line.at, now=case.at, here=case.here)}. Nobody has acknowledged yet."
    following = climbing.next
    if following is None:
        return PageBar(fact=fact, then="Nobody further is told.")
    next_one = "You are" if user_id in following.ids else f"{following.who} is"
    left = max(following.at - case.at, NONE)
    return PageBar(
        fact=fact, then=f"{next_one} {told(following.by)} in", in_said=time_left(left), in_s=int(left.total_seconds())
    )


def has_it(climbing: Climb, case: Case) -> str:
    taken = climbing.acknowledged
    return "" if taken is None else f"{taken.by} has it since {when(taken.at, now=case.at, here=case.here)}."


def _rung(line: Line, case: Case, user_id: str) -> LadderLine:
    who = f"You, {line.who}" if user_id in line.ids else line.who
    way = {
        Rung.TOLD: f"{capital(told(line.by))}.",
        Rung.NOW: f"{capital(told(line.by))}, no answer yet.",
        Rung.NEXT: f"{capital(ahead(line.by))}.",
        Rung.ACKNOWLEDGED: "Has it.",
    }[line.rung]
    text = f", {line.role}. {way}" if line.role else f". {way}"
    clock = when(line.at, now=case.at, here=case.here)
    return LadderLine(state=line.rung.value, who=who, text=text, clock=clock, at=line.at)
