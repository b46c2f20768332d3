"""Where the promised times of given tickets stand.

`--scenarios` is JSON: `scenarios`, each with a schedule as in `bench.hours`, `targets_minutes` by metric,
`paused_statuses`, `stopped_statuses`, `events` and what to `ask`, each with an optional instant `at`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.hours import schedule_of
from triage.hours import Calendar
from triage.sla.clocks import Promised, Reading, next_due, readings
from triage.sla.log import Event, Reply, StatusSet
from triage.sla.policies import Metric
from triage.tickets import Status

METRICS = {
    "first_response": Metric.FIRST_REPLY_TIME,
    "first_reply": Metric.FIRST_REPLY_TIME,
    "next_reply": Metric.NEXT_REPLY_TIME,
    "next_response": Metric.NEXT_REPLY_TIME,
    "update": Metric.PAUSABLE_UPDATE_TIME,
    "periodic_update": Metric.PERIODIC_UPDATE_TIME,
    "requester_wait": Metric.REQUESTER_WAIT_TIME,
    "agent_work": Metric.AGENT_WORK_TIME,
    "resolution": Metric.FULL_RESOLUTION_TIME,
    "full_resolution": Metric.FULL_RESOLUTION_TIME,
}
PROMISE = ("targets_minutes", "timezone", "weekly_hours", "holidays", "breaks", "date_hours")
STATUSES = {"hold": Status.ON_HOLD, **{status.value: status for status in Status}}


def answers(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One object for each ask."""
    log, promises = log_of(scenario), promises_of(scenario)
    paused, stopped = (
        {STATUSES[name] for name in scenario.get(key) or ()} for key in ("paused_statuses", "stopped_statuses")
    )
    last = max(_instant(event["at"]) for event in scenario["events"])
    given = []
    for ask in scenario["ask"]:
        at = _instant(ask["at"]) if ask.get("at") else last
        read = readings(log, promises, at, paused_in=paused, stopped_in=stopped)
        given.append(_answer(ask, read, at, list(scenario["targets_minutes"])))
    return given


def log_of(scenario: Mapping[str, Any]) -> list[Event]:
    log: list[Event] = []
    for event in scenario["events"]:
        at = _instant(event["at"])
        match event["type"]:
            case "status":
                log.append(StatusSet(at=at, status=STATUSES[event["status"]]))
            case "reply":
                log.append(Reply(at=at, by_agent=event["by"] == "agent", public=bool(event.get("public", True))))
            case "note":
                log.append(Reply(at=at, by_agent=True, public=False))
            case other if "targets_minutes" not in event:
                print(f"{scenario['id']}: an event {other!r} changes no clock and is left out.", file=sys.stderr)
    return log


def promises_of(scenario: Mapping[str, Any]) -> list[Promised]:
    """From the first event on, and from each that brings other targets or hours."""
    now = dict(scenario)
    found = [Promised(at=min(_instant(event["at"]) for event in scenario["events"]), targets=_targets(now))]
    for event in sorted(scenario["events"], key=lambda event: _instant(event["at"])):
        if changed := {name: event[name] for name in PROMISE if name in event}:
            now |= changed
            found.append(Promised(at=_instant(event["at"]), targets=_targets(now)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    scenarios = json.loads(arguments.scenarios.read_text(encoding="utf-8"))["scenarios"]
    given = {scenario["id"]: answers(scenario) for scenario in scenarios}
    wrong = [
        f"{scenario['id']}: {name} is {said.get(name)}, expected {value}"
        for scenario in scenarios
        for said, expected in zip(given[scenario["id"]], scenario.get("expected", ()), strict=False)
        for name, value in expected.items()
        if name != "at" and said.get(name) != value
    ]
    print("\n".join([*wrong, f"{len(wrong)} differ"]), file=sys.stderr)
    print(json.dumps({"answers": given}, indent=None if arguments.json else 1))


def _targets(scenario: Mapping[str, Any]) -> dict[Metric, tuple[timedelta, Any]]:
    calendar = Calendar(schedule_of(scenario))
    return {
        METRICS[name]: (timedelta(minutes=count), calendar)
        for name, count in scenario["targets_minutes"].items()
        if count is not None and name in METRICS
    }


def _answer(ask: Mapping[str, Any], read: Mapping[Metric, Reading], at: datetime, names: list[str]) -> dict[str, Any]:
    name = ask["metric"]
    if name == "next_escalation":
        first = next_due(read)
        which = next((word for word in [*names, *METRICS] if first and METRICS.get(word) is first.metric), None)
        return {"metric": name, "which": which, "target": which, "due": _said(first.due) if first else None}
    if name == "paused":
        held = max((each.paused for each in read.values()), default=timedelta(0))
        return {"metric": name, "elapsed_min": _minutes(held)}
    found = read.get(METRICS[name]) if name in METRICS else None
    if found is None:
        return {"metric": name, "due": None, "elapsed_min": 0, "remaining_min": None, "breached": False, "state": None}
    return {
        "metric": name,
        "at": _said(at),
        "due": _said(found.due),
        "elapsed_min": _minutes(found.ran),
        "remaining_min": None if found.left is None else _minutes(found.left),
        "breached": found.is_late,
        "state": found.stage.value,
    }


def _minutes(length: timedelta) -> float:
    minutes = length / timedelta(minutes=1)
    return int(minutes) if minutes == int(minutes) else round(minutes, 4)


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
