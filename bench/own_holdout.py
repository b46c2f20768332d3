"""How well the shipped model, the one of a fresh install, sorts the 500 tickets of bench/holdout (docs/holdout.md).

    python -m bench.own_holdout [--json]

Each ticket takes the product's own way: reading, encoder, shipped classifier, decision.

category, priority_within_one, priority_exact, group   shares right when every ticket must be answered (limit 0)
macro_f1                                               of the category, when every ticket must be answered
coverage, error_when_answered                          with the shipped limit: the share of tickets answered, and the
                                                       share of those put under a wrong category
interval                                               Wilson's, 95 %: what the tickets' number leaves open
by_category                                            recall: tickets of that category and the share of them put right
confusions                                             right category > category said, with its count
holdout                                                the tickets' hash: figures with another one are of other tickets
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from sklearn.metrics import f1_score

from app.learning.deciding import FLOOR
from app.settings import Settings
from connectors.base import Connection
from connectors.encoder import prepare
from connectors.registry import VENDORS
from jobs.triager import Triager
from triage.decisions import Decision
from triage.measuring import wilson
from triage.model_card import Share
from triage.tickets import Channel, Priority, Status, Ticket

FOLDER = Path(__file__).parent / "holdout"
WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A ticket and what an experienced support lead would have made of it."""

    subject: str
    body: str
    category: str
    priority: Priority
    group: str
    language: str = "en"

    def ticket(self, ref: str) -> Ticket:
        """As it stands in the helpdesk just after it came in."""
        return Ticket(
            ref=ref,
            subject=self.subject,
            description=self.body,
            status=Status.NEW,
            priority=None,
            channel=Channel.EMAIL,
            tags=(),
            requester_id=None,
            organization_id=None,
            group_id=None,
            assignee_id=None,
            created_at=WRITTEN_AT,
            updated_at=WRITTEN_AT,
            version="1",
        )


def load_holdout(folder: Path = FOLDER) -> tuple[Held, ...]:
    """All tickets, by file and then in the order of their file."""
    return tuple(
        Held(**{**row, "priority": Priority(row["priority"])})
        for file in sorted(folder.glob("*.yaml"))
        for row in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def fingerprint(held: Sequence[Held]) -> str:
    """12 hex digits that change with any text or label."""
    rows = [[one.subject, one.body, one.category, one.priority.value, one.group] for one in held]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12]


def measure(held: Sequence[Held], models: Path) -> dict[str, Any]:
    triager = Triager.load(models)
    usual = Connection(tenant="holdout", vendor=next(iter(VENDORS)), base_url="", token="")
    forced = Connection(tenant="holdout", vendor=usual.vendor, base_url="", token="", settings={FLOOR: 0})
    tickets = [one.ticket(str(number)) for number, one in enumerate(held, start=1)]
    said = [triager.decide(ticket, None, forced) for ticket in tickets]
    usually = [triager.decide(ticket, None, usual) for ticket in tickets]
    labels, categories = [one.category for one in held], [str(decision.category) for decision in said]
    answered = [(one, decision) for one, decision in zip(held, usually, strict=True) if decision.category]
    return {
        "holdout": fingerprint(held),
        "n": len(held),
        "model_version": next(decision.prediction.model_version for decision in said if decision.prediction),
        "category": rate(one.category == decision.category for one, decision in zip(held, said, strict=True)),
        "priority_within_one": rate(apart(one, decision) <= 1 for one, decision in zip(held, said, strict=True)),
        "priority_exact": rate(apart(one, decision) == 0 for one, decision in zip(held, said, strict=True)),
        "group": rate(one.group == decision.group for one, decision in zip(held, said, strict=True)),
        "macro_f1": round(float(f1_score(labels, categories, average="macro")), 4),
        "floor": usually[0].floor,
        "coverage": rate(decision.category is not None for decision in usually),
        "error_when_answered": rate(one.category != decision.category for one, decision in answered),
        "by_language": by(held, said, "language"),
        "by_category": by(held, said, "category"),
        "confusions": dict(
            Counter(
                f"{label} > {category}" for label, category in zip(labels, categories, strict=True) if label != category
            ).most_common()
        ),
    }


def apart(one: Held, decision: Decision) -> int:
    """How many levels the priority is off."""
    ladder = list(Priority)
    if decision.priority is None:
        raise ValueError(f"{one.subject!r}: no priority was decided; the limit of the forced run must be 0.")
    return abs(ladder.index(one.priority) - ladder.index(decision.priority))


def by(held: Sequence[Held], said: Sequence[Decision], name: str) -> dict[str, Any]:
    """The share of right categories for each value of a ticket's `name`."""
    values = dict.fromkeys(getattr(one, name) for one in held)
    pairs = list(zip(held, said, strict=True))
    return {
        value: rate(one.category == decision.category for one, decision in pairs if getattr(one, name) == value)
        for value in values
    }


def rate(flags: Any) -> dict[str, Any]:
    found = list(flags)
    share: Share = wilson(sum(found), len(found))
    return {"share": round(share.value, 4), "interval": [round(share.low, 3), round(share.high, 3)], "of": share.of}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.own_holdout", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = parser.parse_args()
    models = Settings.from_env({}).models
    prepare(models)
    result = measure(load_holdout(), models)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        if isinstance(value, dict) and "share" not in value:
            print(name)
            for inner, found in value.items():
                print(f"  {inner:<44} {shown(found)}")
        else:
            print(f"{name:<24} {shown(value)}")


def shown(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    low, high = value["interval"]
    return f"{value['share']:.1%} ({low:.1%} to {high:.1%}, of {value['of']})"


if __name__ == "__main__":
    main()
