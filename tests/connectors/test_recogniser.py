"""The recogniser whose tables are mapped from a file answers as the package's own."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path

import pytest

from connectors.recogniser import load_recogniser

TEXTS = [
    "",
    "x",
    "Since this morning we cannot sign in any more, please have a look at it.",
    "Seit heute Morgen können wir uns nicht mehr anmelden, bitte sehen Sie sich das an.",
    "今朝からログインできません。パスワードを再設定しても同じです。",
    "С утра не могу войти в свою учётную запись.",
    "SSO login fails with AADSTS50011 \x00 \udcff 😀 " * 40,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process has been there before."""
    made = tmp_path_factory.mktemp("models")
    load_recogniser(made)
    return made


def answers(recogniser: object) -> list[object]:
    return [recogniser.rank(text) for text in TEXTS]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def expected() -> list[object]:
    langid = import_module("py3langid.langid")
    return answers(langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True))


def test_it_answers_the_same_to_the_bit(folder: Path, expected: list[object]) -> None:
    assert answers(load_recogniser(folder)) == expected


def test_a_second_process_unpacks_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("py3langid.modelio.lzma.open", None)
    load_recogniser(folder)


def test_a_broken_file_is_made_anew(folder: Path, expected: list[object]) -> None:
    [path] = folder.iterdir()
    whole = path.read_bytes()
    for broken in (b"", whole[:-1], whole[: len(whole) // 2] + b"\1" + whole[len(whole) // 2 + 1 :]):
        path.unlink()
        path.write_bytes(broken)
        load_recogniser(folder)
        assert path.read_bytes() == whole
    assert answers(load_recogniser(folder)) == expected


def test_a_folder_that_cannot_be_written_costs_only_time(
    tmp_path: Path, expected: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        assert answers(load_recogniser(tmp_path / "file")) == expected
    assert "is not kept" in caplog.text
