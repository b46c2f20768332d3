"""Zendesk's packaging rules as far as they can be checked without an account.

Errors and warnings are divided as in the vendor's own validator (`zendesk_apps_support`): what it takes is never an
error here. Where its documentation asks for more than the validator checks (logos, an author's name), we warn.
The rules of one file each: `package_manifest`, `package_translations`, `package_requirements`; `package_text` reads
all text files for secrets and unencrypted addresses.

Not checked: location names of other products than Support, fields and triggers inside custom objects, and whether an
address answers.

Source: https://developer.zendesk.com/documentation/apps/app-developer-guide/manifest/
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from connectors.installing import PackageProblem
from connectors.packaging import bad_paths, error, errors_first, warning
from connectors.zendesk import package_manifest, package_requirements, package_text, package_translations
from connectors.zendesk.package_manifest import Manifest

# https://developer.zendesk.com/documentation/apps/app-developer-guide/create-brand-assets
LOGOS = {"assets/logo.png": (320, 320), "assets/logo-small.png": (128, 128)}
BANNER, BANNER_SIZES = "assets/banner.png", ((830, 200), (1660, 400))
ICON_LOCATIONS = frozenset({"top_bar", "nav_bar", "system_top_bar", "ticket_editor"})

FORBIDDEN = frozenset(
    {
        "rar", "zip", "gzip", "gz", "pdf", "doc", "docx", "avi", "bin", "bz", "bz2", "csh", "sh", "jar", "mp3", "mpeg",
        "odt", "pptx", "ppt", "xls", "xlsx", "7z",
    }
)  # fmt: skip
# The first bytes of those types that are told by them rather than by their names.
FORBIDDEN_STARTS = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"%PDF-": "pdf",
    b"Rar!": "rar",
    b"ID3": "mp3",
}
PNG = b"\x89PNG\r\n\x1a\n"


def check(files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
    """Pure. Every breach, errors first."""
    manifest, problems = package_manifest.read(files)
    return errors_first(
        [
            *problems,
            *_names(files),
            *_old_code(files, manifest),
            *_logos(files),
            *_banner(files),
            *_icons(files),
            *package_translations.check(files, manifest),
            *package_requirements.check(files, manifest),
            *package_text.check(files),
        ]
    )


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the PNG's own header says; None for anything else."""
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _names(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    yield from bad_paths(files)
    for path, data in files.items():
        kind = PurePosixPath(path).suffix.removeprefix(".").lower()
        if kind not in FORBIDDEN:
            kind = next((name for start, name in FORBIDDEN_STARTS.items() if data.startswith(start)), "")
        if kind:
            yield error(path, "", f"An app may not carry {kind} files.", "Take it out of the package.")


def _old_code(files: Mapping[str, bytes], manifest: Manifest | None) -> Iterator[PackageProblem]:
    """An app without a location has nowhere to run code."""
    if manifest is None or manifest.has_locations:
        return
    for path, data in files.items():
        template = re.fullmatch(r"templates/[^/]*\.hdbs", path)
        library = path.startswith("lib/") and path.endswith(".js")
        if path == "app.js" or library or template or (path == "app.css" and data):
            yield error(path, "", "An app without a location carries no code.", "Take it out of the package.")


def _logos(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    for path, wanted in LOGOS.items():
        size = f"a PNG of {wanted[0]} × {wanted[1]} pixels"
        if path not in files:
            yield warning(path, "", "The logo is missing: Zendesk shows a stand-in.", f"Add {size}.")
        elif png_size(files[path]) != wanted:
            yield warning(path, "", f"{_found(files[path])}, not {size}.", f"Replace it by {size}.")


def _banner(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    if BANNER in files and png_size(files[BANNER]) not in BANNER_SIZES:
        fix = "Make it a PNG of 830 × 200 or 1660 × 400 pixels."
        yield error(BANNER, "", f"{_found(files[BANNER])}, which is no banner.", fix)


def _icons(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    for path, data in files.items():
        if not path.endswith(".svg"):
            continue
        icon = re.fullmatch(r"assets/icon_(\w+)\.svg", path)
        if icon and icon[1].removesuffix("_inactive") not in ICON_LOCATIONS:
            where = ", ".join(sorted(ICON_LOCATIONS))
            yield warning(path, "", f"{icon[1]} shows no icon of its own.", f"Remove it; only {where} do.")
        if re.search(rb"(?i)<script|\son\w+\s*=|javascript:", data):
            yield warning(path, "", "The picture carries script, which Zendesk strips.", "Save it as a plain SVG.")


def _found(data: bytes) -> str:
    size = png_size(data)
    return f"The picture is {size[0]} × {size[1]} pixels" if size else "The file is no PNG"
