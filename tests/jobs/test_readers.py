"""Who was shown articles before and writes a ticket all the same is noticed when the ticket is read."""

from __future__ import annotations

from datetime import timedelta

from app.knowledge.readers import person_of
from connectors.store.article_rows import HELPDESK
from tests.jobs.conftest import Desk
from tests.triage.search.shelf import SHELF


def test_a_ticket_of_who_was_shown_articles_is_noted_with_them(desk: Desk) -> None:
    reads = desk.store.articles.compare("acme", HELPDESK, SHELF)
    with desk.store.database.write() as transaction:
        desk.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=desk.clock())
    article_id = desk.store.articles.find("acme")[0].id
    ref = desk.ticket("Export", "The export stops at 80 %.")
    created = desk.run.helpdesk("acme").ticket(ref).created_at
    for name, before in (("nadja@nordlicht.example", 1), ("nadja@nordlicht.example", 200), ("kim@other.example", 1)):
        desk.store.readings.show(
            "acme",
            person=person_of(desk.run.deps, name),
            visit=f"{name} {before}",
            article_ids=[article_id],
            now=created - timedelta(hours=before),
        )
    desk.event(ref, "one")
    desk.work()
    shown = desk.store.readings.shown("acme", since=created - timedelta(days=30))
    noted = {(each.person, each.shown_at) for each in shown if each.ticket_at == created}
    assert noted == {(person_of(desk.run.deps, "NADJA@nordlicht.example"), created - timedelta(hours=1))}
