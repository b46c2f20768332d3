"""Figures from the helpdesk's append-only log: what a customer or an agent would have seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.simulator.effects import is_marking

JUDGED = ("priority", "group_id", "custom_fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`lost` tickets lack our update or our note; `duplicated` counts updates and notes beyond one of each.

    `diverged` tickets got other values than most tickets of the same text: with the same text triage must always
    come to the same result. `ended` maps each ticket to (created, complete) in seconds since the epoch.
    """

    tickets: int
    lost: int
    duplicated: int
    diverged: int
    ended: Mapping[int, tuple[float, float | None]]

    def recovery_s(self, at: float) -> float:
        """From `at` until every ticket that was there by then was complete; infinite while one is not."""
        ends = [float("inf") if end is None else end for created, end in self.ended.values() if created <= at]
        return max([0.0, *(end - at for end in ends)])

    @property
    def drain_s(self) -> float:
        """From the last ticket's arrival to the last one complete."""
        last = max(created for created, _ in self.ended.values())
        return max(end for _, end in self.ended.values() if end is not None) - last


def judge(effects: Sequence[Mapping[str, Any]], actor_id: str) -> Verdict:
    created: dict[int, float] = {}
    texts: dict[int, str] = {}
    seen: dict[str, Counter[int]] = {"update": Counter(), "note": Counter()}
    first: dict[tuple[str, int], float] = {}
    values: dict[int, str] = {}
    for effect in effects:
        ticket, kind, at = effect["ticket_id"], effect["kind"], datetime.fromisoformat(effect["at"]).timestamp()
        if kind == "create":
            created[ticket] = at
            texts[ticket] = str(effect["body"])
        elif kind in seen and str(effect["actor_id"]) == actor_id and not is_marking(effect["changes"]):
            seen[kind][ticket] += 1
            first.setdefault((kind, ticket), at)
            if kind == "update":
                changes = effect["changes"]
                values[ticket] = str([(name, changes[name][1]) for name in sorted(changes) if _judged(name)])
    ended: dict[int, tuple[float, float | None]] = {}
    for ticket, at in created.items():
        ends = [first.get((kind, ticket)) for kind in seen]
        complete = [end for end in ends if end is not None]
        ended[ticket] = (at, max(complete) if len(complete) == len(ends) else None)
    return Verdict(
        tickets=len(created),
        lost=sum(end is None for _, end in ended.values()),
        duplicated=sum(count - 1 for counts in seen.values() for count in counts.values()),
        diverged=_diverged(texts, values),
        ended=ended,
    )


def _judged(name: str) -> bool:
    return name.startswith(JUDGED)


def _diverged(texts: Mapping[int, str], values: Mapping[int, str]) -> int:
    by_text: dict[str, Counter[str]] = defaultdict(Counter)
    for ticket, value in values.items():
        by_text[texts[ticket]][value] += 1
    return sum(sum(counts.values()) - max(counts.values()) for counts in by_text.values())
