"""A trained model as bytes and back: NumPy's zip of arrays without pickle, facts as JSON inside, checked by SHA-256."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MARK = b"deskhand model 1\n"
_FACTS = "facts.json"
_HASH_BYTES = hashlib.sha256().digest_size


class ModelFileBroken(ValueError):
    """The bytes are not a whole model file: cut short, changed, or something else. Train the model again."""


def to_bytes(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> bytes:
    """A mark, the SHA-256 of what follows, and a compressed zip.

    Raises `TypeError` for an array of objects or facts that JSON cannot hold.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"The array {name} holds Python objects, which a model file cannot.")
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        zipped.writestr(zipfile.ZipInfo(_FACTS), json.dumps(facts).encode(), zipfile.ZIP_DEFLATED, compresslevel=1)
        for name in sorted(arrays):
            member = io.BytesIO()
            np.save(member, arrays[name], allow_pickle=False)
            # A ZipInfo without a date, so that the same model gives the same bytes.
            zipped.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=1)
    content = body.getvalue()
    return _MARK + hashlib.sha256(content).digest() + content


def from_bytes(file: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and facts that `to_bytes` was given. Raises `ModelFileBroken`; nothing is ever executed."""
    if not file.startswith(_MARK):
        raise ModelFileBroken(f"This is not a model file: {len(file)} bytes that do not begin as one. Train it again.")
    digest, content = file[len(_MARK) : len(_MARK) + _HASH_BYTES], file[len(_MARK) + _HASH_BYTES :]
    if hashlib.sha256(content).digest() != digest:
        raise ModelFileBroken(f"The model file is cut short or changed ({len(file)} bytes): train the model again.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            facts = json.loads(zipped.read(_FACTS))
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(zipped.read(name)), allow_pickle=False)
                for name in zipped.namelist()
                if name != _FACTS
            }
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError) as error:
        raise ModelFileBroken(f"The model file cannot be read ({type(error).__name__}): train it again.") from error
    if not isinstance(facts, dict):
        raise ModelFileBroken("The model file's facts are not an object: train the model again.")
    return arrays, facts
