"""How a backlog drains under the helpdesk's rate limit: real processes against the simulated helpdesk.

All tickets arrive at once while the helpdesk allows `--per-minute` ticket updates. Drained per minute is counted from
the first to the last of our updates in the helpdesk's own log; allowed is the share of the limit that Deskhand gives
itself. Then `--refused` more tickets arrive while one request in twenty is answered 429: `early` counts requests that
came before a `Retry-After` had run out, `crossed` those that another worker had sent when the refusal was answered (50
ms). `looped` counts tickets that we wrote to more than once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from app.rehearsal import Rehearsal
from app.settings import Settings
from connectors.encoder import prepare
from connectors.limits import SHARE
from connectors.registry import VENDORS

ALL_AT_ONCE = 1000.0
# The limit that binds: changes of tickets. The simulated helpdesks have a knob each, for their own limit of it.
LIMIT_KNOBS = ("updates_per_minute", "ticket_updates_per_minute")


def measure(vendor: str, tickets: int, per_minute: int, refused: int, workers: int, models: Path) -> dict[str, object]:
    knobs = [each for name in LIMIT_KNOBS for each in ("--knob", f"{name}={per_minute}")]
    env = {"DESKHAND_WORKERS": str(workers)}
    options = ["--fast", *knobs]
    with (
        tempfile.TemporaryDirectory() as folder,
        Rehearsal(Path(folder), models=models, vendor=vendor, simulator=options, env=env) as rehearsal,
    ):
        rehearsal.helpdesk("POST", "arrivals", {"per_second": ALL_AT_ONCE, "count": tickets})
        rehearsal.settle(tickets=tickets, within_s=120 + 3 * 60 * tickets / (SHARE * per_minute))
        drained = _drained_per_minute(rehearsal)
        print(f"{tickets} tickets drained at {drained:.0f} a minute", file=sys.stderr)
        calm = rehearsal.helpdesk("GET", "state")
        rehearsal.helpdesk("POST", "knobs", {"rate_429_share": 0.05, "retry_after_s": 2})
        rehearsal.helpdesk("POST", "arrivals", {"per_second": ALL_AT_ONCE, "count": refused})
        rehearsal.settle(tickets=tickets + refused, within_s=300)
        end, score = rehearsal.helpdesk("GET", "state"), rehearsal.score()
        ours = Counter(
            entry["ticket_id"]
            for entry in rehearsal.effects()
            if entry["kind"] == "update" and str(entry["actor_id"]) == rehearsal.actor_id
        )
    allowed = SHARE * per_minute
    return {
        "tickets": score.tickets,
        "updates": score.updates,
        "allowed_per_minute": round(allowed),
        "drained_per_minute": round(drained),
        "ratio": round(drained / allowed, 3),
        "refused_while_draining": calm["refused"],
        "refused_on_purpose": end["refused"] - calm["refused"],
        "early": end["early"],
        "crossed": end["crossed"],
        "looped": sum(count > 1 for count in ours.values()),
        "lost": score.lost,
        "duplicated": score.duplicated,
    }


def _drained_per_minute(rehearsal: Rehearsal) -> float:
    """Our updates a minute, between the first and the last, by the helpdesk's clock."""
    at = [
        datetime.fromisoformat(entry["at"])
        for entry in rehearsal.effects()
        if entry["kind"] == "update" and str(entry["actor_id"]) == rehearsal.actor_id
    ]
    return (len(at) - 1) / ((max(at) - min(at)).total_seconds() / 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=list(VENDORS), default=next(iter(VENDORS)))
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--per-minute", type=int, default=1000, help="what the helpdesk allows")
    parser.add_argument("--refused", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.tickets < 2:
        parser.error("--tickets: give at least 2.")
    models = Settings.from_env({}).models
    prepare(models)
    result = measure(
        arguments.vendor, arguments.tickets, arguments.per_minute, arguments.refused, arguments.workers, models
    )
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<24} {value}")


if __name__ == "__main__":
    main()
