"""The benches of triage run on any two files of the right shape, and say in one line why they cannot."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench import severity, triage, zero
from bench.labelled import label_texts
from tests.triage.classify.test_classifier import WORDS, desk

KEYS = set(
    "accuracy macro_f1 ece ece_floor_mean ece_floor_p95 coverage error_when_answered coverage_at_5pct_error "  # noqa: SIM905
    "joint_accuracy oos_recall ms_per_ticket_b1 tickets_per_s_b64 fit_s rss_mb n_train n_test".split()
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(main: Callable[[], None], *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["bench", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    return call


def write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def tickets(path: Path, rows: int, seed: int, *more: tuple[str, str], label: str = "category") -> Path:
    return write(path, ("text", label), [*zip(*desk(rows, seed=seed), strict=True), *more])


def test_triage_measures_all_that_others_read(run: Run, tmp_path: Path) -> None:
    train = tickets(tmp_path / "train.csv", 60, 0, ("", "login"))
    test = tickets(tmp_path / "test.csv", 30, 1, ("the giraffe sleeps", "zoo"), ("violin sunset", "music"))
    code, out, _ = run(triage.main, "--train", train, "--test", test, "--cv", "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) >= KEYS
    assert (found["n_train"], found["n_test"], found["n_out_of_scope"]) == (61, 32, 2)
    assert found["accuracy"] >= 0.9
    assert found["cv_accuracy"] >= 0.9
    assert 0 <= found["joint_accuracy"] <= 1
    assert found["oos_recall"] in (0, 0.5, 1)


def test_shots_are_so_many_of_each_label_and_the_same_for_a_seed(run: Run, tmp_path: Path) -> None:
    train, test = tickets(tmp_path / "train.csv", 60, 0), tickets(tmp_path / "test.csv", 30, 1)
    rows = triage.read(str(train), "text", "category")
    drawn, others = triage.shots(rows, 4, seed=1)
    assert sorted(drawn.labels) == sorted(["billing", "login", "webhook"] * 4)
    assert sorted([*drawn.texts, *others]) == sorted(rows.texts)
    assert (drawn, others) == triage.shots(rows, 4, seed=1)
    assert drawn != triage.shots(rows, 4, seed=2)[0]
    _, out, _ = run(triage.main, "--train", train, "--test", test, "--shots", 4, "--json")
    found = json.loads(out)
    assert (found["n_train"], found["n_unlabelled"]) == (12, 48)


def test_zero_asks_the_descriptions_only(run: Run, tmp_path: Path) -> None:
    described = [(label, " ".join(words)) for label, words in WORDS.items()]
    labels = write(tmp_path / "labels.csv", ("label", "description"), described)
    test = tickets(tmp_path / "test.csv", 30, 1, ("violin sunset", "music"))
    code, out, _ = run(zero.main, "--labels", labels, "--test", test, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["accuracy"] > 0.6
    assert found["macro_f1"] > 0.6
    assert (found["n_test"], found["n_out_of_scope"]) == (30, 1)


def test_severity_finds_the_rare_one(run: Run, tmp_path: Path) -> None:
    train = tickets(tmp_path / "train.csv", 60, 0, label="severity")
    test = tickets(tmp_path / "test.csv", 30, 1, label="severity")
    code, out, _ = run(severity.main, "--train", train, "--test", test, "--positive", "login", "--json")
    found = json.loads(out)
    assert code == 0
    assert set(found) >= {"precision", "recall", "f1", "macro_f1", "average_precision", "threshold"}
    assert found["f1"] > 0.8
    assert found["average_precision"] > 0.8


def test_the_threshold_has_the_best_f1() -> None:
    shares = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    assert severity.best_f1(shares, np.array([True, True, False, True, False])) == 0.6
    assert severity.best_f1(shares, np.array([True, False, False, False, False])) == 0.9


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"text,category\n", "no rows"),
        (b"body,category\na,b\n", "no column 'text'"),
        (b"text,category\ncaf\xe9,b\n", "not UTF-8"),
        (b"text,category\na,b\nb,b\n", "fewer than two categories"),
        (b"text,category\na,\n", "'category' is empty"),
        (b'text,category\n"a,b\n', "not CSV"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(run: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    train, test = tmp_path / "train.csv", tickets(tmp_path / "test.csv", 6, 1)
    if content is not None:
        train.write_bytes(content)
    code, out, err = run(triage.main, "--train", train, "--test", test, "--json")
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_bad_arguments_are_exit_2(run: Run, tmp_path: Path) -> None:
    train = tickets(tmp_path / "train.csv", 6, 0)
    assert run(triage.main, "--train", train, "--test", train, "--shots", "0")[0] == 2
    code, _, err = run(severity.main, "--train", train, "--test", train, "--label", "category")
    assert code == 2
    assert "1_high" in err
    one = write(tmp_path / "labels.csv", ("label", "description"), [("a", "b")])
    code, _, err = run(zero.main, "--labels", one, "--test", train)
    assert code == 2
    assert "fewer than two" in err


def test_a_label_reads_as_words() -> None:
    found = label_texts(["card_payment_fee", "HRSupport", "HR Support", "4", "--"])
    assert found["card_payment_fee"] == "card payment fee"
    assert found["HR Support"] == "hr support"
    assert found["4"] == "4"
    assert found["--"] == "--"
