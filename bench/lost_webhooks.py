"""What becomes of webhooks that never come: real processes against the simulated helpdesk.

The helpdesk keeps back every webhook of `--changes` new tickets. Reconciliation finds the tickets; then the webhooks
arrive after all. `passes` counts the reconciliations that found something, `doubled` tickets written to twice.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from app.rehearsal import Rehearsal
from app.settings import Settings
from connectors.encoder import prepare
from connectors.registry import VENDORS
from connectors.store.inbox import RECONCILE, SCHEDULE

ALL_AT_ONCE = 1000.0
# Long enough for all tickets to exist before the pass that must find them.
RECONCILE_S = 20


def measure(vendor: str, changes: int, models: Path) -> dict[str, object]:
    env = {"DESKHAND_RECONCILE_S": str(RECONCILE_S)}
    with (
        tempfile.TemporaryDirectory() as folder,
        Rehearsal(Path(folder), models=models, vendor=vendor, simulator=["--fast"], env=env) as rehearsal,
    ):
        rehearsal.helpdesk("POST", "knobs", {"webhook_hold": True})
        began = time.monotonic()
        rehearsal.helpdesk("POST", "arrivals", {"per_second": ALL_AT_ONCE, "count": changes})
        rehearsal.settle(tickets=changes, within_s=RECONCILE_S + 60 + changes)
        found_s = time.monotonic() - began
        before = rehearsal.score()
        print(f"{before.updates} of {changes} found and written", file=sys.stderr)
        passes = _passes(rehearsal)
        released = rehearsal.helpdesk("POST", "knobs", {"webhook_hold": False})["released"]
        rehearsal.settle(tickets=changes, within_s=120)
        after = rehearsal.score()
    return {
        "changes": changes,
        "processed": before.tickets - before.lost,
        "passes": passes,
        "seconds": round(found_s, 1),
        "late_copies": released,
        "doubled": after.duplicated,
        "lost": after.lost,
    }


def _passes(rehearsal: Rehearsal) -> int:
    """In how many reconciliations the lost changes were found."""
    rows = rehearsal.deps.store.deliveries.newest(limit=100_000)
    found = [row.at for row in rows if row.source == RECONCILE]
    runs = [row for row in rows if row.source == SCHEDULE and row.key.startswith("reconcile:") and row.done_at]
    return sum(any(run.at <= at <= run.done_at for at in found) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=list(VENDORS), default=next(iter(VENDORS)))
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    models = Settings.from_env({}).models
    prepare(models)
    result = measure(arguments.vendor, arguments.changes, models)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<14} {value}")


if __name__ == "__main__":
    main()
