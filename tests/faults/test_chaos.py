"""Small runs of the benches that break everything: ours loses and doubles nothing, and a plain RQ line does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.chaos.faults import KINDS
from connectors.registry import VENDORS
from connectors.simulator.server import DEFAULT_VENDOR
from tests.conftest import ROOT

ON_WRITES = ("worker", "answers_lost", "answers_cut", "helpdesk_5xx_late", "network_loses_answers")
pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


def chaos(models: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.chaos", "--json", "--models", str(models), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=220)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["told"] = done.stderr
    return found


def judged(found: dict[str, Any]) -> dict[str, int]:
    return {name: found[name] for name in ("acked", "lost", "duplicated", "diverged", "parked", "faults")}


def test_every_kind_of_fault_once_loses_and_doubles_nothing(models: Path) -> None:
    count = len(KINDS)
    found = chaos(models, "--events", "100", "--faults", str(count), "--seed", "5")
    none = {"lost": 0, "duplicated": 0, "diverged": 0, "parked": 0}
    assert judged(found) == {"acked": 100, "faults": count, **none}, found["told"]
    assert set(found["by_kind"]) == set(KINDS)


@pytest.mark.parametrize("vendor", [each for each in VENDORS if each != DEFAULT_VENDOR])
def test_what_hits_writes_hits_no_other_helpdesk_harder(models: Path, vendor: str) -> None:
    options = ("--events", "60", "--faults", str(len(ON_WRITES)), "--kinds", ",".join(ON_WRITES), "--seed", "6")
    found = chaos(models, *options, "--vendor", vendor)
    none = {"lost": 0, "duplicated": 0, "diverged": 0, "parked": 0}
    assert judged(found) == {"acked": 60, "faults": len(ON_WRITES), **none}, found["told"]


def test_the_same_done_to_a_plain_rq_line_is_seen(models: Path) -> None:
    """The control: a harness that finds nothing there would find nothing anywhere."""
    found = chaos(models, "--control", "--events", "30", "--faults", "3", "--kinds", "answers_lost", "--seed", "1")
    assert found["acked"] == 30
    assert found["duplicated"] > 0, found["told"]
