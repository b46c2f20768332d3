"""Vectors of texts that every process needs at its start, kept beside the encoder so that they are made once."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from connectors.encoder import Encoder, Vectors

log = logging.getLogger("deskhand.encoder")


def encode_kept(encoder: Encoder, texts: Sequence[str], folder: Path) -> Vectors:
    """`encoder.encode(texts)`, read from `folder` where an earlier process left it there.

    The file is named after the encoder and the texts, so another encoder or wording never meets it; a broken one is
    made anew, and a folder that cannot be written only costs the time.
    """
    content = hashlib.sha256(encoder.id.encode())
    for text in texts:
        content.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    path = folder / f"vectors-{content.hexdigest()[:16]}.npy"
    try:
        vectors = np.load(path, allow_pickle=False)
        if vectors.shape == (len(texts), encoder.dimensions) and vectors.dtype == np.float32:
            return np.asarray(vectors)
    except (OSError, ValueError, EOFError):
        pass
    vectors = encoder.encode(texts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="making-", delete=False) as draft:
            np.save(draft, vectors)
        os.replace(draft.name, path)
    except OSError as error:
        log.warning("vectors are not kept in %s: %s", folder, error.strerror)
    return vectors
