"""Versions of an index as files: arrays and JSON in a folder named by its content, and a pointer to the one in use.

A version is written whole under another name and renamed; the pointer is replaced at once. So a reader sees one version
or the other, and what a killed process leaves is never opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectors.index import IndexBroken, IndexMissing

FORMAT = "1"
POINTER, MANIFEST = "current.json", "manifest.json"
KEPT = 2  # versions beside the one in use and the one before: for readers that are just opening one
LEFT_S = 24 * 3600
Arrays = dict[str, NDArray[Any]]


def put_in_use(folder: Path, version: str, *, built_from: str = "") -> None:
    """Let the pointer say `version`, at once; then remove the versions that nobody opens any more."""
    try:
        before = _pointed(folder)
    except IndexBroken:
        before = None
    with tempfile.NamedTemporaryFile(dir=folder, prefix="making-", delete=False) as draft:
        draft.write(json.dumps({"version": version, "built_from": built_from}).encode())
    os.replace(draft.name, folder / POINTER)
    with suppress(FileNotFoundError):  # another process is removing the same
        _tidy(folder, {version, before})


def _tidy(folder: Path, keep: set[str | None]) -> None:
    """Remove older versions and what a killed process left."""
    versions = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("making-")]
    versions.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [path for path in versions if path.name not in keep][KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("making-*"):
        if path.stat().st_mtime < time.time() - LEFT_S:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def write(folder: Path, manifest: dict[str, Any], arrays: Arrays) -> str:
    """A version's files under a name of their own; the name, which says their content."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="making-") as scratch:
        draft = Path(scratch) / "draft"
        draft.mkdir()
        files = {}
        for name, array in arrays.items():
            np.save(draft / f"{name}.npy", array, allow_pickle=False)
            files[name] = _sha256(draft / f"{name}.npy")
        content = json.dumps({**manifest, "format": FORMAT, "files": files}, sort_keys=True).encode()
        (draft / MANIFEST).write_bytes(content)
        version = hashlib.sha256(content).hexdigest()[:20]
        try:
            read(folder / version)
        except IndexBroken:  # not there, or not whole
            if (folder / version).exists():
                os.replace(folder / version, Path(scratch) / "broken")
            os.replace(draft, folder / version)
    return version


def read(version: Path) -> tuple[dict[str, Any], Arrays]:
    """A version's manifest and arrays, mapped into memory, each checked by its hash."""
    try:
        content = (version / MANIFEST).read_bytes()
        if hashlib.sha256(content).hexdigest()[:20] != version.name:
            raise IndexBroken(f"{version / MANIFEST} is not what was written there.")
        manifest: dict[str, Any] = json.loads(content)
        if manifest["format"] != FORMAT:
            raise IndexBroken(f"{version} has format {manifest['format']}, this is {FORMAT}.")
        arrays: Arrays = {}
        for name, expected in manifest["files"].items():
            path = version / f"{name}.npy"
            if _sha256(path) != expected:
                raise IndexBroken(f"{path} is not what was written there.")
            arrays[name] = _mapped(path)
    except OSError as error:
        raise IndexBroken(f"{error.filename or version} cannot be read ({error.strerror}).") from error
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, IndexBroken):
            raise
        raise IndexBroken(f"{version} is not an index of this format ({error!r}).") from error
    return manifest, arrays


def _mapped(path: Path) -> NDArray[Any]:
    """The array of a file without reading it; an empty one cannot be mapped."""
    try:
        return np.asarray(np.load(path, allow_pickle=False, mmap_mode="r"))
    except ValueError:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
        return array


def in_use(folder: Path) -> str:
    version = _pointed(folder)
    if version is None:
        raise IndexMissing(f"{folder / POINTER} is not there: no index was built yet.")
    return version


def _pointed(folder: Path) -> str | None:
    """What the pointer says; None where there is none."""
    path = folder / POINTER
    try:
        version = json.loads(path.read_bytes())["version"]
        return Path(str(version)).name
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexBroken(f"{path} cannot be read ({error!r}).") from error


def built_from(folder: Path) -> str:
    """What was said with the version in use; empty where there is none."""
    try:
        return str(json.loads((folder / POINTER).read_bytes())["built_from"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
