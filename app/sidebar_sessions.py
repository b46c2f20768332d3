"""Who may see the panel: a signed visit is swapped for a bearer of ours, an installed app brings its own token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadSignature as BadToken
from itsdangerous import URLSafeSerializer

from app.bootstrap import Deps
from connectors import registry
from connectors.base import Connection
from connectors.errors import BadSignature, ConnectorError, NotFound
from connectors.registry import UnknownVendor
from connectors.store.tenants import CONNECTED, SIDEBAR_KEY, UnknownTenant
from sidebar_app import HelpdeskDown, OpenedSession, Session, SessionEnded, SessionRefused

SESSION = timedelta(minutes=10)
TOKEN_LEEWAY = timedelta(minutes=1)
"""A token is still accepted shortly after its end, so its use is remembered a little longer."""
LONGEST_SESSION = timedelta(hours=12)
STAFF = ("agent", "admin")
LONGEST_AGENT_ID = 20
MOST_KNOWN_AGENTS = 2000


class Sessions:
    """The sessions of `sidebar_app.SidebarDeps`. A bearer is signed and holds its session: no server-side state."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps
        self.signer = URLSafeSerializer(deps.store.vault.derive("sidebar-session"), salt="sidebar")
        self.known_agents: dict[tuple[str, str], Session] = {}

    def open(self, vendor: str, *, origin: str, token: str) -> OpenedSession:
        tenants, now = self.deps.store.tenants, self.deps.now()
        try:
            connector = registry.vendor(vendor)
            connection = tenants.by_origin(vendor, origin)
            if not connection.settings.get(CONNECTED, True):
                raise UnknownTenant(connection.tenant)
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
        claims = self._claims(bearer)
        self._connected(claims["tenant"])
        return self._session(claims)

    def installed(self, token: str, agent_id: str) -> Session:
        if not (agent_id.isascii() and agent_id.isdigit() and len(agent_id) <= LONGEST_AGENT_ID):
            raise SessionEnded
        try:
            connection = self.deps.store.tenants.by_panel_token(token)
        except UnknownTenant:
            raise SessionEnded from None
        if not connection.settings.get(CONNECTED, True):
            raise SessionEnded
        known = self.known_agents.get((connection.tenant, agent_id))
        if known is None or known.expires_at <= self.deps.now():
            known = self._introduce(connection, agent_id)
        return known

    def _introduce(self, connection: Connection, agent_id: str) -> Session:
        """Ask the helpdesk who this is, and remember a member of staff for as long as a session lasts."""
        try:
            agent = self.deps.helpdesk(connection.tenant, urgent=True).agent(agent_id)
        except NotFound:
            raise SessionEnded from None
        except ConnectorError as error:
            raise HelpdeskDown from error
        if agent.role not in STAFF:
            raise SessionEnded
        session = Session(
            tenant=connection.tenant,
            vendor=connection.vendor,
            user_id=agent_id,
            user_name=agent.name,
            role=agent.role,
            time_zone=agent.time_zone,
            expires_at=self.deps.now() + SESSION,
        )
        if len(self.known_agents) >= MOST_KNOWN_AGENTS:
            self.known_agents.clear()
        self.known_agents[connection.tenant, agent_id] = session
        return session

    def renew(self, bearer: str) -> OpenedSession:
        claims = self._claims(bearer)
        if self.deps.now().timestamp() - claims["since"] > LONGEST_SESSION.total_seconds():
            raise SessionEnded
        connection = self._connected(claims["tenant"])
        origin = self.deps.store.tenants.summary(connection.tenant).origin
        try:
            return self._open(connection, origin, claims["user_id"], since=claims["since"])
        except SessionRefused as error:
            raise SessionEnded from error

    def _connected(self, tenant: str) -> Connection:
        """A session outlives its helpdesk's connection by no request."""
        try:
            connection = self.deps.store.tenants.connection(tenant)
        except UnknownTenant:
            raise SessionEnded from None
        if not connection.settings.get(CONNECTED, True):
            raise SessionEnded
        return connection

    def _sidebar_key(self, connection: Connection) -> str:
        """The key that signs this tenant's tokens, fetched from the helpdesk at the first use and kept."""
        key = self.deps.store.tenants.secret(connection.tenant, SIDEBAR_KEY)
        if key is None:
            key = registry.vendor(connection.vendor).fetch_sidebar_key(connection)
            self.deps.store.tenants.set_secret(connection.tenant, SIDEBAR_KEY, key)
        return key

    def _open(self, connection: Connection, origin: str, user_id: str, *, since: float) -> OpenedSession:
        try:
            agent = self.deps.helpdesk(connection.tenant, urgent=True).agent(user_id)
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
