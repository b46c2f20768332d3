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
from connectors.index_files import IndexBroken, IndexMissing, in_use, read
from connectors.kept import encode_kept

MANY = 1_000  # texts from which batches are kept
BATCHES = "making-vectors"  # `making-`, so that what is left behind is removed with the rest
KEY_BYTES = 16
Keys = NDArray[np.uint8]
Progress = Callable[[int, int], None]


def vectors_of(texts: Sequence[str], encoder: Encoder, folder: Path, progress: Progress) -> tuple[Vectors, Keys, int]:
    """A vector for each text, 0 for an empty one; what they are known by next time; how many were encoded."""
    keys = [_key(text) for text in texts]
    found = {**_in_use(folder, encoder), _key(""): np.zeros(encoder.dimensions, np.float32)}
    missing = sorted({key: text for key, text in zip(keys, texts, strict=True) if key not in found}.items())
    done = 0
    # 256 batches by the first byte of the key: one text more or less changes one batch and no other.
    for _, batch in groupby(missing, key=lambda each: each[0][0]):
        progress(done, len(missing))
        some = list(batch)
        wanted = [text for _, text in some]
        made = encode_kept(encoder, wanted, folder / BATCHES) if len(missing) >= MANY else encoder.encode(wanted)
        found.update(zip((key for key, _ in some), made, strict=True))
        done += len(some)
    progress(done, len(missing))
    vectors = np.array([found[key] for key in keys], np.float32).reshape(len(keys), encoder.dimensions)
    return vectors, np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES), len(missing)


def forget_batches(folder: Path) -> None:
    """For when the version is written and has them all."""
    shutil.rmtree(folder / BATCHES, ignore_errors=True)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _in_use(folder: Path, encoder: Encoder) -> Mapping[bytes, Vectors]:
    """The vectors of the version in use, by the text they are of; none from another encoder."""
    try:
        manifest, arrays = read(folder / in_use(folder))
        if manifest.get("encoder") != encoder.id:
            return {}
        return dict(zip((key.tobytes() for key in arrays["keys"]), arrays["vectors"], strict=True))
    except (IndexMissing, IndexBroken, KeyError, ValueError):
        return {}
