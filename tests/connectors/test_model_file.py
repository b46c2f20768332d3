"""A model file gives back what it was given, and says so when it cannot."""

from __future__ import annotations

import hashlib
import io
import zipfile

import numpy as np
import pytest

from connectors.model_file import ModelFileBroken, from_bytes, to_bytes
from tests.triage.classify.test_classifier import desk, fitted
from tests.triage.tickets import hashed
from triage.classify import TicketClassifier

ARRAYS = {
    "weights": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "pool.count": np.array(3),
    "none": np.zeros((0, 4), dtype=np.int64),
}
FACTS = {"classes": ["é", "\ud800", ""], "quality": {"accuracy": 0.1 + 0.2}, "n": 3, "nothing": None}
FILE = to_bytes(ARRAYS, FACTS)


def test_gives_back_what_it_was_given() -> None:
    arrays, facts = from_bytes(FILE)
    assert facts == FACTS
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert to_bytes(dict(reversed(ARRAYS.items())), FACTS) == FILE


def test_a_classifier_comes_back_whole() -> None:
    model = fitted(60)
    again = TicketClassifier.from_state(*from_bytes(to_bytes(*model.to_state())))
    texts, _ = desk(20, seed=4)
    assert again.predict_many(texts, hashed(texts)) == model.predict_many(texts, hashed(texts))


@pytest.mark.parametrize("at", range(0, len(FILE), 7))
def test_one_changed_byte_is_noticed(at: int) -> None:
    changed = bytearray(FILE)
    changed[at] ^= 1
    with pytest.raises(ModelFileBroken, match="rain"):
        from_bytes(bytes(changed))


@pytest.mark.parametrize("length", [0, 5, 30, 60, len(FILE) - 1])
def test_a_file_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(ModelFileBroken):
        from_bytes(FILE[:length])


def sealed(members: dict[str, bytes]) -> bytes:
    """A file whose hash is right, whatever is inside."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return b"deskhand model 1\n" + hashlib.sha256(body.getvalue()).digest() + body.getvalue()


def test_objects_are_never_loaded() -> None:
    with pytest.raises(TypeError, match="labels"):
        to_bytes({"labels": np.array(["a", None], dtype=object)}, {})
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelFileBroken, match="ValueError"):
        from_bytes(sealed({"facts.json": b"{}", "x.npy": pickled.getvalue()}))


@pytest.mark.parametrize(
    "members", [{}, {"facts.json": b"[]"}, {"facts.json": b"\xff"}, {"facts.json": b"{}", "x.npy": b"no array"}]
)
def test_a_whole_file_with_the_wrong_contents_is_refused(members: dict[str, bytes]) -> None:
    with pytest.raises(ModelFileBroken):
        from_bytes(sealed(members))
