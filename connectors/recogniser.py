"""The language recogniser's tables, unpacked once and then mapped into memory.

Its package ships them compressed: each process would spend half a second and 70 MB on them, where with this all
processes of a machine share one copy.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectors.kept import kept, npy

PACKAGE = "py3langid"
_HASH_BYTES = hashlib.sha256().digest_size


def load_recogniser(folder: Path) -> Any:
    """What `triage.language.use` takes; it answers as the package's own does, to the bit."""
    path = folder / f"languages-{version(PACKAGE)}.npy"
    tables = kept(path, _unpacked, to_bytes=_to_bytes, read=_mapped)
    scores, prior, classes, moves, rows, outputs = (np.asarray(tables[name]) for name in tables.dtype.names or ())
    return import_module(f"{PACKAGE}.langid").LanguageIdentifier(
        scores,
        prior,
        classes.tolist(),
        moves.data,  # indexed for each letter, and so in a fifth of the time that an array takes
        outputs.tolist(),
        norm_probs=True,
        tk_row=rows.tolist(),
    )


def _unpacked() -> NDArray[Any]:
    """One record that has the tables as its fields, in the order in which the package's loader returns them."""
    langid = import_module(f"{PACKAGE}.langid")
    loaded = import_module(f"{PACKAGE}.modelio").load_model(langid.MODEL_DIR / langid.MODEL_FILE)
    names = ("scores", "prior", "classes", "moves", "rows", "outputs")
    tables = {name: np.asarray(table) for name, table in zip(names, loaded, strict=True)}
    record = np.zeros((), np.dtype([(name, table.dtype, table.shape) for name, table in tables.items()], align=True))
    for name, table in tables.items():
        record[name] = table
    return record


def _to_bytes(record: NDArray[Any]) -> bytes:
    file = npy(record)
    return file + hashlib.sha256(file).digest()


def _mapped(path: Path) -> NDArray[Any]:
    whole = np.memmap(path, np.uint8, "r")
    if hashlib.sha256(whole[:-_HASH_BYTES].data).digest() != whole[-_HASH_BYTES:].tobytes():
        raise ValueError(f"{path.name} is cut short or changed.")
    record: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return record
