"""Reckoning in open time: the answers to given cases, and how many calculations a second.

`--cases` is JSON: `cases`, each with `id`, `timezone`, `weekly_hours` (day -> intervals of wall time), `holidays`
(dates), `breaks` and `date_hours` (date -> intervals), `operation` and `inputs`. Instants are UTC in ISO 8601,
durations are seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from triage.hours import Calendar, Holiday, LocalSpan, NeverOpen, Schedule, ScheduleError, TooFar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMED_S = 0.5
Answer = bool | int | str | None


def schedule_of(case: Mapping[str, Any]) -> Schedule:
    """The schedule of a case; raises `KeyError` or `ValueError` for one that is not of the format."""
    weekly = [
        (day * 1440 + _minutes(start), day * 1440 + _minutes(end))
        for day, name in enumerate(DAYS)
        for start, end in case["weekly_hours"].get(name, ())
    ]
    holidays = [date.fromisoformat(str(each)) for each in case.get("holidays") or ()]
    return Schedule(
        id=str(case.get("id", "")),
        name=str(case.get("id", "")),
        time_zone=case["timezone"],
        intervals=tuple(sorted(weekly)),
        holidays=tuple(Holiday(name="", starts_on=day, ends_on=day) for day in holidays),
        date_hours=tuple(_local_spans(case.get("date_hours"), empty_closes=True)),
        breaks=tuple(_local_spans(case.get("breaks"))),
    )


def answer(case: Mapping[str, Any]) -> Answer:
    return _operation(_calendar(_key(case)), case)()


def speed(cases: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Calculations per CPU-second of each operation, on calendars that are built."""
    calls: dict[str, list[Callable[[], Answer]]] = {}
    for case in cases:
        try:
            call = _core(_calendar(_key(case)), case)
            call()
        except (ValueError, KeyError):
            continue
        calls.setdefault(case["operation"], []).append(call)
    return {name: round(_per_second(some)) for name, some in calls.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        cases = json.loads(arguments.cases.read_text(encoding="utf-8"))["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{arguments.cases}: cannot be read as cases ({type(error).__name__}).")
    answers: dict[str, Answer] = {}
    for case in cases:
        try:
            answers[case["id"]] = answer(case)
        except (NeverOpen, TooFar, ScheduleError) as error:
            print(f"{case['id']}: {error}", file=sys.stderr)
            answers[case["id"]] = None
    result = {"answers": answers, "per_s": speed(cases)}
    expected = {case["id"]: case["expected"] for case in cases if "expected" in case}
    wrong = [name for name, value in expected.items() if answers[name] != value]
    print(f"{len(expected) - len(wrong)} of {len(expected)} as expected {wrong[:20] or ''}", file=sys.stderr)
    print(json.dumps(result if arguments.json else result["per_s"]))


def _operation(calendar: Calendar, case: Mapping[str, Any]) -> Callable[[], Answer]:
    core = _core(calendar, case)

    def shown() -> Answer:
        found = core()
        if isinstance(found, datetime):
            return found.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return round(found.total_seconds()) if isinstance(found, timedelta) else found

    return shown


def _core(calendar: Calendar, case: Mapping[str, Any]) -> Callable[[], Any]:
    """The calculation alone, on instants that are read already."""
    given = case["inputs"]
    match case["operation"]:
        case "add_duration":
            start, length = _instant(given["start"]), timedelta(seconds=given["seconds"])
            return lambda: calendar.add(start, length)
        case "subtract_duration":
            end, length = _instant(given.get("end") or given["start"]), timedelta(seconds=given["seconds"])
            return lambda: calendar.subtract(end, length)
        case "elapsed_between":
            start, end = _instant(given["start"]), _instant(given["end"])
            return lambda: calendar.elapsed(start, end)
        case "is_open":
            at = _instant(given["at"])
            return lambda: calendar.is_open(at)
        case "next_open":
            at = _instant(given["at"])
            return lambda: calendar.next_open(at)
        case other:
            raise ValueError(f"{case['id']}: there is no operation {other!r}.")


def _per_second(calls: list[Callable[[], Any]]) -> float:
    done, began = 0, time.process_time()
    while (spent := time.process_time() - began) < TIMED_S:
        for _ in range(max(1, 2_000 // len(calls))):
            for call in calls:
                call()
            done += len(calls)
    return done / spent


def _key(case: Mapping[str, Any]) -> str:
    names = ("timezone", "weekly_hours", "holidays", "breaks", "date_hours")
    return json.dumps({name: case.get(name) for name in names if case.get(name)}, sort_keys=True)


@lru_cache(maxsize=1_000)
def _calendar(key: str) -> Calendar:
    return Calendar(schedule_of({"weekly_hours": {}, **json.loads(key)}))


def _local_spans(value: Any, *, empty_closes: bool = False) -> Iterable[LocalSpan]:
    """From {date: [[start, end], ...]}, or a list of {date, start, end}."""
    if isinstance(value, Mapping):
        for day, spans in value.items():
            on = date.fromisoformat(day)
            if not spans and empty_closes:
                yield LocalSpan(on=on, start=0, end=0)
            for start, end in spans:
                yield LocalSpan(on=on, start=_minutes(start), end=_minutes(end))
    for each in value or () if not isinstance(value, Mapping) else ():
        if isinstance(each, Mapping):
            day, start, end = each["date"], each["start"], each["end"]
        else:
            day, start, end = each
        yield LocalSpan(on=date.fromisoformat(day), start=_minutes(start), end=_minutes(end))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
