"""Vectors that are kept are the ones that were made, and a broken file costs only time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from connectors.encoder import Encoder, Vectors
from connectors.kept import encode_kept

TEXTS = ["the export fails", "I cannot log in"]


class Counted(Encoder):
    """Says how often it was asked."""

    def __init__(self, id: str = "one") -> None:
        super().__init__(id=id, run=self._made, dimensions=4, cache_size=0)
        self.made = 0

    def _made(self, texts: list[str]) -> Vectors:
        self.made += 1
        return np.array([[len(text), len(self.id), 1, 2] for text in texts], dtype=np.float32)


def test_a_second_process_reads_what_the_first_made(tmp_path: Path) -> None:
    first, second = Counted(), Counted()
    made = encode_kept(first, TEXTS, tmp_path / "new")
    np.testing.assert_array_equal(encode_kept(second, TEXTS, tmp_path / "new"), made)
    assert (first.made, second.made) == (1, 0)


@pytest.mark.parametrize("texts", [[*TEXTS, "more"], TEXTS[::-1], ["".join(TEXTS), ""]])
def test_other_texts_are_encoded(tmp_path: Path, texts: list[str]) -> None:
    encode_kept(Counted(), TEXTS, tmp_path)
    other = Counted()
    np.testing.assert_array_equal(encode_kept(other, texts, tmp_path), Counted().encode(texts))
    assert other.made == 1


def test_another_encoder_makes_its_own(tmp_path: Path) -> None:
    encode_kept(Counted(), TEXTS, tmp_path)
    other = Counted("another")
    encode_kept(other, TEXTS, tmp_path)
    assert other.made == 1


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_a_broken_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    made = encode_kept(Counted(), TEXTS, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    np.testing.assert_array_equal(encode_kept(Counted(), TEXTS, tmp_path), made)
    last = Counted()
    encode_kept(last, TEXTS, tmp_path)
    assert last.made == 0


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    np.testing.assert_array_equal(encode_kept(Counted(), TEXTS, tmp_path / "file"), Counted().encode(TEXTS))
