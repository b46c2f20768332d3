"""Who is there: our own account, people, companies, queues, and the fields of the ticket form."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from connectors.base import Account
from connectors.errors import AuthFailed, Forbidden, NotFound
from connectors.zendesk import wire
from connectors.zendesk.answers import asking
from connectors.zendesk.api import Api, known_id
from connectors.zendesk.limits import account_limit
from triage.tickets import Group, Organization, Requester, TicketField


class People(Api):
    """The verbs about people and the form; see `connectors.base.Helpdesk`."""

    def account(self) -> Account:
        """No answer names the plan: `plan` is None, the account's own limit comes with every answer."""
        with asking("account"):
            body, answer = self._call("GET", "users/me.json")
            if body["user"].get("id") is None:
                # A visitor without an account is answered with 200 and an anonymous user.
                raise AuthFailed("Zendesk does not know this token. Connect the account again.", status=200)
            actor = wire.User.model_validate(body["user"]).normalised()
            scopes = self._scopes() if self._connection.scheme == "bearer" else ()
        return Account(
            name=urlsplit(self._connection.base_url).netloc.removesuffix(".zendesk.com"),
            actor=actor,
            scopes=scopes,
            limits=account_limit(answer.headers),
            server_at=_http_date(answer.headers.get("Date")),
        )

    def requester(self, requester_id: str) -> Requester:
        with asking("requester"):
            return self._user(requester_id)

    def agent(self, user_id: str) -> Requester:
        """The agent by name and role: `agent`, `admin`, or `end_user` for somebody who is none."""
        with asking("agent"):
            return self._user(user_id)

    def organization(self, organization_id: str) -> Organization:
        with asking("organization"):
            answer = self._organizations(id=known_id(organization_id))
            return wire.Organization.model_validate(answer.to_dict()).normalised()

    def groups(self) -> tuple[Group, ...]:
        with asking("groups"):
            found = [wire.Group.model_validate(each.to_dict()) for each in self._groups()]
        live = [Group(id=each.id, name=each.name) for each in found if not each.deleted]
        return tuple(sorted(live, key=lambda group: (group.name.casefold(), int(group.id))))

    def ticket_fields(self) -> tuple[TicketField, ...]:
        with asking("ticket_fields"):
            found = [wire.TicketField.model_validate(each.to_dict()) for each in self._fields()]
        return tuple(each.normalised() for each in found if each.active)

    def _user(self, user_id: str) -> Requester:
        return wire.User.model_validate(self._users(id=known_id(user_id)).to_dict()).normalised()

    def _scopes(self) -> tuple[str, ...]:
        """What the token may; () where Zendesk does not tell.

        Source: https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/#show-current-token
        """
        try:
            body, _ = self._call("GET", "oauth/tokens/current.json")
        except (Forbidden, NotFound):
            return ()
        return tuple(str(scope) for scope in body["token"].get("scopes") or ())


def _http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
