"""An in-memory `SidebarDeps`, and the tickets, customers and decisions the panel's tests tell about."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sidebar_app import (
    ArticleRefused,
    CorrectionRefused,
    HelpdeskDown,
    OpenedSession,
    Session,
    SessionEnded,
    SessionRefused,
    TicketNotFound,
)
from tests.sidebar_app.answers import REPLAY
from tests.triage.sla.stories import WITH_LADDER, service_down
from triage.context import Correction, Names, PanelAnswer, PanelClocks, PanelView, WriteBack, panel
from triage.decisions import Alternative, Decision, Outcome, Prediction
from triage.panel_clock import panel_clocks
from triage.panel_view import PanelArticle
from triage.sla.case import case
from triage.sla.log import Acknowledged, Event, FactsSet, PrioritySet, StatusSet
from triage.suggestions import Act
from triage.tickets import Channel, Organization, Priority, Requester, Status, Ticket

HELD_S = 60
"""A search that is held this long was forgotten by its test."""
NOW = datetime(2026, 11, 17, 13, 24, tzinfo=UTC)
NAMES = Names(
    categories={
        "webhook_delivery": "Webhook delivery",
        "api_errors": "API errors",
        "import_export": "Import/export",
        "invoice_copy": "Invoice copy",
        "seats_plan": "Seats and plan",
        "refund": "Refund",
    },
    areas={"integrations": "Integrations EU"},
)
GROUPS = {"api_errors": "Platform API", "invoice_copy": "Billing"}
TICKET = Ticket(
    ref="48213",
    subject="No events",
    description="no webhook events since the certificate change",
    status=Status.OPEN,
    priority=Priority.P2,
    channel=Channel.EMAIL,
    tags=(),
    requester_id="7",
    organization_id="9",
    group_id=None,
    assignee_id=None,
    created_at=NOW - timedelta(minutes=38),
    updated_at=NOW,
    version="1",
)
REQUESTER = Requester(
    id="7", name="Nadja Krüger", email="nadja@nordlicht.example", organization_id="9", time_zone="Europe/Berlin"
)
ORGANIZATION = Organization(
    id="9",
    name="Nordlicht Logistik",
    fields={
        "tier": "enterprise",
        "seats": "60",
        "arr": "84000",
        "currency": "EUR",
        "renewal_on": "2027-01-18",
        "owner": "Ida Blom",
    },
)


def prediction(category: str, confidence: float, *others: tuple[str, float], phrases: tuple[str, ...]) -> Prediction:
    return Prediction(
        category=category,
        confidence=confidence,
        alternatives=(
            Alternative(category=category, confidence=confidence),
            *(Alternative(category=key, confidence=share) for key, share in others),
        ),
        phrases=phrases,
        neighbours=(),
        model_version="14",
    )


SURE = Decision(
    outcome=Outcome.TRIAGED,
    category="webhook_delivery",
    product_area="integrations",
    priority=Priority.P2,
    group="Integrations EU",
    confidence=0.915,
    floor=0.8,
    reasons=("P2: severity 2, Enterprise",),
    actions=(),
    prediction=prediction(
        "webhook_delivery",
        0.915,
        ("api_errors", 0.04),
        ("import_export", 0.02),
        phrases=("no webhook events since the certificate change",),
    ),
    taxonomy_version="12",
)
UNSURE = replace(
    SURE,
    outcome=Outcome.SENT_TO_HUMAN,
    category=None,
    product_area=None,
    priority=None,
    group=None,
    confidence=0.46,
    reasons=(),
    prediction=prediction(
        "invoice_copy",
        0.46,
        ("seats_plan", 0.38),
        ("refund", 0.09),
        phrases=("copy of the October invoice", "remove four seats"),
    ),
)
SKIPPED = replace(
    UNSURE,
    outcome=Outcome.SKIPPED,
    reasons=("An agent set the category before Deskhand read the ticket",),
    prediction=None,
)


BEGAN = NOW - timedelta(minutes=38)
RUNNING: tuple[Event, ...] = (
    StatusSet(at=BEGAN, status=Status.OPEN),
    FactsSet(at=BEGAN, facts={"tier": ("enterprise",)}),
    PrioritySet(at=BEGAN, priority=Priority.P2),
)
"""P2, open for 38 minutes: the first reply is due in 22."""
PAGED = service_down(1, 2, at=NOW)
AGENT = "12"
"""The helpdesk's id of Priya Nair, who was paged."""


def clocks(log: tuple[Event, ...] = RUNNING, *, at: datetime = NOW) -> PanelClocks:
    return panel_clocks(case(log, WITH_LADDER, at), zone="Europe/Berlin", user_id=AGENT)


def view(**changes: object) -> PanelView:
    given: dict[str, object] = {
        "ticket": TICKET,
        "requester": REQUESTER,
        "organization": ORGANIZATION,
        "decision": SURE,
        "correction": None,
        "write_back": WriteBack.DONE,
        "names": NAMES,
        "now": NOW,
        "zone": "Europe/Berlin",
    }
    return panel(**(given | changes))  # type: ignore[arg-type]


class FakeSidebar:
    """Sessions, tickets and corrections in dicts. `delays` makes a ticket slow, `may_search` holds searches
    back, `down` makes the helpdesk silent."""

    def __init__(self, host_origin: str = "https://fieldline.zendesk.com") -> None:
        self.host_origin = host_origin
        self.bearers: set[str] = set()
        self.views: dict[str, dict[str, object]] = {"48213": {}}
        self.delays: dict[str, float] = {}
        self.may_search = threading.Event()
        self.may_search.set()
        self.down: HelpdeskDown | None = None
        self.renewable = True
        self.panel_token = "panel-token"
        self.agents = {"7": "Priya Nair"}
        self.panel_calls = 0
        self.log: tuple[Event, ...] = ()
        self.acts: list[tuple[int, Act]] = []
        self.words: list[str] = []
        self.refusal = ""
        self.away = False
        """Why no article can be used any more, and whether asking for one fails altogether."""

    def open(self, vendor: str, *, origin: str, token: str) -> OpenedSession:
        if token != "good":
            raise SessionRefused("The helpdesk's signature is not valid.", host_origin=self.host_origin)
        return self._issue(vendor)

    def _issue(self, vendor: str) -> OpenedSession:
        bearer = f"bearer-{len(self.bearers)}"
        self.bearers.add(bearer)
        return OpenedSession(
            bearer=bearer, host_origin=self.host_origin, expires_in_s=600, vendor=vendor, tenant_name="Fieldline"
        )

    def resume(self, bearer: str) -> Session:
        if bearer not in self.bearers:
            raise SessionEnded
        return Session(
            tenant="t1", vendor="zendesk", user_id="u1", user_name="Priya Nair", role="agent", expires_at=NOW
        )

    def installed(self, token: str, agent_id: str) -> Session:
        if token != self.panel_token or agent_id not in self.agents:
            raise SessionEnded
        return Session(
            tenant="t1",
            vendor="freshdesk",
            user_id=agent_id,
            user_name=self.agents[agent_id],
            role="agent",
            expires_at=NOW,
        )

    def renew(self, bearer: str) -> OpenedSession:
        if not self.renewable:
            raise SessionEnded
        return self._issue("zendesk")

    def panel(self, session: Session, ticket_ref: str) -> PanelView:
        self.panel_calls += 1
        time.sleep(self.delays.get(ticket_ref, 0))
        if self.down:
            raise self.down
        if ticket_ref not in self.views:
            raise TicketNotFound
        given = {"ticket": replace(TICKET, ref=ticket_ref), **self.views[ticket_ref]}
        if self.log:
            given["clocks"] = clocks(self.log)
        return view(**given)

    def correct(self, session: Session, ticket_ref: str, category: str) -> PanelView:
        if category == "refund":
            raise CorrectionRefused("The ticket was closed a moment ago. Its category can no longer change.")
        self.views[ticket_ref]["correction"] = Correction(
            category=category,
            by_name=session.user_name,
            at=NOW + timedelta(minutes=1),
            undone=False,
            group=GROUPS.get(category),
            by_you=True,
        )
        return self.panel(session, ticket_ref)

    def undo(self, session: Session, ticket_ref: str) -> PanelView:
        given = self.views[ticket_ref].get("correction")
        if not isinstance(given, Correction):
            raise CorrectionRefused("There is no correction to undo.")
        self.views[ticket_ref]["correction"] = replace(given, undone=True)
        return self.panel(session, ticket_ref)

    def acknowledge(self, session: Session, ticket_ref: str) -> PanelView:
        self.log = (*self.log, Acknowledged(at=NOW - timedelta(seconds=1), by=session.user_name, way="panel"))
        return self.panel(session, ticket_ref)

    def article(self, session: Session, ticket_ref: str, article_id: int, act: Act, note: str) -> PanelView:
        self._refuse()
        self.acts.append((article_id, act))
        answer = self._answer(ticket_ref)
        marked = tuple(acted(each, act) if each.id == article_id else each for each in answer.articles)
        self.views[ticket_ref]["answer"] = replace(answer, articles=marked)
        return self.panel(session, ticket_ref)

    def search(self, session: Session, ticket_ref: str, words: str) -> PanelView:
        self._refuse()
        assert self.may_search.wait(HELD_S), "a search was held and never let go"
        self.words.append(words)
        found = PanelAnswer(summary=f"1 article for “{words}”", articles=(REPLAY,), asked=words)
        return replace(self.panel(session, ticket_ref), answer=found)

    def _refuse(self) -> None:
        if self.away:
            raise RuntimeError("away")
        if self.refusal:
            raise ArticleRefused(self.refusal)

    def _answer(self, ticket_ref: str) -> PanelAnswer:
        answer = self.views[ticket_ref].get("answer")
        assert isinstance(answer, PanelAnswer)
        return answer

    def categories(self, session: Session) -> tuple[tuple[str, str], ...]:
        return tuple(NAMES.categories.items())


def acted(article: PanelArticle, act: Act) -> PanelArticle:
    """As it looks after Priya Nair used it."""
    said = {
        Act.INSERT_TEXT: ("used", "Text inserted 14:24, by you"),
        Act.INSERT_LINK: ("used", "Link inserted 14:24, by you"),
        Act.NOT_HELPFUL: ("judged", "Not helpful, you said at 14:24"),
        Act.FLAG: ("flagged", "Flagged to Ida Blom 14:24, by you"),
    }
    name, words = said[act]
    return replace(article, **{name: words})
