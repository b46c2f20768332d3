"""What customers were shown, opened and wrote afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from connectors.store import Store
from connectors.store.article_rows import HELPDESK
from tests.conftest import ToldClock, new_tenant
from triage.articles import Article, Audience
from triage.deflection import WITHIN


@pytest.fixture
def articles(store: Store, tenant: str, clock: ToldClock) -> list[int]:
    now = clock()
    found = [
        Article(
            ref=ref, locale="en", title=ref, body_html="<p>Text</p>", section=(), labels=(),
            audience=Audience.EVERYONE, created_at=now, updated_at=now,
        )
        for ref in ("1", "2")
    ]  # fmt: skip
    reads = store.articles.compare(tenant, HELPDESK, found)
    with store.database.write() as transaction:
        store.articles.keep_in(transaction, tenant, HELPDESK, reads, now=now)
    return [each.id for each in store.articles.find(tenant)]


def write(store: Store, person: str, ref: str, at: datetime, tenant: str = "acme") -> None:
    with store.database.write() as transaction:
        store.readings.wrote_in(transaction, tenant, person=person, ticket_ref=ref, at=at)


def test_shown_opened_and_written_are_kept_once(store: Store, articles: list[int], clock: ToldClock) -> None:
    now, readings = clock(), store.readings
    for _ in range(2):
        readings.show("acme", person="p", visit="v", article_ids=articles, now=now)
    assert readings.open("acme", visit="v", article_id=articles[0], now=now + timedelta(minutes=1))
    assert readings.open("acme", visit="v", article_id=articles[0], now=now + timedelta(hours=1))
    assert not readings.open("acme", visit="another", article_id=articles[0], now=now)
    write(store, "p", "12", now + timedelta(hours=5))
    write(store, "p", "11", now + timedelta(hours=4))
    write(store, "p", "13", now + timedelta(hours=6))
    write(store, "q", "14", now + timedelta(hours=1))
    shown = readings.shown("acme", since=now)
    assert [each.read_at for each in shown] == [now + timedelta(minutes=1), None]
    assert {each.ticket_at for each in shown} == {now + timedelta(hours=4)}


def test_a_ticket_before_or_long_after_is_not_about_it(store: Store, articles: list[int], clock: ToldClock) -> None:
    now = clock()
    store.readings.show("acme", person="p", visit="v", article_ids=articles[:1], now=now)
    write(store, "p", "1", now)
    write(store, "p", "2", now + 2 * WITHIN + timedelta(hours=1))
    assert [each.ticket_at for each in store.readings.shown("acme", since=now)] == [None]


def test_tenants_are_apart_and_old_rows_go(store: Store, articles: list[int], clock: ToldClock) -> None:
    now, readings = clock(), store.readings
    store.tenants.add(new_tenant("other"), webhook_token="other-token", now=now)
    readings.show("acme", person="p", visit="v", article_ids=articles, now=now)
    write(store, "p", "1", now + timedelta(hours=1), tenant="other")
    assert not readings.open("other", visit="v", article_id=articles[0], now=now)
    assert readings.shown("other", since=now) == []
    assert readings.is_watching("acme", now + timedelta(hours=1))
    assert not readings.is_watching("acme", now)
    assert not readings.is_watching("acme", now + 3 * WITHIN)
    assert not readings.is_watching("other", now + timedelta(hours=1))
    assert readings.tidy("other", before=now + timedelta(days=1)) == 0
    assert readings.tidy("acme", before=now) == 0
    assert readings.tidy("acme", before=now + timedelta(days=1)) == 2


def test_an_article_that_is_none_cannot_be_shown(store: Store, articles: list[int], clock: ToldClock) -> None:
    with pytest.raises(IntegrityError):
        store.readings.show("acme", person="p", visit="v", article_ids=[10**6], now=clock())
