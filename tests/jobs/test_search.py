"""The daily measurement of search: only where agents insert."""

from __future__ import annotations

from sqlalchemy import select

from connectors.store.article_rows import HELPDESK
from connectors.store.schema import inbox
from connectors.store.suggestions import Suggestion
from jobs.schedule import timetable
from tests.jobs.conftest import Desk
from tests.triage.search.shelf import article
from triage.suggestions import Act


def runs(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.store.database.read() as connection:
        rows = connection.execute(select(inbox).where(inbox.c.kind == "search").order_by(inbox.c.id)).all()
    return [(row.state, row.error) for row in rows]


def test_search_is_measured_daily_where_agents_insert(desk: Desk) -> None:
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "search")
    desk.work()
    assert runs(desk) == []
    reads = desk.store.articles.compare("acme", HELPDESK, [article("1", "Reset your password", "<p>Choose it.</p>")])
    with desk.store.database.write() as transaction:
        desk.store.articles.keep_in(transaction, "acme", HELPDESK, reads, now=desk.clock())
    made = Suggestion(
        ticket_ref="7",
        query="password",
        vector=desk.run.triager.encoder.encode(["password"])[0],
        encoder=desk.run.triager.encoder.id,
        index_version="",
        ranker="shipped",
        product_area=None,
        sure=0.5,
        found=(),
        made_at=desk.clock(),
    )
    desk.store.suggestions.keep("acme", made)
    [row] = desk.store.articles.find("acme")
    desk.store.article_events.add("acme", "7", row.id, Act.INSERT_LINK, now=desk.clock(), by_id="7")
    desk.clock.forward(seconds=2)
    desk.work()
    [(state, note)] = runs(desk)
    assert state == "done"
    learned, measured = str(note).split("\n")
    assert learned == "Order of suggestions: nothing learned; 0 inserts to learn from, 100 are needed."
    assert measured.startswith("Search was not measured: ")
    desk.clock.forward(hours=23)
    desk.work()
    assert len(runs(desk)) == 1
    desk.clock.forward(hours=2)
    desk.work()
    assert len(runs(desk)) == 2
    desk.clock.forward(days=3)
    desk.work()
    assert len(runs(desk)) == 2, "nobody inserted anything lately"
