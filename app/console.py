"""What the console needs, from the database."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from app import admin, console_overview
from app.admin import Attempts, Overview, Shell, UserRecord
from app.admin.connect_model import Desk
from app.bootstrap import Deps
from app.console_deliveries import DeliveriesService, midnight
from app.console_knowledge import KnowledgeService
from app.console_overview import Link
from app.console_sla import SlaService
from app.console_triage import TriageService

ATTEMPTS_KEPT = timedelta(hours=1)


def create_blueprint(deps: Deps) -> Blueprint:
    return admin.create_blueprint(
        ConsoleService(deps),
        secret=deps.store.vault.derive("console-session").hex(),
        public_origin=deps.settings.public_url,
        secure_cookies=deps.settings.secure_cookies,
        now=deps.now,
    )


class ConsoleService(DeliveriesService, TriageService, SlaService, KnowledgeService):
    """Implements `app.admin.ConsoleDeps`."""

    def find_user(self, email: str) -> UserRecord | None:
        user = self.store.users.find(email)
        if user is None:
            return None
        return UserRecord(
            id=str(user.id),
            email=user.email,
            name=user.name,
            password_hash=user.password_hash,
            session_version=user.session_version,
        )

    def login_attempts(self, email: str, ip: str) -> Attempts:
        failures, last, address = self.store.users.failures(email, ip, since=self.deps.now() - ATTEMPTS_KEPT)
        return Attempts(failures=failures, last_failed_at=last, address_failures=address)

    def record_attempt(self, email: str, ip: str, ok: bool) -> None:
        now = self.deps.now()
        self.store.users.record_attempt(email, ip, ok=ok, now=now, keep_since=now - ATTEMPTS_KEPT)

    def end_sessions(self, user_id: str) -> None:
        self.store.users.end_sessions(int(user_id))

    def shell(self) -> Shell:
        desks = self.desks()
        vendors = sorted({desk.title for desk in desks})
        names = sorted({desk.name for desk in desks})
        place = f"{', '.join(names)}, on {' and '.join(vendors)}" if desks else "No helpdesk connected yet"
        bad = sum(desk.bad for desk in desks)
        parked, due = len(self.store.replays.parked()), self.due_articles()
        return Shell(place=place, zone="UTC", parked=parked, bad_checks=bad, reviews=due)

    def overview(self) -> Overview:
        now = self.deps.now()
        today = midnight(now)
        line = self.store.deliveries.line(since=today)
        links = [self._link(desk) for desk in self.desks()]
        outcomes = self.store.deliveries.outcomes(since=today)
        hours = [0] * (now.hour + 1)
        for at in self.store.deliveries.arrivals(since=today):
            hours[at.hour] += 1
        return console_overview.overview(line, links, outcomes, hours, now)

    def _link(self, desk: Desk) -> Link:
        stored = self.store.findings.all(desk.id)
        return Link(
            desk=desk,
            findings=tuple(each.finding for each in stored),
            checked_at=max((each.checked_at for each in stored), default=None),
            refusal=self.refusal(desk.id),
        )
