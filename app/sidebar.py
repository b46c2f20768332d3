"""What the sidebar needs, on the database and the helpdesk: sessions, the panel, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint
from itsdangerous import BadSignature as BadToken
from itsdangerous import URLSafeSerializer

import sidebar_app
from app.bootstrap import Deps
from connectors import registry
from connectors.base import Connection, read_or_none
from connectors.defaults import load_taxonomy
from connectors.errors import BadSignature, ConnectorError, NotFound
from connectors.registry import UnknownVendor
from connectors.store.decisions import StoredCorrection
from connectors.store.outbox import UPDATE_TICKET
from connectors.store.tenants import SIDEBAR_KEY, UnknownTenant
from sidebar_app import (
    CorrectionRefused,
    HelpdeskDown,
    OpenedSession,
    Session,
    SessionEnded,
    SessionRefused,
    TicketNotFound,
)
from triage.actions import UpdateTicket
from triage.context import Correction, Names, PanelView, WriteBack, panel
from triage.corrections import corrected, home, undone
from triage.taxonomy import Taxonomy
from triage.tickets import Organization, Requester, Ticket

SESSION = timedelta(minutes=10)
TOKEN_LEEWAY = timedelta(minutes=1)
"""A token is still accepted shortly after its end, so its use is remembered a little longer."""
LONGEST_SESSION = timedelta(hours=12)
STAFF = ("agent", "admin")
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket and its people, read from the helpdesk just now."""

    ticket: Ticket
    requester: Requester | None
    organization: Organization | None


class SidebarService:
    """Implements `sidebar_app.SidebarDeps`. A bearer is signed and holds the session: no server-side state."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.taxonomy: Taxonomy = load_taxonomy()
        self.names = Names(
            categories={each.key: each.name for each in self.taxonomy.categories},
            areas={each.key: each.group for each in self.taxonomy.product_areas},
        )
        self.signer = URLSafeSerializer(deps.store.vault.derive("sidebar-session"), salt="sidebar")

    def open(self, vendor: str, *, origin: str, token: str) -> OpenedSession:
        tenants, now = self.deps.store.tenants, self.deps.now()
        try:
            connector = registry.vendor(vendor)
            connection = tenants.by_origin(vendor, origin)
        except (UnknownVendor, UnknownTenant):
            raise SessionRefused("This helpdesk is not connected to Deskhand.") from None
        summary = tenants.summary(connection.tenant)
        try:
            identity = connector.verify_agent(
                token,
                public_key=self._sidebar_key(connection),
                audience=connector.sidebar_audience(connection),
                origin=summary.origin,
                now=now,
            )
            opened = self._open(connection, summary.origin, identity.user_id, since=now.timestamp())
        except BadSignature as error:
            raise SessionRefused(str(error), host_origin=summary.origin) from error
        except ConnectorError as error:
            reason = "The helpdesk does not answer Deskhand. Reload in a minute."
            raise SessionRefused(reason, host_origin=summary.origin) from error
        keep_until = identity.expires_at + TOKEN_LEEWAY
        if not tenants.use_token(connection.tenant, identity.token_id, expires_at=keep_until, now=now):
            raise SessionRefused("This log-in was used before. Reload the app.", host_origin=summary.origin)
        return opened

    def resume(self, bearer: str) -> Session:
        return self._session(self._claims(bearer))

    def renew(self, bearer: str) -> OpenedSession:
        claims = self._claims(bearer)
        if self.deps.now().timestamp() - claims["since"] > LONGEST_SESSION.total_seconds():
            raise SessionEnded
        try:
            connection = self.deps.store.tenants.connection(claims["tenant"])
        except UnknownTenant:
            raise SessionEnded from None
        origin = self.deps.store.tenants.summary(connection.tenant).origin
        try:
            return self._open(connection, origin, claims["user_id"], since=claims["since"])
        except SessionRefused as error:
            raise SessionEnded from error

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
        with self.deps.store.database.write() as transaction:
            number = self.deps.store.decisions.correct_in(
                transaction,
                session.tenant,
                ticket_ref,
                decision_id=stored.id,
                category=category,
                by_id=session.user_id,
                by_name=session.user_name,
                now=self.deps.now(),
            )
            self._plan(transaction, session, change, cause=f"correction:{number}")
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
            self._plan(transaction, session, change, cause=f"undo:{standing[0].id}")
        return self._view(session, seen)

    def categories(self, session: Session) -> tuple[tuple[str, str], ...]:
        return tuple((each.key, each.name) for each in self.taxonomy.categories)

    def _read(self, session: Session, ticket_ref: str) -> Seen:
        """The ticket as the helpdesk has it now, with who asked; people who were deleted are as good as none."""
        helpdesk = self.deps.helpdesk(session.tenant)
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

    def _view(self, session: Session, seen: Seen) -> PanelView:
        decisions, ref = self.deps.store.decisions, seen.ticket.ref
        stored = decisions.latest(session.tenant, ref)
        state = decisions.write_back_state(session.tenant, ref)
        corrections = decisions.corrections(session.tenant, ref)
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
            now=self.deps.now(),
            zone=session.time_zone,
        )

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

    def _sidebar_key(self, connection: Connection) -> str:
        """The key that signs this tenant's tokens, fetched from the helpdesk at the first use and kept."""
        key = self.deps.store.tenants.secret(connection.tenant, SIDEBAR_KEY)
        if key is None:
            key = registry.vendor(connection.vendor).fetch_sidebar_key(connection)
            self.deps.store.tenants.set_secret(connection.tenant, SIDEBAR_KEY, key)
        return key

    def _open(self, connection: Connection, origin: str, user_id: str, *, since: float) -> OpenedSession:
        try:
            agent = self.deps.helpdesk(connection.tenant).agent(user_id)
        except NotFound:
            raise SessionRefused("The helpdesk does not know this agent.", host_origin=origin) from None
        if agent.role not in STAFF:
            raise SessionRefused("Deskhand is for this helpdesk's agents.", host_origin=origin)
        claims = {
            "tenant": connection.tenant,
            "vendor": connection.vendor,
            "user_id": user_id,
            "user_name": agent.name,
            "role": agent.role,
            "time_zone": agent.time_zone,
            "since": since,
            "until": (self.deps.now() + SESSION).timestamp(),
        }
        return OpenedSession(
            bearer=str(self.signer.dumps(claims)),
            host_origin=origin,
            expires_in_s=int(SESSION.total_seconds()),
            vendor=connection.vendor,
            tenant_name=self.deps.store.tenants.summary(connection.tenant).name,
        )

    def _claims(self, bearer: str) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = self.signer.loads(bearer)
        except BadToken:
            raise SessionEnded from None
        if claims["until"] <= self.deps.now().timestamp():
            raise SessionEnded
        return claims

    def _session(self, claims: Mapping[str, Any]) -> Session:
        return Session(
            tenant=claims["tenant"],
            vendor=claims["vendor"],
            user_id=claims["user_id"],
            user_name=claims["user_name"],
            role=claims["role"],
            time_zone=claims["time_zone"],
            expires_at=datetime.fromtimestamp(claims["until"], UTC),
        )


def _active(corrections: list[StoredCorrection]) -> StoredCorrection | None:
    return next((each for each in corrections if each.undone_at is None), None)
