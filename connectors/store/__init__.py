"""The database: SQL in, frozen dataclasses out. Every query names its tenant or is the operator's own."""

from __future__ import annotations

from pathlib import Path

from connectors.store.access import Access
from connectors.store.api_keys import ApiKeys
from connectors.store.article_events import ArticleEvents
from connectors.store.article_findings import ArticleFindings
from connectors.store.article_use import ArticleUse
from connectors.store.articles import Articles
from connectors.store.budgets import Budgets
from connectors.store.clockwork import Cursors, Schedule
from connectors.store.config import Configs
from connectors.store.database import Database
from connectors.store.decisions import Decisions
from connectors.store.deliveries import Deliveries
from connectors.store.dry_runs import DryRuns
from connectors.store.examples import Examples
from connectors.store.findings import Findings
from connectors.store.gaps import Gaps
from connectors.store.gauges import Gauges
from connectors.store.history import History
from connectors.store.inbox import Inbox
from connectors.store.inserts import Inserts
from connectors.store.installations import Installations
from connectors.store.intake import Intake
from connectors.store.markers import Markers
from connectors.store.models import Models
from connectors.store.outbox import Outbox
from connectors.store.rankers import Rankers
from connectors.store.readings import Readings
from connectors.store.releases import Releases
from connectors.store.replays import Replays
from connectors.store.reviews import Reviews
from connectors.store.search_tests import SearchTests
from connectors.store.suggestions import Suggestions
from connectors.store.tallies import Tallies
from connectors.store.tenants import Tenants
from connectors.store.ticket_log import TicketLog
from connectors.store.timers import Timers
from connectors.store.users import Users
from connectors.store.vault import Vault


class Store:
    """One database, by subject."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.inbox = Inbox(database)
        self.outbox = Outbox(database)
        self.intake = Intake(database, self.outbox)
        self.markers = Markers(database)
        self.tenants = Tenants(database, vault)
        self.access = Access(database, self.tenants)
        self.api_keys = ApiKeys(database, vault)
        self.budgets = Budgets(database)
        self.circuits = self.budgets.circuits
        self.findings = Findings(database)
        self.installations = Installations(database, self.tenants)
        self.decisions = Decisions(database)
        self.deliveries = Deliveries(database)
        self.replays = Replays(database)
        self.history = History(database)
        self.dry_runs = DryRuns(database, self.inbox)
        self.schedule = Schedule(database, self.inbox)
        self.cursors = Cursors(database)
        self.users = Users(database)
        self.tallies = Tallies(database)
        self.gauges = Gauges(database)
        self.examples = Examples(database)
        self.models = Models(database)
        self.config = Configs(database)
        self.articles = Articles(database)
        self.releases = Releases(database)
        self.reviews = Reviews(database)
        self.readings = Readings(database)
        self.article_use = ArticleUse(database)
        self.article_events = ArticleEvents(database)
        self.suggestions = Suggestions(database)
        self.article_findings = ArticleFindings(database)
        self.search_tests = SearchTests(database)
        self.rankers = Rankers(database)
        self.inserts = Inserts(database)
        self.gaps = Gaps(database)
        self.ticket_log = TicketLog(database)
        self.timers = Timers(database)

    @classmethod
    def open(cls, url: str, *, var: Path, master_key: str = "", busy_timeout_s: float = 5.0) -> Store:
        return cls(Database(url, busy_timeout_s=busy_timeout_s), Vault.load(master_key, var))
