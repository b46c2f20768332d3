"""A process killed at each named point of the line: what the simulated helpdesk saw afterwards.

Each run kills once or twice with SIGKILL and lets new processes finish the work. `green` runs ended as an undisturbed
one does: one update and one note on every ticket, every row done, nothing leased. `lost` counts tickets without them,
`duplicated` effects that came once more. Runs that were not green are told on stderr, with the seed that repeats them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from app.settings import Settings
from bench.crashing import PLANS, stages
from connectors.encoder import prepare
from connectors.registry import VENDORS


def measure(vendors: list[str], points: list[str], runs: int, models: Path) -> dict[str, object]:
    verdicts = []
    with stages(models, vendors) as open_stages:
        for point in points:
            for vendor, stage in open_stages.items():
                played = [stage.play(point, seed) for seed in range(1, runs + 1)]
                verdicts += played
                print(f"{vendor:<10} {point:<24} {sum(each.green for each in played)}/{runs}", file=sys.stderr)
                for each in played:
                    if not each.green:
                        print(each, file=sys.stderr)
    return {
        "points": len(points),
        "runs": len(verdicts),
        "killed": sum(each.deaths for each in verdicts),
        "green": sum(each.green for each in verdicts),
        "lost": sum(each.lost for each in verdicts),
        "duplicated": sum(each.duplicated for each in verdicts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=list(VENDORS), action="append", help="repeatable; default: all")
    parser.add_argument("--point", choices=list(PLANS), action="append", help="repeatable; default: all")
    parser.add_argument("--runs", type=int, default=10, help="of each point and vendor, seeds 1 to this")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    models = Settings.from_env({}).models
    prepare(models)
    result = measure(arguments.vendor or list(VENDORS), arguments.point or list(PLANS), arguments.runs, models)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<14} {value}")


if __name__ == "__main__":
    main()
