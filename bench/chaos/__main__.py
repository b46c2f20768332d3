"""Events come in while parts are killed, frozen, cut off, emptied and locked: nothing may be lost or happen twice.

Real web, worker, clock and Redis, a TCP proxy before the simulated helpdesk. The helpdesk sends each event until it is
acknowledged. All is judged by the helpdesk's own append-only log. With `--control` the same is done to a plain RQ line.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from app.settings import Settings
from bench.chaos.faults import KINDS, OURS_ONLY, Scene, planned
from bench.chaos.judge import judge
from bench.chaos.stage import deskhand, plain
from connectors.encoder import prepare
from connectors.registry import VENDORS

INSIST_S = 0.5
LONGEST_DRAIN_S = 600.0
CONTROL_DRAIN_S = 180.0


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    models: Path = arguments.models
    prepare(models)
    chance = random.Random(arguments.seed)
    kinds = [kind for kind in arguments.kinds or KINDS if not (arguments.control and kind in OURS_ONLY)]
    chosen = planned(kinds, arguments.faults, chance)
    vendor = arguments.vendor
    staged = plain(folder, vendor, models) if arguments.control else deskhand(folder, vendor, models, {})
    with staged as (stage, proxy):
        scene = Scene(stage, proxy)
        stage.helpdesk("POST", "knobs", {"webhook_insist_s": INSIST_S, "seed": arguments.seed})
        stage.helpdesk("POST", "arrivals", {"per_second": 1, "count": 1})
        stage.settle(tickets=1, within_s=LONGEST_DRAIN_S)  # everything is up
        coming = arguments.events - 1
        stage.helpdesk("POST", "arrivals", {"per_second": arguments.per_second, "count": coming})
        began = time.time()
        lasts = coming / arguments.per_second
        struck: list[tuple[float, str]] = []
        for number, kind in enumerate(chosen):
            time.sleep(max(0.0, began + lasts * (number + 0.5) / len(chosen) - time.time()))
            struck.append((time.time(), kind))
            told = KINDS[kind](scene, chance)
            print(f"{time.time() - began:6.1f} s  {number + 1:3}/{len(chosen)}  {told}", file=sys.stderr)
        time.sleep(max(0.0, began + lasts - time.time()))
        stage.settle(tickets=arguments.events, within_s=CONTROL_DRAIN_S if arguments.control else LONGEST_DRAIN_S)
        verdict = judge(stage.effects(), stage.actor_id)
        state = stage.helpdesk("GET", "state")
        parked = stage.parked()
        restarts = dict(stage.supervisor.restarts)
    recovery = sorted(verdict.recovery_s(at) for at, _ in struck)
    return {
        "events": arguments.events,
        "acked": state["acknowledged"],
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "diverged": verdict.diverged,
        "parked": parked,
        "recovery_p95_s": _percentile(recovery, 0.95),
        "recovery_max_s": _percentile(recovery, 1.0),
        "drain_s": round(verdict.drain_s, 1),
        "faults": len(struck),
        "by_kind": dict(Counter(kind for _, kind in struck)),
        "slowest": _slowest([(verdict.recovery_s(at), kind) for at, kind in struck]),
        "restarts": restarts,
        "early": state["early"],
        "seed": arguments.seed,
        "control": arguments.control,
    }


def _percentile(ordered: list[float], share: float) -> float | None:
    """Nearest rank; None for "never" and for no faults."""
    if not ordered:
        return None
    value = ordered[min(len(ordered), math.ceil(share * len(ordered))) - 1]
    return None if math.isinf(value) else round(value, 1)


def _slowest(recoveries: list[tuple[float, str]]) -> dict[str, float | None]:
    """The longest recovery of each kind, longest first."""
    longest: dict[str, float] = {}
    for seconds, kind in recoveries:
        longest[kind] = max(seconds, longest.get(kind, 0.0))
    found = sorted(longest.items(), key=lambda each: -each[1])
    return {kind: None if math.isinf(seconds) else round(seconds, 1) for kind, seconds in found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=56)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", type=lambda text: text.split(","), help=f"of: {', '.join(KINDS)}")
    parser.add_argument("--per-second", type=float, default=8.0, help="events a second")
    parser.add_argument("--vendor", choices=list(VENDORS), default=next(iter(VENDORS)))
    parser.add_argument("--control", action="store_true", help="a plain RQ line instead: it must fail")
    parser.add_argument("--models", type=Path, default=Settings.from_env({}).models, help="derived model files")
    parser.add_argument("--keep", type=Path, help="a folder for database and logs, kept afterwards")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds or ()) - set(KINDS):
        parser.error(f"--kinds: there is no {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    if arguments.events < 1 or arguments.faults < 0 or arguments.per_second <= 0:
        parser.error("--events and --per-second must be more than 0, --faults not less")
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        result = measure(arguments, arguments.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            result = measure(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<16} {value}")
    return 0 if result["lost"] == result["duplicated"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
