"""A process killed at any named point: every ticket still gets its update and its note, and no second one."""

from __future__ import annotations

import ast

import pytest

from bench.crashing import PLANS, Stage
from bench.zygote import ON_THE_WIRE
from connectors.crash import POINTS
from connectors.registry import VENDORS
from tests.conftest import ROOT

RUNS = 10
BY_VENDOR = ("http.sent",)
"""Where it matters how a helpdesk is written to, each has runs of its own; elsewhere they take turns."""


@pytest.mark.parametrize("point", PLANS)
def test_a_killed_process_loses_nothing_and_doubles_nothing(stage_of: dict[str, Stage], point: str) -> None:
    runs = [(vendor, seed) for seed in range(1, RUNS + 1) for vendor in VENDORS]
    if not point.startswith(BY_VENDOR):
        runs = [run for number, run in enumerate(runs) if (number // len(VENDORS) + number) % len(VENDORS) == 0]
    verdicts = [stage_of[vendor].play(point, seed) for vendor, seed in runs]
    assert len(verdicts) >= RUNS
    assert [str(each) for each in verdicts if not each.green] == []


def test_the_points_of_the_product_are_those_that_are_tested() -> None:
    called = {
        str(ast.literal_eval(node.args[0]))
        for package in ("app", "connectors", "jobs", "sidebar_app", "triage")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "crash_point"
    }
    assert called == set(POINTS)
    assert {*PLANS} == {*POINTS, *ON_THE_WIRE}
