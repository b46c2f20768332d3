"""What the Triage page shows and does, as data, and the Protocol behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from triage.model_card import ModelCard, Share

SHIPPED = Share(count=545, of=628, low=0.839, high=0.892)
"""How right the shipped taxonomy's model is on its own examples, out of fold (docs/triage.md)."""
DIAL = "category"
"""The target whose confidence decides whether a ticket is routed without a human."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A connected helpdesk."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShown:
    """One model. `since` is when it came into use, or for one that never was, when it was trained.

    `why` says in a sentence why it is where it is: what a comparison found, or who put it there.
    """

    card: ModelCard
    since: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """How often what the model wrote was left as it was; `per_week` counts all tickets it answered, None at first."""

    since: datetime
    right: int
    of: int
    per_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a nightly look found wrong with the model in use, and what to do."""

    state: str
    detail: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorUndo:
    """The confidence that was needed before the last change; None: as the model's own check found it."""

    floor: float | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The confidence needed now. None: nothing is routed without a human. `chosen` is whether a person set it."""

    value: float | None
    chosen: bool = False
    undo: FloorUndo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriagePage:
    """The page about one helpdesk and one target. `model` is None while only the shipped taxonomy is in use.

    `earlier` is where a roll back leads; None: to the shipped model. `refused` is a later model that was not better.
    `names` are labels as people read them. `ticket_url` has "{ref}" where a ticket's number goes.
    """

    desk: Place
    floor: Floor
    others: tuple[Place, ...] = ()
    target: str = DIAL
    targets: tuple[str, ...] = (DIAL,)
    names: Mapping[str, str] = field(default_factory=dict)
    model: ModelShown | None = None
    challenger: ModelShown | None = None
    refused: ModelShown | None = None
    earlier: ModelShown | None = None
    training_since: datetime | None = None
    lately: Lately | None = None
    alarms: tuple[Alarm, ...] = ()
    ticket_url: str = ""


class TriageDeps(Protocol):
    """What the Triage page needs. A tenant that is not there raises a LookupError."""

    def triage_page(self, tenant: str | None, target: str | None) -> TriagePage | None:
        """The page about `tenant`, or about the first helpdesk with a model; None when none is connected."""

    def promote_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        """Put this model into use. Raises `ModelProblem`."""

    def roll_back_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        """Put the one before `version`, which has to be in use, into use again. Raises `ModelProblem`."""

    def use_floor(self, tenant: str, floor: float | None, *, by: str) -> None:
        """The confidence needed from now on; None: as the model's own check finds it."""

    def undo_floor(self, tenant: str) -> None:
        """Back to what was needed before the last change; nothing where there is nothing to undo."""
