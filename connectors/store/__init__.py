"""The database: SQL in, frozen dataclasses out. Every query names its tenant or is the operator's own."""

from __future__ import annotations

from pathlib import Path

from connectors.store.access import Access
from connectors.store.budgets import Budgets
from connectors.store.clockwork import Cursors, Schedule
from connectors.store.database import Database
from connectors.store.decisions import Decisions
from connectors.store.deliveries import Deliveries
from connectors.store.findings import Findings
from connectors.store.inbox import Inbox
from connectors.store.installations import Installations
from connectors.store.outbox import Outbox
from connectors.store.replays import Replays
from connectors.store.tenants import Tenants
from connectors.store.users import Users
from connectors.store.vault import Vault


class Store:
    """One database, by subject."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.inbox = Inbox(database)
        self.outbox = Outbox(database)
        self.tenants = Tenants(database, vault)
        self.access = Access(database, self.tenants)
        self.budgets = Budgets(database)
        self.findings = Findings(database)
        self.installations = Installations(database, self.tenants)
        self.decisions = Decisions(database)
        self.deliveries = Deliveries(database)
        self.replays = Replays(database)
        self.schedule = Schedule(database, self.inbox)
        self.cursors = Cursors(database)
        self.users = Users(database)

    @classmethod
    def open(cls, url: str, *, var: Path, master_key: str = "", busy_timeout_s: float = 5.0) -> Store:
        return cls(Database(url, busy_timeout_s=busy_timeout_s), Vault.load(master_key, var))
