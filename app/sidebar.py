"""What the sidebar needs, on the database and the helpdesk: the panel and corrections."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint

import sidebar_app
from app.bootstrap import Deps
from app.sidebar_answer import Answers, Seen
from app.sidebar_sessions import Sessions
from app.sla.acknowledging import acknowledge
from app.sla.looking import ClocksUnreadable, case_of
from connectors.base import read_or_none
from connectors.defaults import load_taxonomy
from connectors.errors import ConnectorError, NotFound
from connectors.store.decisions import StoredCorrection
from connectors.store.outbox import UPDATE_TICKET
from sidebar_app import (
    CorrectionRefused,
    HelpdeskDown,
    Session,
    TicketNotFound,
)
from triage.actions import UpdateTicket
from triage.context import Correction, Names, PanelClocks, PanelView, WriteBack, panel
from triage.corrections import corrected, home, undone
from triage.panel_clock import panel_clocks
from triage.suggestions import Act
from triage.taxonomy import Taxonomy

WRITE_BACK = {
    "pending": WriteBack.WAITING,
    "inflight": WriteBack.WAITING,
    "unknown": WriteBack.VERIFYING,
    "done": WriteBack.DONE,
    "ignored": WriteBack.NONE,
    "parked": WriteBack.PARKED,
}


def create_blueprint(deps: Deps) -> Blueprint:
    return sidebar_app.create_blueprint(SidebarService(deps))


class SidebarService(Sessions):
    """Implements `sidebar_app.SidebarDeps`."""

    def __init__(self, deps: Deps) -> None:
        super().__init__(deps)
        self.answers = Answers(deps)
        self.taxonomy: Taxonomy = load_taxonomy()
        self.names = Names(
            categories={each.key: each.name for each in self.taxonomy.categories},
            areas={each.key: each.group for each in self.taxonomy.product_areas},
        )

    def panel(self, session: Session, ticket_ref: str) -> PanelView:
        return self._view(session, self._read(session, ticket_ref))

    def correct(self, session: Session, ticket_ref: str, category: str) -> PanelView:
        seen = self._read_changeable(session, ticket_ref)
        stored = self.deps.store.decisions.latest(session.tenant, ticket_ref)
        if stored is None:
            raise CorrectionRefused("This ticket has not been read yet. Try again in a few seconds.")
        groups = self.deps.store.tenants.connection(session.tenant).groups
        try:
            change = corrected(ticket_ref, category, taxonomy=self.taxonomy, groups=groups)
        except KeyError:
            raise CorrectionRefused("There is no such category any more. Reload the app.") from None
        now = self.deps.now()
        with self.deps.store.database.write() as transaction:
            number = self.deps.store.decisions.correct_in(
                transaction,
                session.tenant,
                ticket_ref,
                decision_id=stored.id,
                category=category,
                by_id=session.user_id,
                by_name=session.user_name,
                now=now,
            )
            # The instant too: after a restore from a backup the database gives a number again.
            self._plan(transaction, session, change, cause=f"correction:{number}@{now.isoformat()}")
        return self._view(session, seen)

    def undo(self, session: Session, ticket_ref: str) -> PanelView:
        seen = self._read_changeable(session, ticket_ref)
        decisions = self.deps.store.decisions
        stored = decisions.latest(session.tenant, ticket_ref)
        groups = self.deps.store.tenants.connection(session.tenant).groups
        with self.deps.store.database.write() as transaction:
            every = decisions.corrections_in(transaction, session.tenant, ticket_ref)
            standing = [each for each in every if each.undone_at is None]
            if not standing or stored is None:
                raise CorrectionRefused("There is no correction to undo.")
            earlier = standing[1].category if len(standing) > 1 else None
            change = undone(ticket_ref, stored.decision, earlier, taxonomy=self.taxonomy, groups=groups)
            decisions.undo_in(transaction, session.tenant, standing[0].id, now=self.deps.now())
            self._plan(transaction, session, change, cause=f"undo:{standing[0].id}@{standing[0].at.isoformat()}")
        return self._view(session, seen)

    def acknowledge(self, session: Session, ticket_ref: str) -> PanelView:
        seen = self._read(session, ticket_ref)
        acknowledge(self.deps, session.tenant, ticket_ref, by=session.user_name, way="panel", now=self.deps.now())
        return self._view(session, seen)

    def article(self, session: Session, ticket_ref: str, article_id: int, act: Act, note: str) -> PanelView:
        seen = self._read(session, ticket_ref)
        self.answers.use(session, seen, article_id, act, note)
        return self._view(session, seen)

    def search(self, session: Session, ticket_ref: str, words: str) -> PanelView:
        seen = self._read(session, ticket_ref)
        return self._view(session, seen, words)

    def categories(self, session: Session) -> tuple[tuple[str, str], ...]:
        return tuple((each.key, each.name) for each in self.taxonomy.categories)

    def _read(self, session: Session, ticket_ref: str) -> Seen:
        """The ticket as the helpdesk has it now, with who asked; people who were deleted are as good as none."""
        helpdesk = self.deps.helpdesk(session.tenant, urgent=True)
        try:
            ticket = helpdesk.ticket(ticket_ref)
            return Seen(
                ticket,
                read_or_none(helpdesk.requester, ticket.requester_id),
                read_or_none(helpdesk.organization, ticket.organization_id),
            )
        except NotFound:
            raise TicketNotFound from None
        except ConnectorError as error:
            raise HelpdeskDown from error

    def _read_changeable(self, session: Session, ticket_ref: str) -> Seen:
        """As `_read`, before anything is stored: what cannot be changed is not promised."""
        seen = self._read(session, ticket_ref)
        if seen.ticket.is_final:
            raise CorrectionRefused(f"This ticket is {seen.ticket.status.value}: its category can no longer change.")
        return seen

    def _view(self, session: Session, seen: Seen, words: str = "") -> PanelView:
        """The panel; the section `Answer` is about `words` where an agent typed some."""
        decisions, ref = self.deps.store.decisions, seen.ticket.ref
        stored = decisions.latest(session.tenant, ref)
        state = decisions.write_back_state(session.tenant, ref)
        corrections = decisions.corrections(session.tenant, ref)
        now = self.deps.now()
        shown = _active(corrections) or (corrections[0] if corrections else None)
        return panel(
            ticket=seen.ticket,
            requester=seen.requester,
            organization=seen.organization,
            decision=stored.decision if stored else None,
            correction=self._correction(shown, session) if shown else None,
            write_back=WRITE_BACK[state[0]] if state else WriteBack.NONE,
            write_back_reason=(state[1] or "") if state else "",
            names=self.names,
            now=now,
            zone=session.time_zone,
            clocks=self._clocks(session, ref, now),
            answer=self.answers.answer(session, seen, words),
        )

    def _clocks(self, session: Session, ref: str, now: datetime) -> PanelClocks:
        try:
            known = case_of(self.deps.store, session.tenant, ref, now)
        except ClocksUnreadable as error:
            return PanelClocks(note=f"The clocks are not shown: {error}")
        return panel_clocks(known, zone=session.time_zone, user_id=session.user_id)

    def _plan(self, transaction: Any, session: Session, change: UpdateTicket, *, cause: str) -> None:
        self.deps.store.outbox.add_in(
            transaction,
            tenant=session.tenant,
            kind=UPDATE_TICKET,
            ticket_ref=change.ticket_ref,
            cause=cause,
            payload=change.to_payload(),
            summary=f"{change.summary}: {'undo' if cause.startswith('undo') else 'correction'} by an agent",
            rank=2,
            now=self.deps.now(),
        )

    def _correction(self, each: StoredCorrection, session: Session) -> Correction:
        group = home(each.category, self.taxonomy).group
        mapped = group in self.deps.store.tenants.connection(session.tenant).groups
        return Correction(
            category=each.category,
            by_name=each.by_name,
            at=each.at,
            undone=each.undone_at is not None,
            group=group if mapped else None,
            by_you=each.by_id == session.user_id,
        )


def _active(corrections: list[StoredCorrection]) -> StoredCorrection | None:
    return next((each for each in corrections if each.undone_at is None), None)
