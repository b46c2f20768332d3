"""A dry run as the console and the command line ask for it: wait for the worker, put its answer into words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.store import Store
from triage.dry_run import Preview

LONGEST_WAIT = timedelta(seconds=30)
LOOK_AGAIN_S = 0.2
NO_ANSWER = (
    "No worker answered within 30 s. `deskhand up` starts worker and clock; a helpdesk that refuses our access or "
    "asked for a pause is waited for as well. Then try again."
)


def wait_for(store: Store, number: int, *, until: float) -> Mapping[str, Any] | None:
    """The answer to one question, looked for until that time of the process's steady clock."""
    while True:
        asked = store.dry_runs.get(number)
        if asked is not None and asked.result is not None:
            return asked.result
        if time.monotonic() >= until:
            return None
        time.sleep(LOOK_AGAIN_S)


def lines(result: Mapping[str, Any]) -> tuple[str, ...]:
    """The answer for a terminal, indented."""
    plan = Preview.from_json(result)
    told = [plan.summary]
    told += [f"  {each.field}: {each.before or 'empty'} -> {each.after or 'empty'}" for each in plan.changes]
    told += [f"  {each.field} stays {each.before or 'empty'}: a person changed it since" for each in plan.stays]
    told += [f"  tag added: {tag}" for tag in plan.add_tags] + [f"  tag removed: {tag}" for tag in plan.remove_tags]
    if plan.note:
        told.append(f"  a note of {len(plan.note)} characters")
    told += [f"  {reason}" for reason in plan.reasons]
    return tuple(f"  {line}" for line in told)
