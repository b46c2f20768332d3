"""The append-only log of everything a customer or agent could see happen: the judge of every fault test."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from connectors.marks import is_marker
from triage.sla.marks import is_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One visible effect. `kind` is create, update, note, public_comment or delete.

    `changes` maps a field to `[before, after]`; `body` is the whole comment of a note or public comment.
    """

    seq: int
    at: datetime
    ticket_id: int
    actor_id: int
    kind: str
    changes: Mapping[str, list[Any]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    status: str = ""
    body: str | None = None
    audit_id: int | None = None
    request_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(), "tags": list(self.tags)}


def is_marking(changes: Mapping[str, list[Any]]) -> bool:
    """Whether a change of ours says nothing but where the ticket's clocks stand, or takes such tags off."""
    if {*changes} != {"tags"}:
        return False
    before, after = ({*tags} for tags in changes["tags"])
    changed = before ^ after
    return any(is_mark(tag) for tag in changed) and all(is_mark(tag) or is_marker(tag) for tag in changed)


class EffectLog:
    """Entries are added and read, never changed; `seq` counts from 1 without gaps."""

    def __init__(self) -> None:
        self._entries: list[Effect] = []
        self._grown = threading.Condition()

    def append(self, **values: Any) -> Effect:
        with self._grown:
            effect = Effect(seq=len(self._entries) + 1, **values)
            self._entries.append(effect)
            self._grown.notify_all()
            return effect

    def since(self, seq: int = 0) -> tuple[Effect, ...]:
        """Entries after `seq`, oldest first."""
        with self._grown:
            return tuple(self._entries[max(seq, 0) :])

    def wait_for(self, count: int, timeout_s: float) -> bool:
        """True as soon as the log holds `count` entries, False when the time is over."""
        with self._grown:
            return self._grown.wait_for(lambda: len(self._entries) >= count, timeout_s)

    def __len__(self) -> int:
        return len(self._entries)
