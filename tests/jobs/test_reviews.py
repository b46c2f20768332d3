"""A release through the line: sent in, held against the help centre, its owners told, and what they say of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app, demo_releases
from app.demo import demo_rules
from app.intake_auth import signature
from app.knowledge.reading import read_helpdesk
from app.knowledge.refreshing import refresh_index
from app.knowledge.searching import Shelf
from connectors.store.config import KNOWLEDGE, SLA
from connectors.store.review_rows import Outcome, StoredReview
from connectors.store.schema import inbox, outbox
from jobs.schedule import timetable
from tests.jobs.conftest import Desk
from triage.articles import State
from triage.search.audience import Reader

QUERY = "certificate issuer trust webhooks mutual TLS"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Its help centre was read; only reviews are on the timetable."""
    desk.clock.at = datetime.now(UTC)
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "reviews")
    desk.store.config.save("acme", SLA, demo_rules(), by="test", why="", now=desk.clock())
    desk.store.config.save("acme", KNOWLEDGE, demo_releases.demo_rules(), by="test", why="", now=desk.clock())
    assert read_helpdesk(desk.run.deps, "acme", full=True, waits=True).complete
    refresh_index(desk.run.deps, "acme", lambda: desk.run.triager.encoder)
    return desk


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return create_app(desk.run.deps.settings, desk.run.deps).test_client()


def ask(desk: Desk, client: FlaskClient, path: str, body: dict[str, Any] | None = None) -> Any:
    """Signed, as a program does."""
    key = desk.store.api_keys.add("acme", "train", now=desk.clock())
    raw = path.encode() if body is None else json.dumps(body).encode()
    stamp = str(int(desk.clock().timestamp()))
    headers = {"X-Deskhand-Key": key.id, "X-Deskhand-Timestamp": stamp}
    headers["X-Deskhand-Signature"] = signature(key.secret, stamp, raw)
    if body is None:
        return client.get(path, headers=headers).get_json()
    return client.post(path, data=raw, headers=headers, content_type="application/json").get_json()


def work(desk: Desk, **later: float) -> list[str]:
    """Let the job run when it is due again; the notes of its runs that did something."""
    desk.clock.forward(**(later or {"seconds": 6}))
    desk.work()
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox).where(inbox.c.kind == "reviews").order_by(inbox.c.id)).all()
    assert {row.state for row in rows} <= {"done", "parked"}
    return [row.error for row in rows]


def titles(found: list[StoredReview]) -> set[str]:
    return {each.article.article.title for each in found}


def offered(desk: Desk, reader: Reader) -> list[str]:
    shelf = Shelf.open(desk.run.deps, "acme", desk.run.triager.encoder)
    return [each.article.title for each, _ in shelf.search(QUERY, reader)]


CERTIFICATES = "Which certificates to trust for webhooks and mutual TLS"


def test_a_release_that_is_sent_in_opens_reviews_and_tells_their_owners(desk: Desk, client: FlaskClient) -> None:
    told = ask(desk, client, "/api/releases", demo_releases.RELEASES[1])
    assert told["reviews"] is None
    [note] = work(desk)
    queue = desk.store.reviews.open("acme")
    assert {CERTIFICATES, "Exports stop or are incomplete"} <= titles(queue)
    assert len(queue) < len(desk.store.articles.find("acme")) / 4
    assert note.startswith(f"release 4.6: {len(queue)} to check; ")
    counts = ask(desk, client, f"/api/releases/{told['id']}")["reviews"]
    assert counts == {"opened": len(queue), "open": len(queue)}
    assert {each.owner for each in queue if each.article.article.title == CERTIFICATES} == {"jonas"}
    sent = [each.payload["to"] for each in mails(desk)]
    assert "jonas.weber@fieldline.example" in sent
    assert len(set(sent)) == len(sent), "one mail for each owner"
    assert work(desk) == [note], "nothing more to do"
    ask(desk, client, "/api/releases", demo_releases.RELEASES[1])
    assert work(desk) == [note], "the same release again"


def mails(desk: Desk) -> list[Any]:
    with desk.store.database.read() as connection:
        return list(connection.execute(select(outbox).where(outbox.c.kind == "send_mail").order_by(outbox.c.id)))


def test_an_outdated_article_is_offered_to_no_customer(desk: Desk, client: FlaskClient) -> None:
    ask(desk, client, "/api/releases", demo_releases.RELEASES[1])
    work(desk)
    visitor, agent = Reader(), Reader(is_agent=True)
    [due] = [each for each in desk.store.reviews.open("acme") if each.article.article.title == CERTIFICATES]
    assert due.article.state is State.REVIEW_DUE
    before = offered(desk, agent)
    assert CERTIFICATES in before
    shown = offered(desk, visitor)
    desk.store.reviews.close_all("acme", due.article.id, Outcome.OUTDATED, by="Jonas", now=desk.clock())
    assert CERTIFICATES not in offered(desk, visitor)
    assert CERTIFICATES in offered(desk, agent), "with a warning"
    desk.store.reviews.close_all("acme", due.article.id, Outcome.STILL_RIGHT, by="Jonas", now=desk.clock())
    assert offered(desk, visitor) == shown
    kept = desk.store.articles.some("acme", [due.article.id])[due.article.id]
    assert (kept.verified_by, kept.verified_for) == ("Jonas", "4.6")


def test_rules_that_cannot_be_read_are_told_of_once(desk: Desk) -> None:
    desk.store.config.save("acme", KNOWLEDGE, {"reviews": {}}, by="test", why="", now=desk.clock())
    work(desk)
    work(desk)
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox.c.state).where(inbox.c.kind == "reviews")).scalars().all()
    assert rows == ["parked"]
    desk.store.config.save("acme", KNOWLEDGE, {}, by="test", why="", now=desk.clock())
    desk.store.releases.add("acme", "4.6", notes="- Faster.", source="api", now=desk.clock())
    work(desk)
    assert desk.store.releases.waiting("acme") == []
