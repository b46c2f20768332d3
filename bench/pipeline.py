"""How fast a ticket gets through: real web, worker, clock and Redis against the simulated helpdesk.

First up to 60 tickets arrive one a second: from each ticket's creation to its change in the helpdesk's log is the
end-to-end time. Then the rest arrive at once: tickets a second, and which share of that time the encoder took.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import yaml

from app.rehearsal import Rehearsal
from app.settings import Settings
from connectors.encoder import load, prepare
from connectors.simulator.seed import FOLDER
from triage.metadata import clean

PACED = 60
ALL_AT_ONCE = 1000.0


def measure(tickets: int, workers: int) -> dict[str, float]:
    models = Settings.from_env(os.environ).models
    prepare(models)
    with tempfile.TemporaryDirectory() as folder:
        env = {"DESKHAND_WORKERS": str(workers)}
        with Rehearsal(Path(folder), models=models, simulator=["--fast"], env=env) as rehearsal:
            rehearsal.helpdesk("POST", "arrivals", {"per_second": 1, "count": 1})
            rehearsal.settle(tickets=1, within_s=60)  # the workers have loaded their model
            paced = min(PACED, tickets // 2)
            rehearsal.helpdesk("POST", "arrivals", {"per_second": 1, "count": paced})
            rehearsal.settle(tickets=1 + paced, within_s=paced + 60)
            print(f"{paced} tickets at one a second are through", file=sys.stderr)
            began = time.monotonic()
            burst = tickets - paced
            rehearsal.helpdesk("POST", "arrivals", {"per_second": ALL_AT_ONCE, "count": burst})
            rehearsal.settle(tickets=1 + tickets, within_s=120 + burst)
            burst_s = time.monotonic() - began
            print(f"{burst} tickets at once are through", file=sys.stderr)
            took = sorted(end_to_end_ms(rehearsal)[1 : 1 + paced])
            score = rehearsal.score()
    return {
        "tickets_per_s": round(burst / burst_s, 1),
        "end_to_end_p50_ms": round(took[len(took) // 2]),
        "end_to_end_p95_ms": round(took[int(len(took) * 0.95)]),
        "encoder_share": round(encoder_s(models, burst) / (burst_s * workers), 3),
        "tickets": score.tickets,
        "lost": score.lost,
        "duplicated": score.duplicated,
    }


def end_to_end_ms(rehearsal: Rehearsal) -> list[float]:
    """From creation to our update, by the helpdesk's own clock, in order of creation."""
    created: dict[int, datetime] = {}
    took: dict[int, float] = {}
    for entry in rehearsal.effects():
        at, ticket = datetime.fromisoformat(entry["at"]), entry["ticket_id"]
        if entry["kind"] == "create":
            created[ticket] = at
        elif entry["kind"] == "update" and str(entry["actor_id"]) == rehearsal.actor_id:
            took.setdefault(ticket, (at - created[ticket]).total_seconds() * 1000)
    return [took[ticket] for ticket in sorted(created)]


def encoder_s(models: Path, count: int) -> float:
    """Seconds the encoder needs for as many of the same texts, one by one in one thread."""
    seeded = yaml.safe_load((FOLDER / "tickets.yaml").read_text(encoding="utf-8"))
    texts = [clean(ticket["subject"], ticket["body"])[1] for ticket in seeded]
    encoder = load(models)
    encoder.encode(["warm"])
    began = time.perf_counter()
    for number in range(count):
        encoder.encode([f"{texts[number % len(texts)]} {number}"])
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.tickets < 2:
        parser.error("--tickets: give at least 2.")
    result = measure(arguments.tickets, arguments.workers)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
