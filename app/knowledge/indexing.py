"""The search index of a tenant's articles, in files under `var/knowledge/`, made again when an article changed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from app.bootstrap import Deps
from app.learning.progress import Progress, silent
from connectors.encoder import Encoder
from connectors.index import Index
from connectors.index_files import IndexBroken, IndexMissing

BUILT_FROM = "built-from.txt"
"""Beside the index: what the articles were when it was made."""


def folder_of(deps: Deps, tenant: str) -> Path:
    """Where the tenant's index is."""
    name = re.sub(r"[^a-z0-9_-]", lambda found: f"%{ord(found[0]):x}", tenant)
    return deps.settings.var / "knowledge" / name


def refresh_index(
    deps: Deps, tenant: str, encoder: Callable[[], Encoder], *, progress: Progress = silent
) -> Index | None:
    """Make the index if an article changed since it was made, it is damaged, or another encoder is used now; None when
    there was nothing to do.
    """
    folder, mark = folder_of(deps, tenant), deps.store.articles.mark(tenant)
    made_by = _made_by(folder)
    if made_by is None and not deps.store.articles.sources(tenant):
        return None
    if made_by == encoder().id and _built_from(folder) == mark:
        return None
    index = Index.build(
        deps.store.articles.to_index(tenant),
        encoder(),
        folder,
        progress=lambda done, of: progress("Making the search index", done, of),
    )
    draft = folder / f"{BUILT_FROM}.{os.getpid()}"
    draft.write_text(mark, encoding="utf-8")
    os.replace(draft, folder / BUILT_FROM)
    return index


def _made_by(folder: Path) -> str | None:
    """The encoder of the index there; None where there is none that can be used."""
    try:
        return Index.open(folder).encoder_id
    except (IndexMissing, IndexBroken):
        return None


def _built_from(folder: Path) -> str | None:
    try:
        return (folder / BUILT_FROM).read_text(encoding="utf-8")
    except OSError:
        return None
