"""A connected helpdesk of any vendor, told what to do in neutral words and read through the connector alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors import registry
from connectors.base import Connection, Helpdesk, Vendor, WebhookRequest
from connectors.simulator.knobs import Knobs
from connectors.simulator.records import Change, Draft, NewComment, Origin, Ticket, User
from connectors.simulator.server import Running
from connectors.simulator.state import HelpdeskState

CATEGORIES = ("login_problem", "invoice_request", "how_to")
AREAS = ("billing", "exports")
SETTLES_IN_S = 10.0


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class World:
    """One helpdesk with one customer company, two agents and our connection to it."""

    running: Running
    vendor: Vendor
    connection: Connection
    helpdesk: Helpdesk
    inbox: list[WebhookRequest] = field(default_factory=list)

    @property
    def state(self) -> HelpdeskState:
        return self.running.simulator.state

    def person(self, email: str) -> User:
        found = self.state.user_by_email(email)
        assert found is not None, email
        return found

    def arrive(self, subject: str = "Export stops", body: str = "It stops at 40 %.", **more: Any) -> str:
        """A customer writes in; returns the ticket's ref."""
        kim = self.person("kim@acme.example")
        values: dict[str, Any] = {"requester_id": kim.id, "subject": subject, "body": body, **more}
        channel = values.pop("channel", "mail")
        ticket, _ = self.state.create_ticket(Draft(**values), Origin(actor_id=kim.id, channel=channel))
        return str(ticket.id)

    def agent_does(self, ref: str, comment: str | None = None, *, public: bool = True, **attributes: Any) -> None:
        """An agent changes the ticket in the helpdesk's own pages."""
        tags = attributes.pop("add_tags", ())
        change = Change(
            attributes=attributes,
            add_tags=tags,
            comment=NewComment(body=comment, public=public) if comment else None,
        )
        self.state.update_ticket(int(ref), change, Origin(actor_id=self.person("ana@desk.example").id, channel="web"))

    def customer_writes(self, ref: str, comment: str) -> None:
        kim = self.person("kim@acme.example")
        self.state.update_ticket(
            int(ref), Change(comment=NewComment(body=comment)), Origin(actor_id=kim.id, channel="mail")
        )

    def delete(self, ref: str) -> None:
        self.state.delete_ticket(int(ref), Origin(actor_id=self.person("ana@desk.example").id, channel="web"))

    def knobs(self, **values: Any) -> None:
        self.running.simulator.faults.set(values)

    def record(self, ref: str) -> Ticket:
        """The ticket as the helpdesk itself holds it."""
        return self.state.ticket(int(ref))

    def written(self, ref: str) -> list[str]:
        """What we did to a ticket, by kind, from the helpdesk's append-only log."""
        ours = self.state.integration_user_id
        return [
            effect.kind
            for effect in self.state.effects.since(0)
            if effect.ticket_id == int(ref) and effect.actor_id == ours and effect.kind != "create"
        ]

    def notes(self, ref: str) -> list[str]:
        """The bodies of our internal notes, as an agent reads them through the API."""
        return [each.body for each in self.helpdesk.comments(ref) if not each.public]

    def group(self, name: str) -> str:
        return self.connection.groups[name]

    def events(self, count: int = 1) -> list[WebhookRequest]:
        """The deliveries so far, once every webhook is delivered; at least `count` are expected."""
        assert self.running.simulator.face.wait_idle(SETTLES_IN_S), "webhooks still under way"
        assert len(self.inbox) >= count, f"{len(self.inbox)} of {count} deliveries came"
        return list(self.inbox)

    def parse(self, delivery: WebhookRequest, **changes: Any) -> Any:
        values = {"secrets": self.connection.webhook_secrets, "account_id": self.connection.account_id, **changes}
        return self.vendor.parse_webhook(delivery, **values)

    def again(self) -> Helpdesk:
        """Another client, as the next job would build one."""
        return self.vendor.connect(self.connection, now=utc_now)

    def long_ago(self) -> datetime:
        return utc_now() - timedelta(hours=1)


@contextmanager
def receiver(inbox: list[WebhookRequest]) -> Iterator[str]:
    """An address that takes webhooks and keeps them as the web process would see them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(urlsplit(self.path).query))
            inbox.append(WebhookRequest(headers=headers, body=body, received_at=utc_now(), query=query))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    server.shutdown()
    server.server_close()


@contextmanager
def open_world(name: str, company: Path) -> Iterator[World]:
    """A world of the vendor called `name`, without limits and without the export's last-minute delay."""
    vendor = registry.vendor(name)
    inbox: list[WebhookRequest] = []
    knobs = Knobs(export_delay_s=-2).unlimited()
    with receiver(inbox) as address, Running(vendor=name, seed_folder=company, knobs=knobs) as running:
        face = running.simulator.face
        given = face.connect(
            {"webhook_url": address, "fields": {"category": CATEGORIES, "product_area": AREAS}}, running.base_url
        )
        connection = _connection(vendor, given, face.credentials(running.base_url))
        world = World(
            running=running,
            vendor=vendor,
            connection=connection,
            helpdesk=vendor.connect(connection, now=utc_now),
            inbox=inbox,
        )
        yield world


def _connection(vendor: Vendor, given: Mapping[str, Any], credentials: Mapping[str, Any]) -> Connection:
    grant = vendor.grant(given["base_url"], credentials["sign_in"], credentials["secrets"], now=utc_now())
    return Connection(
        tenant="acme",
        vendor=vendor.name,
        base_url=given["base_url"],
        token=grant.access_token,
        scheme=grant.scheme,
        webhook_secrets=(given["signing_secret"],),
        actor_id=given["integration_user_id"],
        account_id=given["account_id"],
        groups=given["groups"],
        fields=given["fields"],
    )


Story = Callable[[World], object]


def without(connection: Connection, *names: str) -> Connection:
    """The same connection before these fields were made."""
    return replace(connection, fields={key: value for key, value in connection.fields.items() if key not in names})
