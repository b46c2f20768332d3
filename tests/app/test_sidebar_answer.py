"""The section `Answer` from the search to a click: real store, real index, the sidebar's own routes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import update
from werkzeug.test import TestResponse

import sidebar_app
from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from app.knowledge.suggesting import NO_INDEX, Shelves, suggest
from app.settings import Settings
from app.sidebar import SidebarService
from app.sidebar_answer import GONE, Seen
from connectors.encoder import Encoder, Vectors
from connectors.index import build
from connectors.store import Store
from connectors.store.article_rows import HELPDESK
from connectors.store.config import KNOWLEDGE
from connectors.store.review_rows import Outcome
from connectors.store.schema import article as article_table
from sidebar_app import Session
from tests.conftest import ToldClock, new_tenant
from tests.triage.test_suggestions import entitled
from triage import panel_answer as words_of
from triage.articles import Article, Audience, Facts, State
from triage.metadata import extract
from triage.panel_view import PanelAnswer, PanelArticle
from triage.suggestions import Act
from triage.taxonomy import Taxonomy
from triage.tickets import Channel, Organization, Priority, Requester, Status, Ticket

WRITTEN = datetime(2026, 3, 1, tzinfo=UTC)
TOPICS = {
    "1": ("Webhooks stop after a certificate change", "Send the full chain, not the leaf alone. Resume deliveries."),
    "2": ("Replay missed webhook events", "Settings, Webhooks, Replay. Pick the start time; the order is kept."),
    "3": ("Reset your password", "Open the sign-in page and choose Forgot password."),
    "4": ("Export tickets to Parquet", "Choose Export and the format Parquet."),
}
QUESTION = "Webhooks stopped", "Since the certificate change no webhook events arrive. We did send the full chain."
NADJA = Requester(
    id="5", name="Nadja", email="nadja@nordlicht.example", organization_id="7", locale="en", time_zone="Europe/Berlin"
)
NORDLICHT = Organization(id="7", name="Nordlicht", tags=("beta",))
TICKET = Ticket(
    ref="48213",
    subject=QUESTION[0],
    description=QUESTION[1],
    status=Status.OPEN,
    priority=Priority.P2,
    channel=Channel.EMAIL,
    tags=(),
    requester_id="5",
    organization_id="7",
    group_id=None,
    assignee_id=None,
    created_at=WRITTEN,
    updated_at=WRITTEN,
    version="1",
)
SEEN = Seen(TICKET, NADJA, NORDLICHT)


def by_words(texts: list[str]) -> Vectors:
    """Texts with the same words are alike; enough for an order, and always the same."""
    vectors = np.zeros((len(texts), 384), np.float32)
    for row, text in zip(vectors, texts, strict=True):
        for word in re.findall(r"\w{4,}", text.lower()):
            row[zlib.crc32(word[:6].encode()) % 384] += 1
    return vectors


def article(ref: str, **changes: object) -> Article:
    title, text = TOPICS.get(ref, (f"Article {ref}", f"Text of {ref}."))
    values: dict[str, object] = {
        "ref": ref,
        "locale": "en",
        "title": title,
        "body_html": f"<p>{text}</p>",
        "section": ("Help",),
        "labels": (),
        "audience": Audience.EVERYONE,
        "url": f"https://help.example/{ref}",
        "created_at": WRITTEN,
        "updated_at": WRITTEN,
    }
    return Article(**(values | changes))  # type: ignore[arg-type]


class Service(SidebarService):
    """The product's, but for who asks and what the helpdesk says of the ticket."""

    seen: Seen = SEEN
    user = Session(
        tenant="acme",
        vendor="zendesk",
        user_id="12",
        user_name="Mei Tanaka",
        role="agent",
        expires_at=WRITTEN,
        time_zone="Etc/UTC",
    )

    def resume(self, bearer: str) -> Session:
        return self.user

    def _read(self, session: Session, ticket_ref: str) -> Seen:
        return replace(self.seen, ticket=replace(self.seen.ticket, ref=ticket_ref))


@dataclass
class Desk:
    """A tenant with articles, a ticket and an open panel."""

    deps: Deps
    service: Service
    clock: ToldClock
    encoder: Encoder
    taxonomy: Taxonomy
    builds: int = 0
    shelves: Shelves = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = Shelves(self.deps)
        app = Flask(__name__)
        app.register_blueprint(sidebar_app.create_blueprint(self.service))
        self.client = app.test_client()

    @property
    def store(self) -> Store:
        return self.deps.store

    def publish(self, *articles: Article, facts: dict[tuple[str, str], Facts] | None = None) -> None:
        """As the timed job does: read, then make the index again."""
        reads = self.store.articles.compare("acme", HELPDESK, articles, facts)
        with self.store.database.write() as transaction:
            self.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=self.clock())
        self.index()

    def index(self) -> None:
        self.builds += 1
        every = self.store.articles.to_index("acme")
        build(every, self.encoder, place_of(self.deps, "acme"), built_from=f"build {self.builds}")

    def ids(self) -> dict[str, int]:
        return {each.key: each.id for each in self.store.articles.find("acme")}

    def arrive(self, ticket: Ticket = TICKET) -> None:
        """As the worker does once it has decided."""
        metadata = extract(ticket, self.taxonomy)
        made = suggest(
            self.shelves,
            "acme",
            ticket,
            self.service.seen.organization,
            metadata,
            self.encoder.encode([metadata.text])[0],
            encoder=self.encoder.id,
            product_area="webhooks",
            now=self.clock(),
        )
        assert made is not None
        self.store.suggestions.keep("acme", made)

    def look(self, words: str = "") -> PanelAnswer:
        """What the panel of the ticket says now."""
        ask = self.service.search if words else self.service.panel
        return ask(Service.user, TICKET.ref, *([words] if words else [])).answer  # type: ignore[operator]

    def offered(self, words: str = "") -> list[str]:
        """The articles that are shown, by their keys."""
        keys = {number: key for key, number in self.ids().items()}
        return [keys[each.id] for each in self.look(words).articles]

    def one(self, key: str) -> PanelArticle:
        return next(each for each in self.look().articles if each.id == self.ids()[key])

    def act(self, key: str, act: Act, note: str = "") -> PanelAnswer:
        return self.service.article(Service.user, TICKET.ref, self.ids()[key], act, note).answer

    def post(self, what: str, body: object) -> TestResponse:
        """As the page does."""
        path = f"/sidebar/panel/{TICKET.ref}/{what}"
        return self.client.post(path, json=body, headers={"Authorization": "Bearer x"})

    def rules(self, **changes: Any) -> None:
        body: dict[str, Any] = {"version": 1, **changes}
        self.store.config.save("acme", KNOWLEDGE, body, by="Ana", why="", now=self.clock())

    def events(self) -> list[tuple[str, Act]]:
        keys = {number: key for key, number in self.ids().items()}
        return [(keys[each.article_id], each.act) for each in self.store.article_events.of_ticket("acme", TICKET.ref)]


@pytest.fixture
def desk(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Desk:
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    service = Service(deps)
    return Desk(deps, service, clock, Encoder(id="by-words", run=by_words), service.taxonomy)


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """Four articles, and the ticket was read; what is hardly sure is shown too."""
    desk.rules(suggestions={"shown_from": 0.0})
    desk.publish(*map(article, TOPICS))
    desk.arrive()
    return desk


def test_the_best_articles_are_there_when_the_panel_opens(ready: Desk) -> None:
    answer = ready.look()
    assert ready.offered()[:2] == ["1", "2"]
    best = answer.articles[0]
    assert best.title == "Webhooks stop after a certificate change"
    assert best.url == "https://help.example/1"
    assert ("chain", True) in best.passage
    assert best.why
    assert best.meta.startswith("Best match.")
    assert best.quote == f"{TOPICS['1'][1]}\n\n{best.title}: {best.url}"
    assert best.link == f"{best.title}: {best.url}"
    assert answer.summary == f"{len(answer.articles)} articles"


def test_each_article_is_noted_as_shown_once(ready: Desk) -> None:
    shown = [(key, Act.SHOWN) for key in ready.offered()]
    assert ready.events() == shown
    ready.look()
    assert ready.events() == shown


def test_before_any_article_is_read_the_panel_says_who_can_change_that(desk: Desk) -> None:
    assert desk.look() == words_of.NOT_READ
    desk.arrive()
    assert desk.look() == words_of.NOT_READ
    assert desk.look("webhooks") == words_of.NOT_READ


def test_a_ticket_nobody_has_read_says_so(desk: Desk) -> None:
    desk.publish(article("1"))
    assert desk.look() == words_of.NOT_SEARCHED


def test_nothing_good_enough_is_said_and_not_shown(ready: Desk) -> None:
    ready.rules(suggestions={"shown_from": 1.0})
    assert ready.look() == words_of.NONE_FITS
    assert ready.events() == []


def test_a_ticket_that_came_before_the_articles_is_searched_when_it_is_opened(desk: Desk) -> None:
    desk.arrive()
    made = desk.store.suggestions.of("acme", TICKET.ref)
    assert made is not None
    assert (made.index_version, made.found) == (NO_INDEX, ())
    desk.publish(*map(article, TOPICS))
    assert desk.offered()[0] == "1"


def test_a_newer_index_is_searched_again_and_kept(ready: Desk) -> None:
    before = ready.store.suggestions.of("acme", TICKET.ref)
    assert before is not None
    ready.clock.forward(hours=1)
    text = "Webhooks stopped since the certificate change: no webhook events arrive until you send the full chain."
    ready.publish(article("9", title="No webhook events since the certificate change", body_html=f"<p>{text}</p>"))
    assert ready.offered()[0] == "9"
    kept = ready.store.suggestions.of("acme", TICKET.ref)
    assert kept is not None
    assert kept.found[0].key == "9"
    assert kept.index_version != before.index_version
    assert kept.made_at == before.made_at, "when the ticket was read: what is old by then is forgotten"


def test_a_closed_ticket_stays_as_it_was_answered(ready: Desk) -> None:
    kept = ready.store.suggestions.of("acme", TICKET.ref)
    ready.service.seen = replace(SEEN, ticket=replace(TICKET, status=Status.CLOSED))
    ready.publish(article("9", title="Webhooks stopped", body_html=f"<p>{QUESTION[1]}</p>"))
    assert "9" not in ready.offered()
    now = ready.store.suggestions.of("acme", TICKET.ref)
    assert now is not None
    assert kept is not None
    assert now.index_version == kept.index_version


def test_vectors_of_another_encoder_are_not_compared(ready: Desk) -> None:
    other = Encoder(id="another", run=by_words)
    build(ready.store.articles.to_index("acme"), other, place_of(ready.deps, "acme"), built_from="another")
    before = ready.store.suggestions.of("acme", TICKET.ref)
    assert ready.offered()[0] == "1"
    after = ready.store.suggestions.of("acme", TICKET.ref)
    assert before is not None
    assert after is not None
    assert after.index_version == before.index_version


@pytest.mark.sqlite_only  # the index is in files there
def test_a_damaged_index_leaves_the_last_suggestions(ready: Desk) -> None:
    place = place_of(ready.deps, "acme")
    ready.publish(article("9"))
    for path in (place.scratch / place.in_use()).iterdir():
        path.write_bytes(b"damaged")
    assert ready.offered()[0] == "1"
    assert ready.look("webhooks") == words_of.NO_INDEX


def test_what_changed_in_the_meantime_is_not_quoted(ready: Desk) -> None:
    """The text that was found is not there any more, and the index is not made again yet."""
    changed = article("1", body_html="<p>Internal only until Monday.</p>", updated_at=WRITTEN + timedelta(days=1))
    reads = ready.store.articles.compare("acme", HELPDESK, [changed])
    with ready.store.database.write() as transaction:
        ready.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=ready.clock())
    best = ready.one("1")
    assert (best.quote, best.passage, best.withheld) == ("", (), words_of.CHANGED)


def test_typed_words_are_searched_by_the_web_process(ready: Desk) -> None:
    ready.rules()
    answer = ready.look("forgot password")
    assert ready.offered("forgot password") == ["3"]
    assert answer.asked == "forgot password"
    assert ready.look("qwertzuiop").articles == ()
    assert ready.look("qwertzuiop").note


def test_typed_words_use_the_encoder_where_there_is_one(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(texts: list[str]) -> Vectors:
        asked.extend(texts)
        return by_words(texts)

    ready.rules()
    monkeypatch.setattr(ready.service.answers.typed, "encoder", lambda: Encoder(id="by-words", run=run))
    assert ready.offered("parquet export") == ["4"]
    assert asked == ["parquet export"]
    monkeypatch.setattr(ready.service.answers.typed, "encoder", lambda: Encoder(id="another", run=run))
    assert ready.offered("parquet export") == ["4"]
    assert asked == ["parquet export"], "vectors of two encoders are never compared"


def test_the_requesters_language_is_suggested(desk: Desk) -> None:
    desk.rules(suggestions={"shown_from": 0.0})
    german = article(
        "1", locale="de", title="Webhooks kommen nicht an", body_html="<p>Das Zertifikat (full chain).</p>"
    )
    desk.publish(article("1"), german)
    desk.arrive()
    desk.service.seen = replace(SEEN, requester=replace(NADJA, locale="de-AT"))
    assert [each.title for each in desk.look("webhooks full chain").articles] == [german.title]
    assert [each.title for each in desk.look().articles] == [TOPICS["1"][0]], "the ticket was written in English"
    assert "In English." in desk.look().articles[0].meta


def test_synonyms_are_the_tenants_own(ready: Desk) -> None:
    ready.rules()
    assert ready.offered("passcode") == []
    ready.rules(synonyms=[["passcode", "password"]])
    assert ready.offered("passcode") == ["3"]


def test_rules_that_cannot_be_read_leave_the_rest_of_the_panel(ready: Desk) -> None:
    ready.rules(suggestions={"shown_from": "much"})
    view = ready.service.panel(Service.user, TICKET.ref)
    assert "shown_from" in view.answer.note
    assert view.heading


def test_inserts_and_judgements_are_kept_and_said(ready: Desk) -> None:
    ready.look()
    answer = ready.act("1", Act.INSERT_TEXT)
    assert answer.articles[0].used == "Text inserted by you, 13:46"
    ready.act("1", Act.INSERT_LINK)
    ready.act("2", Act.NOT_HELPFUL, "Other menu")
    assert ready.events()[-3:] == [("1", Act.INSERT_TEXT), ("1", Act.INSERT_LINK), ("2", Act.NOT_HELPFUL)]
    assert ready.one("2").judged == "Judged not helpful by you, 13:46: Other menu"
    assert ready.one("1").used == "Link inserted by you, 13:46"


def test_a_flag_opens_one_review_for_the_owner(ready: Desk) -> None:
    ready.rules(owner="docs@fieldline.example", review={"within_days": 3})
    ready.act("1", Act.FLAG, "The menu has moved")
    ready.act("1", Act.FLAG, "The menu has moved")
    [review] = ready.store.reviews.open("acme")
    assert (review.kind, review.cause, review.owner) == ("flag", f"flag:{TICKET.ref}", "docs@fieldline.example")
    assert review.due_at == ready.clock() + timedelta(days=3)
    assert review.why == f"Mei Tanaka flagged it on ticket {TICKET.ref}: The menu has moved"
    best = ready.one("1")
    assert best.flagged == "Flagged by you, 13:46: The menu has moved"
    assert best.warning == "Review due"


def test_an_articles_own_owner_is_asked_first(desk: Desk) -> None:
    desk.publish(article("1"), facts={("1", "en"): Facts(owner="ida")})
    desk.arrive()
    desk.act("1", Act.FLAG)
    assert [each.owner for each in desk.store.reviews.open("acme")] == ["ida"]


def test_an_overdue_review_is_said_and_costs_rank(ready: Desk) -> None:
    first, second = ready.offered()[:2]
    ready.act(first, Act.FLAG)
    assert ready.offered()[:2] == [first, second]
    kept = ready.store.suggestions.of("acme", TICKET.ref)
    assert kept is not None
    ready.clock.forward(days=11)
    ready.rules(suggestions={"shown_from": kept.found[0].sure * 0.9})
    assert first not in ready.offered(), "overdue, it has to be surer"
    ready.store.reviews.close_all("acme", ready.ids()[first], Outcome.STILL_RIGHT, by="Ida", now=ready.clock())
    assert first in ready.offered()
    assert ready.one(first).meta == "Best match. Checked 13:46."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"article": 1, "verb": "shown"}, "button is not known"),
        ({"article": 1, "verb": "delete"}, "button is not known"),
        ({"article": 1, "verb": ["flag"]}, "button is not known"),
        ({"article": 1}, "button is not known"),
        ({"article": "1", "verb": "flag"}, "No article was picked"),
        ({"article": True, "verb": "flag"}, "No article was picked"),
        ({"article": 0, "verb": "flag"}, "No article was picked"),
        ({"article": 10**30, "verb": "flag"}, "No article was picked"),
        ({"article": 1, "verb": "flag", "note": 7}, "note is not a text"),
        ({"article": 99999, "verb": "flag"}, GONE),
        (["flag"], "button is not known"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(ready: Desk, body: object, said: str) -> None:
    answer = ready.post("article", body)
    assert answer.status_code == 409
    assert said in unescape(answer.text)
    assert ready.events() == []


@pytest.mark.parametrize("body", [{}, {"words": ""}, {"words": "  "}, {"words": 7}, []])
def test_a_search_without_words_is_refused(ready: Desk, body: object) -> None:
    answer = ready.post("search", body)
    assert answer.status_code == 409
    assert "Type what to search for." in answer.text


def test_the_routes_answer_with_the_panel(ready: Desk) -> None:
    used = ready.post("article", {"article": ready.ids()["1"], "verb": "insert_link", "note": ""})
    assert used.status_code == 200
    assert "Link inserted by you" in used.text
    found = ready.post("search", {"words": "forgot password"})
    assert found.status_code == 200
    assert "Reset your password" in found.text


def test_another_tenants_article_cannot_be_used(ready: Desk, store: Store, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other", now=clock())
    reads = store.articles.compare("other", HELPDESK, [article("77")])
    with store.database.write() as transaction:
        store.articles.keep_in(transaction, "other", HELPDESK, reads, now=clock())
    [theirs] = store.articles.find("other")
    answer = ready.post("article", {"article": theirs.id, "verb": "flag"})
    assert (answer.status_code, GONE in unescape(answer.text)) == (409, True)


MARKS = ("organization:7", "organization:8", "tag:beta", "segment:1")


@st.composite
def visibility(draw: Callable[..., Any]) -> dict[str, Any]:
    """Who may read an article, and in which state it is; `deleted` is one that is gone."""
    state = draw(st.sampled_from(["published", "published", "draft", "outdated"]))
    return {
        "audience": draw(st.sampled_from(Audience)),
        "allowed": draw(st.lists(st.sampled_from(MARKS), unique=True, max_size=2)),
        "is_draft": state == "draft",
        "is_outdated": state == "outdated",
        "url": draw(st.booleans()),
        "deleted": draw(st.integers(0, 9)) == 9,
    }


PEOPLE = st.sampled_from(
    [
        None,
        NADJA,
        replace(NADJA, organization_id="8"),
        replace(NADJA, organization_id=None),
        replace(NADJA, role="agent"),
    ]
)
ORGANIZATIONS = st.sampled_from([None, NORDLICHT, replace(NORDLICHT, tags=()), replace(NORDLICHT, id="8")])


def now_is(desk: Desk, each: dict[str, dict[str, Any]]) -> None:
    """Articles as the helpdesk has them now, known here; the index is of texts alone and stays."""
    with desk.store.database.write() as connection:
        for key, values in each.items():
            states = {(True, False): State.DRAFT, (False, True): State.OUTDATED}
            row = {
                "audience": values["audience"].value,
                "allowed": values["allowed"],
                "is_draft": values["is_draft"],
                "is_outdated": values["is_outdated"],
                "state": states.get((values["is_draft"], values["is_outdated"]), State.VERIFIED).value,
                "url": f"https://help.example/{key}" if values["url"] else None,
                "deleted_at": desk.clock() if values["deleted"] else None,
            }
            mine = (article_table.c.tenant == "acme", article_table.c.ref == key)
            connection.execute(update(article_table).where(*mine).values(**row))


def insertable(html: str) -> str:
    """All that a click could put into a reply."""
    return "\n".join(unescape(text) for text in re.findall(r'data-text="([^"]*)"', html))


EVERY = {key: f"secret{word}" for key, word in zip(TOPICS, ("alpha", "bravo", "carol", "delta"), strict=True)}


@hypothesis_settings(
    max_examples=120,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # the smallest case takes minutes to find
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=st.tuples(*(visibility() for _ in TOPICS)),
    after=st.tuples(*(st.none() | visibility() for _ in TOPICS)),
    requester=PEOPLE,
    organization=ORGANIZATIONS,
    channel=st.sampled_from(Channel),
)
def test_what_a_requester_may_not_read_never_gets_into_a_reply(
    secrets: Desk,
    before: tuple[dict[str, Any], ...],
    after: tuple[dict[str, Any] | None, ...],
    requester: Requester | None,
    organization: Organization | None,
    channel: Channel,
) -> None:
    """From the search of the worker over the kept suggestion and the panel to the click, and also when an article was
    narrowed, withdrawn or deleted after it was found.
    """
    desk = secrets
    desk.service.seen = Seen(replace(TICKET, channel=channel), requester, organization)
    now_is(desk, dict(zip(TOPICS, before, strict=True)))
    place = place_of(desk.deps, "acme")
    place.put_in_use(place.in_use(), built_from=f"{desk.clock.forward(seconds=1)}")
    desk.arrive()
    current = {key: later or first for key, first, later in zip(TOPICS, before, after, strict=True)}
    now_is(desk, current)

    page = desk.client.get(f"/sidebar/panel/{TICKET.ref}", headers={"Authorization": "Bearer x"}).text
    typed = desk.post("search", {"words": "webhook secret"}).text
    for key, number in desk.every.items():  # type: ignore[attr-defined]
        values = current[key]
        known = article(
            key,
            audience=values["audience"],
            allowed=tuple(values["allowed"]),
            is_draft=values["is_draft"],
            is_outdated=values["is_outdated"],
        )
        link_ok = not values["deleted"] and entitled(known, requester, organization)
        quote_ok = link_ok and (known.audience is Audience.EVERYONE or channel is Channel.IN_APP)
        for html in (page, typed):
            if not quote_ok:
                assert EVERY[key] not in insertable(html)
            if not link_ok:
                assert TOPICS[key][0] not in insertable(html)
            others = known.audience is Audience.RESTRICTED and not entitled(
                replace(known, is_outdated=False), requester, organization
            )
            if values["deleted"] or values["is_draft"] or others:
                assert TOPICS[key][0] not in html
        for verb, is_fine in (("insert_text", quote_ok), ("insert_link", link_ok and values["url"])):
            answer = desk.post("article", {"article": number, "verb": verb})
            assert answer.status_code == (200 if is_fine else 409)
            if not quote_ok:
                assert EVERY[key] not in insertable(answer.text)


@pytest.fixture
def secrets(desk: Desk) -> Desk:
    """Each article's text has a word of its own, and all are sure enough."""
    desk.rules(suggestions={"shown_from": 0.0})
    desk.publish(
        *(
            article(key, body_html=f"<p>{text} {EVERY[key]} webhook certificate chain.</p>")
            for key, (_, text) in TOPICS.items()
        )
    )
    desk.every = desk.ids()  # type: ignore[attr-defined]
    return desk
