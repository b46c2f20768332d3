"""What every process needs at its start and would work out anew: kept beside the encoder, so that it is made once."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from connectors.encoder import Encoder, Vectors

log = logging.getLogger("deskhand.encoder")
T = TypeVar("T")


def kept(path: Path, make: Callable[[], T], *, to_bytes: Callable[[T], bytes], read: Callable[[Path], T]) -> T:
    """What `make` returns, read from `path` where an earlier process left it there.

    A file that `read` refuses with a `ValueError` is made anew, and a folder that cannot be written only costs the
    time. The path has to differ with everything that `make` depends on: see `name_of`.
    """
    try:
        return read(path)
    except (OSError, ValueError, EOFError):
        pass
    made = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix="making-", delete=False) as draft:
            draft.write(to_bytes(made))
        os.replace(draft.name, path)
    except OSError as error:
        log.warning("%s is not kept in %s: %s", path.name, path.parent, error.strerror)
    return made


def name_of(parts: Iterable[str]) -> str:
    """16 hex digits that differ where the parts do."""
    content = hashlib.sha256()
    for part in parts:
        content.update(hashlib.sha256(part.encode("utf-8", "replace")).digest())
    return content.hexdigest()[:16]


def encode_kept(encoder: Encoder, texts: Sequence[str], folder: Path) -> Vectors:
    """`encoder.encode(texts)`, kept in `folder` for this encoder and these texts."""

    def read(path: Path) -> Vectors:
        vectors: Vectors = np.load(path, allow_pickle=False)
        if vectors.shape != (len(texts), encoder.dimensions) or vectors.dtype != np.float32:
            raise ValueError(f"{vectors.dtype} of shape {vectors.shape} is not what this encoder makes.")
        return vectors

    path = folder / f"vectors-{name_of([encoder.id, *texts])}.npy"
    return kept(path, lambda: encoder.encode(texts), to_bytes=npy, read=read)


def npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
