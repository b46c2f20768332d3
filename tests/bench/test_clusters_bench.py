"""The bench of clusters runs on any file of the right shape, and says in one line why it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import clusters
from tests.bench.test_triage_benches import Run, run, write
from tests.triage.search.shelf import WordEncoder

__all__ = ["run"]
KEYS = {"clusters", "ami", "v_measure", "ari", "noise_share", "seconds"}


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own encoder takes seconds to start and is tested elsewhere."""
    monkeypatch.setattr(clusters, "encoder", WordEncoder)


def items(path: Path) -> Path:
    rows = [(f"export rows csv missing {number}", "export") for number in range(6)]
    rows += [(f"password reset mail locked {number}", "login") for number in range(6)]
    return write(path / "items.csv", ("said", "topic"), [*rows, ("giraffe", "zoo")])


def test_it_measures_all_that_others_read(run: Run, tmp_path: Path) -> None:
    asked = ("--items", items(tmp_path), "--text", "said", "--label", "topic", "--json")
    code, out, _ = run(clusters.main, *asked)
    measured = json.loads(out)
    assert code == 0
    assert set(measured) >= KEYS
    assert (measured["clusters"], measured["ami"], measured["ari"], measured["n"]) == (3, 1, 1, 13)
    assert measured["noise_share"] == round(1 / 13, 4)
    _, out, _ = run(clusters.main, *asked, "--draw", 5)
    assert json.loads(out)["n"] == 5


def test_a_file_of_another_shape_ends_with_one_line(run: Run, tmp_path: Path) -> None:
    code, _, err = run(clusters.main, "--items", items(tmp_path))
    assert code == 2
    assert "no column 'text'" in err
