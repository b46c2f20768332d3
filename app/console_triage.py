"""What the Triage page needs, from the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.admin.triage_model import DIAL, Alarm, Floor, FloorUndo, Lately, ModelShown, Place, TriagePage
from app.console_connect import ConnectService
from connectors import registry
from connectors.defaults import load_taxonomy
from connectors.installing import Health
from connectors.store.filters import Filter
from connectors.store.leases import QUEUED
from connectors.store.models import REFUSED, ModelProblem, StoredModel
from connectors.store.tenants import TenantSummary
from triage.route import DEFAULT_FLOOR

FLOOR, BEFORE = "confidence_floor", "confidence_floor_before"
"""Settings: the confidence that an admin asks for, None to follow the model; and what there was before."""
UNDO_FOR = timedelta(days=30)
LATELY = timedelta(days=28)
WEEK = timedelta(days=7)
ABOUT_MODELS = ("model", "drift")
"""The checks whose findings belong on this page."""


class TriageService(ConnectService):
    """Implements `app.admin.triage_model.TriageDeps`."""

    def triage_page(self, tenant: str | None, target: str | None) -> TriagePage | None:
        desks = self.store.tenants.all()
        if tenant is None:
            if not desks:
                return None
            tenant = next((each.id for each in desks if self.store.models.champion_id(each.id)), desks[0].id)
        summary, target = self.connected(tenant), target or DIAL
        models = self.store.models
        champion, challenger, newest = (
            find(tenant, target) for find in (models.champion, models.challenger, models.newest)
        )
        refused = newest if newest and newest.state == REFUSED else None
        earlier = models.previous(tenant, champion) if champion else None
        lately = self._lately(tenant, champion) if champion and target == DIAL else None
        return TriagePage(
            desk=Place(id=summary.id, name=summary.name),
            others=tuple(Place(id=each.id, name=each.name) for each in desks if each.id != tenant),
            target=target,
            targets=tuple(dict.fromkeys((DIAL, *models.targets(tenant)))),
            names=_names(target),
            floor=_floor(summary.settings, champion if target == DIAL else None, self.deps.now()),
            model=_shown(champion) if champion else None,
            challenger=_shown(challenger) if challenger else None,
            refused=_shown(refused) if refused else None,
            earlier=_shown(earlier) if earlier else None,
            training_since=self._training_since(tenant),
            lately=lately,
            alarms=self._alarms(tenant) if target == DIAL else (),
            ticket_url=_ticket_url(summary),
        )

    def promote_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        self.connected(tenant)
        if not version:
            raise ModelProblem("No version was named.")
        self.store.models.promote(tenant, target, version, by=by, why="", now=self.deps.now())

    def roll_back_model(self, tenant: str, target: str, version: str, *, by: str) -> None:
        self.connected(tenant)
        champion = self.store.models.champion(tenant, target)
        if champion is None or champion.version != version:
            raise ModelProblem("Another model came into use while you looked. This is how it stands now.")
        self.store.models.rollback(tenant, target, by=by, why="", now=self.deps.now())

    def use_floor(self, tenant: str, floor: float | None, *, by: str) -> None:
        settings = self.connected(tenant).settings
        before = {"floor": settings.get(FLOOR), "at": self.deps.now().isoformat(), "by": by}
        self.store.installations.set(tenant, **{FLOOR: floor, BEFORE: before})

    def undo_floor(self, tenant: str) -> None:
        before = self.connected(tenant).settings.get(BEFORE)
        if before and _undo(before, self.deps.now()):
            self.store.installations.set(tenant, **{FLOOR: before["floor"], BEFORE: None})

    def _training_since(self, tenant: str) -> datetime | None:
        """When the nightly lesson began that a worker is at now."""
        now = self.deps.now()
        waiting = Filter(direction="in", state="waiting", kind="learn", tenant=tenant)
        row = next(iter(self.store.deliveries.newest(waiting, now=now, limit=1)), None)
        if row is None or row.lease_owner in (None, QUEUED) or row.lease_until is None:
            return None
        return row.at if row.lease_until > now else None

    def _lately(self, tenant: str, champion: StoredModel) -> Lately:
        """How often what it wrote stayed: a category that an agent changed was wrong."""
        now, examples = self.deps.now(), self.store.examples
        since = max(champion.promoted_at or champion.trained_at, now - LATELY)
        answered = examples.answered(tenant, champion.version, since=since)
        written = examples.ours(tenant, [each.ref for each in answered])
        ended = examples.labels(tenant, DIAL, written)
        ended |= {ref: label for ref, (label, _) in examples.corrections(tenant).items() if label is not None}
        right = sum(ended.get(ref, mine.category) == mine.category for ref, mine in written.items())
        weeks = (now - since) / WEEK
        per_week = round(len(answered) / weeks) if weeks >= 1 else None
        return Lately(since=since, right=right, of=len(written), per_week=per_week)

    def _alarms(self, tenant: str) -> tuple[Alarm, ...]:
        found = (each.finding for each in self.store.findings.all(tenant))
        return tuple(
            Alarm(state=each.state, detail=each.detail, fix=each.fix)
            for each in found
            if each.check in ABOUT_MODELS and each.health is not Health.GOOD
        )


def _shown(stored: StoredModel) -> ModelShown:
    return ModelShown(card=stored.card, since=stored.promoted_at or stored.trained_at, why=stored.why)


def _floor(settings: Mapping[str, Any], champion: StoredModel | None, now: datetime) -> Floor:
    """As `app.learning.deciding` takes it: the admin's word, then the own model's card, then the shipped limit."""
    asked, before = settings.get(FLOOR), settings.get(BEFORE)
    undo = _undo(before, now) if before else None
    if asked is not None:
        return Floor(value=float(asked), chosen=True, undo=undo)
    return Floor(value=champion.card.automation.floor if champion else DEFAULT_FLOOR, undo=undo)


def _undo(before: Mapping[str, Any], now: datetime) -> FloorUndo | None:
    changed_at = datetime.fromisoformat(before["at"])
    if now - changed_at > UNDO_FOR:
        return None
    return FloorUndo(floor=before["floor"], changed_at=changed_at, changed_by=before["by"])


def _names(target: str) -> dict[str, str]:
    if target not in (DIAL, "product_area"):
        return {}
    taxonomy = load_taxonomy()
    return {each.key: each.name for each in (taxonomy.categories if target == DIAL else taxonomy.product_areas)}


def _ticket_url(summary: TenantSummary) -> str:
    return f"{summary.origin}{registry.vendor(summary.vendor).ticket_path}"
