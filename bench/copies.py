"""Each event delivered five times at once and shuffled: how often it counts, from the inbox to the helpdesk's log.

Real processes against the simulated helpdesk, which delivers from eight threads.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from app.rehearsal import Rehearsal
from app.settings import Settings
from connectors.encoder import prepare
from connectors.registry import VENDORS

COPIES, SHUFFLE_S = 5, 2.0
ARRIVE_WITHIN_S = 60.0


def arrive(rehearsal: Rehearsal, events: int) -> None:
    """So many tickets, whose events are all delivered `COPIES` times; of what our changes cause, one is enough."""
    rehearsal.helpdesk("POST", "knobs", {"webhook_copies": COPIES, "webhook_shuffle_s": SHUFFLE_S})
    rehearsal.helpdesk("POST", "arrivals", {"per_second": 250, "count": events})
    deadline = time.monotonic() + ARRIVE_WITHIN_S
    while rehearsal.helpdesk("GET", "state")["arrived"] < events:
        if time.monotonic() > deadline:
            raise SystemExit(f"{events} tickets did not arrive within {ARRIVE_WITHIN_S:.0f} s")
        time.sleep(0.05)
    rehearsal.helpdesk("POST", "knobs", {"webhook_copies": 1})


def measure(vendor: str, events: int, models: Path) -> dict[str, object]:
    env = {"DESKHAND_RECONCILE_S": "86400"}
    with (
        tempfile.TemporaryDirectory() as folder,
        Rehearsal(Path(folder), models=models, vendor=vendor, simulator=["--fast"], env=env) as rehearsal,
    ):
        arrive(rehearsal, events)
        rehearsal.settle(tickets=events, within_s=120 + events)
        score = rehearsal.score()
    return {
        "events": events,
        "delivered": events * COPIES,
        "updates": score.updates,
        "notes": score.notes,
        "lost": score.lost,
        "duplicated": score.duplicated,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vendor", choices=list(VENDORS), default=next(iter(VENDORS)))
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    models = Settings.from_env({}).models
    prepare(models)
    result = measure(arguments.vendor, arguments.events, models)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<12} {value}")


if __name__ == "__main__":
    main()
