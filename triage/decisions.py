"""What triage concluded about a ticket and why: stored with the ticket, shown to the agent, replayable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from triage.actions import UpdateTicket
from triage.modes import Arm, Mode
from triage.tickets import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One category with the share of certainty it got; confidence is 0 to 1."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A known example close to the ticket. `similarity` is the cosine, at most 1; `ref` its ticket, if it was one."""

    text: str
    category: str
    similarity: float
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The classifier's answer: `alternatives` hold the best categories, best first, the top one included.

    `phrases` are verbatim pieces of the ticket's text that spoke most for the top category, `against` those that spoke
    for the second one instead. `scope` is 1 for a text like the examples, towards 0 the less it is like any of them;
    all confidences are lowered by it.
    """

    category: str
    confidence: float
    alternatives: tuple[Alternative, ...]
    phrases: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    model_version: str
    against: tuple[str, ...] = ()
    scope: float = 1.0


class Outcome(Enum):
    TRIAGED = "triaged"
    SENT_TO_HUMAN = "sent_to_human"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with one ticket, with the reasons an agent reads.

    `category` is None when the ticket goes to a human or is skipped. `group` is the queue's name in the taxonomy.
    `floor` is the confidence below which no category is written. `mode` is that of the likeliest category and `arm`,
    where it is compared with people, the ticket's side. `prediction` is None where there was nothing to read.
    """

    outcome: Outcome
    category: str | None
    product_area: str | None
    priority: Priority | None
    group: str | None
    confidence: float
    floor: float
    reasons: tuple[str, ...]
    actions: tuple[UpdateTicket, ...]
    prediction: Prediction | None
    taxonomy_version: str
    mode: Mode = Mode.ON
    arm: Arm | None = None

    @property
    def is_written(self) -> bool:
        """Whether the actions are to be done; else the decision is only recorded."""
        return self.mode is Mode.ON or self.arm is Arm.AUTOMATED

    @property
    def rank(self) -> int:
        """Order in the queue to the helpdesk: 1 first, 5 when no priority is known."""
        return int(self.priority.value[1]) if self.priority else 5
