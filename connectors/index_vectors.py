"""Vectors for an index: taken by content from the version in use, the rest encoded.

A first build takes minutes where there are many articles. What was encoded is kept batch by batch, so that a build
which was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectors.encoder import Encoder, Vectors
from connectors.kept import encode_kept

MANY = 1_000  # texts from which batches are kept
BATCHES = "making-vectors"  # `making-`, so that what is left behind is removed with the rest
KEY_BYTES = 16
Keys = NDArray[np.uint8]
Progress = Callable[[int, int], None]


def vectors_of(
    texts: Sequence[str], encoder: Encoder, known: Mapping[bytes, Vectors], scratch: Path, progress: Progress
) -> tuple[Vectors, Keys, int]:
    """A vector for each text, 0 for an empty one; what they are known by next time; how many were encoded."""
    keys = [key_of(text) for text in texts]
    found = {**known, key_of(""): np.zeros(encoder.dimensions, np.float32)}
    missing = sorted({key: text for key, text in zip(keys, texts, strict=True) if key not in found}.items())
    done = 0
    # 256 batches by the first byte of the key: one text more or less changes one batch and no other.
    for _, batch in groupby(missing, key=lambda each: each[0][0]):
        progress(done, len(missing))
        some = list(batch)
        wanted = [text for _, text in some]
        made = encode_kept(encoder, wanted, scratch / BATCHES) if len(missing) >= MANY else encoder.encode(wanted)
        found.update(zip((key for key, _ in some), made, strict=True))
        done += len(some)
    progress(done, len(missing))
    vectors = np.array([found[key] for key in keys], np.float32).reshape(len(keys), encoder.dimensions)
    return vectors, np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES), len(missing)


def forget_batches(scratch: Path) -> None:
    """For when the version is kept and has them all."""
    shutil.rmtree(scratch / BATCHES, ignore_errors=True)


def key_of(text: str) -> bytes:
    """What the vector of a text is known by."""
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()
