"""Who people are in Freshdesk: customers are contacts, colleagues are agents, and an id does not say which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from connectors.base import Account
from connectors.errors import Forbidden, NotFound, Rejected, Unsupported
from connectors.freshdesk import wire
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api, known_id
from connectors.freshdesk.limits import limits_in, plan_limits
from triage.tickets import Organization, Requester

# https://developers.freshdesk.com/api/#roles: the two default roles that may change the set-up.
ADMIN_ROLES = frozenset({"Account Administrator", "Administrator"})


class People:
    """`account`, `requester`, `agent` and `organization` of `connectors.base.Helpdesk`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def account(self) -> Account:
        """`/account` needs an admin's key: without one the plan stays unknown and the name is the address's."""
        answer, response = self._api.answer("account", "/agents/me")
        with asking("account"):
            me = wire.Agent.model_validate(answer)
        about = self._about()
        return Account(
            name=about.account_name or about.organisation_name or urlsplit(self._api.base_url).hostname or "",
            actor=replace(me.normalised(), role="admin" if self._is_admin(me) else "agent"),
            plan=about.tier_type,
            limits={**plan_limits(about.tier_type), **limits_in(response.headers)},
            server_at=_date(response.headers),
        )

    def requester(self, requester_id: str) -> Requester:
        """A contact; an agent may ask, too, and is no contact then."""
        try:
            answer = self._api.get("requester", f"/contacts/{known_id(requester_id)}")
        except NotFound:
            return self.agent(requester_id)
        with asking("requester"):
            return wire.Contact.model_validate(answer).normalised()

    def agent(self, user_id: str) -> Requester:
        answer = self._api.get("agent", f"/agents/{known_id(user_id)}")
        with asking("agent"):
            return wire.Agent.model_validate(answer).normalised()

    def organization(self, organization_id: str) -> Organization:
        answer = self._api.get("organization", f"/companies/{known_id(organization_id)}")
        with asking("organization"):
            return wire.Company.model_validate(answer).normalised()

    def _is_admin(self, agent: wire.Agent) -> bool:
        """An agent names roles by id only; those that may not list the roles are no admins."""
        try:
            rows = self._api.get("roles", "/roles")
        except (Forbidden, NotFound, Unsupported):
            return False
        with asking("roles"):
            admins = {role.id for row in rows if (role := wire.Role.model_validate(row)).name in ADMIN_ROLES}
        return not admins.isdisjoint(agent.role_ids or ())

    def _about(self) -> wire.AccountAnswer:
        try:
            answer = self._api.get("account", "/account")
        except (Forbidden, NotFound, Rejected, Unsupported):
            return wire.AccountAnswer()
        with asking("account"):
            return wire.AccountAnswer.model_validate(answer)


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None
