"""The web process's encoder: loaded with the first search, once, and never torch."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.knowledge import typed
from app.knowledge.typed import TypedWords
from app.settings import Settings
from connectors.encoder import Encoder, prepare
from tests.conftest import ROOT


def settings(var: Path, **more: str) -> Settings:
    return Settings.from_env({"DESKHAND_VAR": str(var), **more})


def made(var: Path) -> Settings:
    """As after a worker's first start."""
    given = settings(var)
    (given.models / "encoder").mkdir(parents=True)
    (given.models / "encoder" / "manifest.json").write_text("{}")
    return given


def test_it_is_loaded_once_for_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    together = threading.Barrier(8)

    def load(models: Path) -> Encoder:
        loaded.append(models)
        return Encoder(id="bundled", run=lambda texts: pytest.fail("nothing to encode"))

    monkeypatch.setattr(typed, "load", load)
    given = made(tmp_path)
    words = TypedWords(given)

    def ask(_: int) -> Encoder | None:
        together.wait()
        return words.encoder()

    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(ask, range(8))))
    assert len(found) == 1
    assert words.encoder() is not None
    assert loaded == [given.models]


def test_before_a_worker_prepared_it_the_words_have_to_do(tmp_path: Path) -> None:
    words = TypedWords(settings(tmp_path))
    assert words.encoder() is None
    assert not (tmp_path / "models").exists(), "the web process makes nothing"


def test_a_model_that_needs_torch_is_not_loaded(tmp_path: Path) -> None:
    made(tmp_path)
    assert TypedWords(settings(tmp_path, DESKHAND_ENCODER_MODEL="/models/e5")).encoder() is None


def test_one_that_cannot_be_loaded_is_told_and_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def load(models: Path) -> Encoder:
        raise OSError("no such file")

    monkeypatch.setattr(typed, "load", load)
    assert TypedWords(made(tmp_path)).encoder() is None
    assert "OSError" in caplog.text


def test_the_real_one_comes_without_torch() -> None:
    prepare(ROOT / "var" / "models")
    code = (
        "import sys; from app.knowledge.typed import TypedWords; from app.settings import Settings;"
        f"words = TypedWords(Settings.from_env({{'DESKHAND_VAR': {str(ROOT / 'var')!r}}}));"
        "assert words.encoder().encode(['forgot password']).shape == (1, 384);"
        "heavy = {'torch', 'sentence_transformers', 'sklearn', 'onnx', 'faiss', 'jobs'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
