"""A helpdesk app as files: read from `manifests/<vendor>`, filled in for this install, zipped, and read back.

What a vendor demands of those files is in its own `package_rules`. `manifests` lies beside the packages in the project,
not in the wheel: an install from a wheel alone cannot make a package, and says so.

A `build.json` in the folder is for us and stays out of the package: `{"copy": {path in the package: path in the
project}}` takes files over that the product serves itself, so that there is one copy of them.
"""

from __future__ import annotations

import io
import json
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from connectors.installing import PackageProblem

PROJECT = Path(__file__).resolve().parent.parent
MANIFESTS = PROJECT / "manifests"
BUILD = "build.json"
TEXT = frozenset({".json", ".html", ".js", ".css", ".md", ".svg", ".txt"})
EPOCH = (1980, 1, 1, 0, 0, 0)
MAX_FILES = 2_000
MAX_BYTES = 50_000_000
# What reading a zip ends with when bytes of it were changed.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, IndexError, RuntimeError,
)  # fmt: skip

_PLACEHOLDER = re.compile(r"@[A-Z]+(?:_[A-Z]+)+@")
# What a host or an address of ours is made of: nothing that could end a JSON string, an attribute or a script.
_PLAIN = re.compile(r"[A-Za-z0-9._~:/%\[\]-]*")


class PackagingError(Exception):
    """A package cannot be made or read here; the message says what to do."""


class UnreadableJson(ValueError):
    """Not JSON, or not one whole value."""


class DuplicateKeys(ValueError):
    """An object names a key twice, so that one of the two would be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A package as found on disk; `problems` are those of the container, before any vendor's rule."""

    files: Mapping[str, bytes]
    problems: tuple[PackageProblem, ...]


def source(vendor: str, *, values: Mapping[str, str]) -> dict[str, bytes]:
    """The files of `manifests/<vendor>` by path, placeholders such as `@APP_HOST@` replaced by `values`.

    Raises `PackagingError` when the folder is missing, a copied file is, or a placeholder has no value.
    """
    folder = MANIFESTS / vendor
    if not folder.is_dir():
        raise PackagingError(f"There is no {folder}. Run this from a checkout of the project, not from a wheel.")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    }
    files |= {target: _project_file(path) for target, path in _copies(files.pop(BUILD, b"{}")).items()}
    return {path: _filled(path, files[path], values) for path in sorted(files)}


def address_values(app_url: str) -> dict[str, str]:
    """The placeholders that every vendor's folder may use: our address, its host with port, its name, our version."""
    parts = urlsplit(app_url)
    return {
        "@APP_URL@": app_url.rstrip("/"),
        "@APP_HOST@": parts.netloc,
        "@APP_NAME@": parts.hostname or "",
        "@APP_VERSION@": version("deskhand"),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same files: sorted, no times, no owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, date_time=EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path], compresslevel=9)
    return buffer.getvalue()


def opened(path: Path) -> Opened:
    """An existing package, zip or folder. Raises `PackagingError` when it is neither, or far too big to be one."""
    try:
        return _opened_folder(path) if path.is_dir() else _opened_zip(path)
    except DAMAGED:
        raise PackagingError(f"{path} is not a zip. Name a zip or the folder with manifest.json.") from None
    except OSError as error:
        raise PackagingError(f"{path} cannot be read: {error.strerror or error}.") from None


def parsed(data: bytes, *, unique_keys: bool = False) -> Any:
    """The one value `data` holds. Raises `UnreadableJson`, with `unique_keys` also `DuplicateKeys` naming them."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise DuplicateKeys(", ".join(repeated))
        return dict(pairs)

    def not_json(constant: str) -> None:
        raise UnreadableJson(f"{constant} is not JSON")

    try:
        hook = unique if unique_keys else None
        return json.loads(data.decode("utf-8"), object_pairs_hook=hook, parse_constant=not_json)
    except UnicodeDecodeError:
        raise UnreadableJson("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadableJson(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise UnreadableJson("it is nested too deeply") from None


def error(file: str, key: str, message: str, fix: str) -> PackageProblem:
    """A breach for which the vendor refuses the package."""
    return PackageProblem(file=file, key=key, message=message, fix=fix)


def warning(file: str, key: str, message: str, fix: str) -> PackageProblem:
    """Something the vendor takes, but should not have to."""
    return PackageProblem(file=file, key=key, message=message, fix=fix, is_error=False)


def errors_first(problems: Iterable[PackageProblem]) -> tuple[PackageProblem, ...]:
    """Each problem once, errors before warnings, otherwise in the order found."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: not problem.is_error))


def bad_paths(files: Iterable[str]) -> tuple[PackageProblem, ...]:
    """Names that would land outside the package, or that no file system takes."""
    return tuple(
        error(path, "", "This path leaves the package.", "Use relative paths with / and without ..")
        for path in files
        if path.startswith("/") or "\\" in path or re.match(r"[A-Za-z]:", path) or ".." in PurePosixPath(path).parts
    )


def _copies(build: bytes) -> Mapping[str, str]:
    copies = parsed(build).get("copy", {})
    if not isinstance(copies, dict) or not all(isinstance(path, str) for path in copies.values()):
        raise PackagingError(f"{BUILD}: `copy` must map paths in the package to paths in the project.")
    return copies


def _project_file(path: str) -> bytes:
    found = (PROJECT / path).resolve()
    if not found.is_relative_to(PROJECT) or not found.is_file():
        raise PackagingError(f"{BUILD} copies {path}, which is not a file of the project.")
    return found.read_bytes()


def _filled(path: str, data: bytes, values: Mapping[str, str]) -> bytes:
    if PurePosixPath(path).suffix not in TEXT:
        return data
    text = data.decode("utf-8")
    for placeholder, value in values.items():
        if placeholder in text and not _PLAIN.fullmatch(value):
            raise PackagingError(f"{value!r} cannot stand in a package. DESKHAND_PUBLIC_URL must be a plain address.")
        text = text.replace(placeholder, value)
    if left := _PLACEHOLDER.search(text):
        raise PackagingError(f"{path}: nothing is known to put in place of {left.group()}.")
    return text.encode("utf-8")


def _opened_folder(path: Path) -> Opened:
    files: dict[str, bytes] = {}
    problems, size = [], 0
    for each in path.rglob("*"):
        # A name that is no text would break whatever prints it.
        name = each.relative_to(path).as_posix().encode("utf-8", "replace").decode()
        if each.is_symlink():
            problems.append(_symlink(name))
        elif each.is_file():
            size += each.stat().st_size
            _refuse_huge(path, len(files), size)
            files[name] = each.read_bytes()
    return Opened(files=dict(sorted(files.items())), problems=tuple(problems))


def _opened_zip(path: Path) -> Opened:
    files: dict[str, bytes] = {}
    problems = []
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _refuse_huge(path, len(entries), sum(entry.file_size for entry in entries))
        for entry in entries:
            if stat.S_ISLNK(entry.external_attr >> 16):
                problems.append(_symlink(entry.filename))
                continue
            if entry.flag_bits & 0x1:
                raise PackagingError(f"{path} is encrypted. Zip it again without a password.")
            if entry.filename in files:
                problems.append(error(entry.filename, "", "The zip holds this file twice.", "Zip the folder again."))
            files[entry.filename] = archive.read(entry)
    return Opened(files=files, problems=tuple(problems))


def _refuse_huge(path: Path, count: int, size: int) -> None:
    if count > MAX_FILES or size > MAX_BYTES:
        raise PackagingError(f"{path} holds more than {MAX_FILES} files or {MAX_BYTES // 1_000_000} MB: not an app.")


def _symlink(name: str) -> PackageProblem:
    return error(name, "", "This is a symbolic link.", "Put the file itself in its place.")
