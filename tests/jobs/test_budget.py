"""A small plan: the line goes as fast as the budget allows, wastes none of it, and urgent work passes."""

from __future__ import annotations

import pytest

from connectors.registry import VENDORS
from tests.jobs.conftest import Desk

MOST_REQUESTS = 7
"""For one ticket: ticket and organization to decide, then read, fields, note, and a second look."""


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("limits", [{"requests": 50, "updates": 80}, {"requests": 200, "updates": 20}])
def test_a_backlog_on_a_small_plan_ends_and_wastes_nothing(desk: Desk, limits: dict[str, float]) -> None:
    desk.store.installations.set("acme", limits=limits)
    refs = [desk.ticket("Invoice", f"Please send the invoice number {number} as PDF.") for number in range(25)]
    for ref in refs:
        desk.event(ref, ref)
    before = desk.control("GET", "state")["requests"]
    for _ in range(600):
        desk.work()
        if not desk.states():
            break
        desk.clock.forward(seconds=1)
    assert desk.states() == []
    assert {ref: sorted(desk.kinds(ref)) for ref in refs} == {ref: ["note", "update"] for ref in refs}
    spent = desk.control("GET", "state")["requests"] - before
    assert spent <= MOST_REQUESTS * len(refs)
