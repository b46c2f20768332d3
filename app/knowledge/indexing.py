"""Where the search index of a tenant's articles is kept."""

from __future__ import annotations

import re

from app.bootstrap import Deps
from connectors.index import Place
from connectors.index_folder import FolderPlace


def place_of(deps: Deps, tenant: str) -> Place:
    """Where the tenant's index is: in PostgreSQL if it can be there, so that every machine has it, else in files."""
    name = re.sub(r"[^a-z0-9_-]", lambda found: f"%{ord(found[0]):x}", tenant)
    folder = deps.settings.var / "knowledge" / name
    if deps.store.database.is_sqlite:
        return FolderPlace(folder)
    # Here, because only these installs need the driver.
    from connectors.index_postgres import PostgresPlace, is_possible

    return (
        PostgresPlace(deps.store.database, tenant, folder) if is_possible(deps.store.database) else FolderPlace(folder)
    )
