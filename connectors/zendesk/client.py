"""The Zendesk helpdesk: zenpy on our own session, our nouns in and out.

Build one per job: zenpy keeps the object it is writing on a shared attribute, so it is not safe between
threads. The HTTP session underneath is kept per thread, so connections stay open.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from pydantic import ValidationError
from zenpy.lib.api import BaseApi, OrganizationApi, TicketApi, UserApi
from zenpy.lib.api_objects import Ticket as ZenpyTicket
from zenpy.lib.cache import ZenpyCacheManager

from connectors.base import Connection, Feature, Receipt
from connectors.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unavailable
from connectors.http import build_session
from connectors.zendesk import wire
from connectors.zendesk.answers import asking, raise_for_refusal
from connectors.zendesk.changes import AUDIT_KEY, build_body, marker_tag
from triage.actions import UpdateTicket
from triage.tickets import Comment, Organization, Requester, Ticket

logger = logging.getLogger(__name__)
# At debug level zenpy logs whole bodies, customers' text included.
logging.getLogger("zenpy").setLevel(logging.INFO)

TIMEOUT_S = (5.0, 10.0)
MAX_WRITES = 3
EXPORT_PAGE = 500
# https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
EXPORT_DELAY = timedelta(seconds=61)
KEPT_SESSIONS = 16
FINAL = frozenset({"closed", "deleted"})


class ZendeskHelpdesk:
    """A connected Zendesk account; see `connectors.base.Helpdesk` for what each verb promises."""

    name: ClassVar[str] = "zendesk"
    features: ClassVar[frozenset[Feature]] = frozenset({Feature.SAFE_UPDATE, Feature.INCREMENTAL_EXPORT})

    def __init__(self, connection: Connection, *, now: Callable[[], datetime], session: requests.Session) -> None:
        self._field_ids = connection.fields
        self._now = now
        config = _zenpy_config(session)
        self._tickets = _at(_Tickets(config), connection.base_url)
        self._users = _at(_Users(config), connection.base_url)
        self._organizations = _at(_Organizations(config), connection.base_url)

    def ticket(self, ref: str) -> Ticket:
        return self._read(ref).normalised(self._field_ids)

    def comments(self, ref: str) -> tuple[Comment, ...]:
        with asking("comments"):
            answers = self._tickets.comments(_known_id(ref))
            found = [wire.Comment.model_validate(each.to_dict()).normalised() for each in answers]
        return tuple(sorted(found, key=lambda comment: (comment.created_at, int(comment.id))))

    def requester(self, requester_id: str) -> Requester:
        with asking("requester"):
            return self._user(requester_id)

    def agent(self, user_id: str) -> Requester:
        """The agent by name and role: `agent`, `admin`, or `end_user` for somebody who is none."""
        with asking("agent"):
            return self._user(user_id)

    def organization(self, organization_id: str) -> Organization:
        with asking("organization"):
            answer = self._organizations(id=_known_id(organization_id))
            return wire.Organization.model_validate(answer.to_dict()).normalised()

    def tickets(self, *, cursor: str | None, updated_since: datetime) -> Iterator[tuple[tuple[Ticket, ...], str]]:
        """Pages of the incremental export; the address of the next page in the answer is never followed.

        A ticket that cannot be read is logged and left out, so that it cannot hold up all others.
        """
        while True:
            with asking("tickets"):
                answer = self._tickets.incremental(**self._export_place(cursor, updated_since), per_page=EXPORT_PAGE)
                page = wire.Page.model_validate(vars(answer))
                rows = [each.to_dict() for each in answer.values or ()]
            if page.after_cursor is None:
                if rows:
                    raise Unavailable("Zendesk sent a page without a cursor", vendor=self.name, operation="tickets")
                return
            yield tuple(self._readable(rows)), page.after_cursor
            if page.end_of_stream or page.after_cursor == cursor:
                return
            cursor = page.after_cursor

    def update_ticket(self, change: UpdateTicket, *, key: str, verify: bool = False) -> Receipt:
        """See `Helpdesk.update_ticket`; a 409 is answered by reading again, up to 3 writes in all."""
        marker = marker_tag(key)
        for _ in range(MAX_WRITES):
            current = self._read(change.ticket_ref)
            if marker in (current.tags or ()):
                return Receipt(applied=False, status=None, evidence=f"tag {marker} is on the ticket")
            if verify and (audit := self._audit_of(change.ticket_ref, key)):
                return Receipt(applied=False, status=None, evidence=f"audit {audit} carries the key")
            if current.status in FINAL:
                raise Rejected(
                    f"ticket {current.id} is {current.status} and takes no change",
                    details={"status": current.status},
                    vendor=self.name,
                    operation="update_ticket",
                )
            body = build_body(change, current, self._field_ids, key)
            if body is None:
                return Receipt(applied=False, status=None, evidence="the ticket is already as asked for")
            try:
                return self._write(current.id, body)
            except Conflict as conflict:
                last = conflict
        raise last

    def _write(self, ref: str, body: Mapping[str, Any]) -> Receipt:
        update = ZenpyTicket(id=int(ref))
        for name, value in body.items():
            setattr(update, name, value)
        with asking("update_ticket", write=True):
            answer = self._tickets.update(update)
            audit = getattr(answer, "audit", None)
            audit_id = getattr(audit, "id", None)
            if audit_id is None and not isinstance(getattr(answer, "ticket", answer), ZenpyTicket):
                raise OutcomeUnknown("Zendesk answered 2xx without the ticket; the change may have been applied")
        return Receipt(applied=True, status=200, evidence=f"audit {audit_id}" if audit_id else f"ticket {ref}")

    def _read(self, ref: str) -> wire.Ticket:
        with asking("ticket"):
            return wire.Ticket.model_validate(self._tickets(id=_known_id(ref)).to_dict())

    def _user(self, user_id: str) -> Requester:
        return wire.User.model_validate(self._users(id=_known_id(user_id)).to_dict()).normalised()

    def _audit_of(self, ref: str, key: str) -> str | None:
        """The id of the audit that an earlier try of ours left."""
        with asking("audits"):
            audits = (wire.Audit.model_validate(each.to_dict()) for each in self._tickets.audits(_known_id(ref)))
            return next((audit.id for audit in audits if audit.carries(AUDIT_KEY, key)), None)

    def _export_place(self, cursor: str | None, updated_since: datetime) -> dict[str, Any]:
        if cursor is not None:
            return {"cursor": cursor}
        return {"start_time": max(0, int(min(updated_since, self._now() - EXPORT_DELAY).timestamp()))}

    def _readable(self, rows: list[dict[str, Any]]) -> Iterator[Ticket]:
        for row in rows:
            try:
                yield wire.Ticket.model_validate(row).normalised(self._field_ids)
            except ValidationError as error:
                fields = sorted({str(problem["loc"][0]) for problem in error.errors()})
                logger.warning("ticket %s of the export cannot be read: %s", row.get("id"), ", ".join(fields))


def connect(connection: Connection, *, now: Callable[[], datetime]) -> ZendeskHelpdesk:
    """A client for this tenant; makes no request."""
    return ZendeskHelpdesk(connection, now=now, session=_session(connection))


def fetch_sidebar_key(connection: Connection) -> str:
    """The app's PEM key; `connection.settings["app_id"]` says which app.

    Source: https://developer.zendesk.com/api-reference/ticketing/apps/apps/ (public key of an app)
    """
    app_id = str(connection.settings.get("app_id") or "")
    if not app_id.isdecimal():
        raise Rejected("the connection does not know its app id", vendor="zendesk", operation="fetch_sidebar_key")
    with asking("fetch_sidebar_key"):
        response = _session(connection).get(f"{connection.base_url.rstrip('/')}/api/v2/apps/{app_id}/public_key.pem")
        key = response.text.strip()
        if not (key.startswith("-----BEGIN") and "PUBLIC KEY-----" in key.partition("\n")[0]):
            raise Unavailable("Zendesk's answer is not a PEM public key", status=response.status_code)
    return key


class _OwnAddress:
    """zenpy builds `https://{subdomain}.{domain}`; this lets a tenant live at any address, loopback included."""

    netloc = ""

    @property
    def base_url(self) -> str:
        return self.netloc


class _Tickets(_OwnAddress, TicketApi):  # type: ignore[misc]
    pass


class _Users(_OwnAddress, UserApi):  # type: ignore[misc]
    pass


class _Organizations(_OwnAddress, OrganizationApi):  # type: ignore[misc]
    pass


def _zenpy_config(session: requests.Session) -> dict[str, Any]:
    """What `zenpy.Zenpy` hands to each of its APIs; building only the three in use takes a tenth of its 0.6 ms."""
    return {
        "domain": "zendesk.com",
        "subdomain": "unused",
        "session": session,
        "timeout": TIMEOUT_S,
        "ratelimit": None,
        "ratelimit_budget": None,
        "ratelimit_request_interval": 10,
        "cache": ZenpyCacheManager(disabled=True),
    }


def _at(api: BaseApi, base_url: str) -> Any:
    parts = urlsplit(base_url)
    api.netloc = parts.netloc
    api.protocol = parts.scheme
    api.api_prefix = f"{parts.path.strip('/')}/{api.api_prefix}".lstrip("/")
    return api


_kept = threading.local()


def _session(connection: Connection) -> requests.Session:
    """This thread's session for the tenant; a new token gets a new one, the longest unused is closed."""
    sessions: OrderedDict[tuple[str, str, str], requests.Session] = _kept.__dict__.setdefault("sessions", OrderedDict())
    place = (connection.tenant, connection.base_url, connection.token)
    session = sessions.pop(place, None)
    if session is None:
        token = connection.token
        session = build_session(auth=lambda: token, timeout_s=TIMEOUT_S, origin=connection.base_url)
        session.hooks["response"].append(raise_for_refusal)
    sessions[place] = session
    while len(sessions) > KEPT_SESSIONS:
        sessions.popitem(last=False)[1].close()
    return session


def _known_id(ref: str) -> str:
    """`ref` when it can be a Zendesk id; keeps anything else out of the path."""
    if not (ref.isascii() and ref.isdecimal() and int(ref) > 0):
        raise NotFound(f"{ref[:40]!r} is not a Zendesk id", vendor="zendesk")
    return ref
