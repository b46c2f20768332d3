"""Every ticket that is read gets its articles, and is routed whether they were found or not."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.knowledge import indexing
from app.knowledge.reading import read_helpdesk
from app.knowledge.refreshing import refresh_index
from app.knowledge.suggesting import KEPT_FOR, NO_INDEX, Shelves
from connectors.encoder import Encoder, Vectors
from connectors.queue import TimedOut
from connectors.store.suggestions import Suggestion, Suggestions
from connectors.store.tallies import SUGGESTION_FAILED
from connectors.store.tenants import SHADOW
from jobs.schedule import timetable
from jobs.triager import Triager
from tests.jobs.conftest import Desk
from tests.triage.search.shelf import article as plain_article

SUBJECT = "I cannot sign in"
BODY = "I have forgotten my password, and the mail to reset my password does not arrive in my inbox."


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With a small help centre that was read and can be searched."""
    state = desk.helpdesk.simulator.state
    for each in list(state.articles.values())[4:]:
        del state.articles[each.id]
    read_helpdesk(desk.run.deps, "acme")
    refresh_index(desk.run.deps, "acme", lambda: desk.run.triager.encoder)
    return desk


def arrive(desk: Desk, key: str = "1", *, subject: str = SUBJECT, body: str = BODY) -> str:
    ref = desk.ticket(subject, body)
    desk.event(ref, key)
    desk.work()
    return ref


def kept(desk: Desk, ref: str) -> Suggestion:
    found = desk.store.suggestions.of("acme", ref)
    assert found is not None
    return found


def failures(desk: Desk) -> int:
    return sum(each.value for each in desk.store.tallies.all() if each.name == SUGGESTION_FAILED)


def test_a_ticket_gets_its_articles_with_the_decision(desk: Desk) -> None:
    ref = arrive(desk)
    found = kept(desk, ref)
    assert found.found[0].title == "Reset your password"
    assert found.found[0].locale[:2] == "en", "the ticket was written in English"
    assert found.sure == max(each.sure for each in found.found)
    assert SUBJECT in found.query
    assert BODY in found.query
    assert found.encoder == desk.run.triager.encoder.id
    assert found.index_version == indexing.place_of(desk.run.deps, "acme").in_use()
    assert {"passage", "title", "words", "passage_words", "area", "late"} <= set(found.found[0].signals)
    decided = desk.store.decisions.latest("acme", ref)
    assert decided is not None
    assert found.product_area == decided.decision.product_area
    assert desk.states() == []


def test_a_german_ticket_gets_the_german_text(desk: Desk) -> None:
    body = "Ich habe mein Passwort vergessen und möchte es zurücksetzen, aber es kommt keine Nachricht bei mir an."
    found = kept(desk, arrive(desk, subject="Anmeldung geht nicht", body=body)).found
    assert (found[0].title, found[0].locale) == ("Passwort zurücksetzen", "de")
    assert len({each.key for each in found}) == len(found), "an article is suggested once"


def test_the_ticket_is_encoded_once(desk: Desk, triager: Triager) -> None:
    encoded: list[str] = []

    def run(texts: list[str]) -> Vectors:
        encoded.extend(texts)
        return triager.encoder.encode(texts)

    own = Encoder(id=triager.encoder.id, run=run, cache_size=0)
    desk.run.__dict__["triager"] = Triager(own, triager.shipped, triager.taxonomy)
    assert kept(desk, arrive(desk)).found
    assert len(encoded) == 1


def test_in_shadow_mode_too(desk: Desk) -> None:
    desk.store.tenants.set_mode("acme", SHADOW)
    ref = arrive(desk)
    assert desk.effects(ref) == []
    assert kept(desk, ref).found


@pytest.mark.sqlite_only  # the index is in files there
def test_before_there_is_an_index_the_question_is_kept(desk: Desk) -> None:
    place = indexing.place_of(desk.run.deps, "acme")
    (place.scratch / "current.json").unlink()
    found = kept(desk, arrive(desk))
    assert (found.found, found.index_version, found.sure) == ((), NO_INDEX, 0.0)
    assert found.vector.shape == (384,)
    assert failures(desk) == 0


def test_a_new_index_is_taken_up_by_a_running_worker(desk: Desk) -> None:
    before = kept(desk, arrive(desk, "1"))
    place = indexing.place_of(desk.run.deps, "acme")
    desk.clock.forward(minutes=1)
    gone = next(each for each in desk.store.articles.find("acme") if each.id == before.found[0].article_id)
    with desk.store.database.write() as transaction:
        reads = desk.store.articles.compare("acme", "csv:more", [plain_article("77", "Forgotten password", BODY)])
        desk.store.articles.keep_in(transaction, "acme", "csv:more", reads, now=desk.clock())
    refresh_index(desk.run.deps, "acme", lambda: desk.run.triager.encoder)
    after = kept(desk, arrive(desk, "2"))
    assert after.index_version == place.in_use() != before.index_version
    assert "csv:more/77" in {each.key for each in after.found}
    assert gone.key in {each.key for each in after.found}


def test_a_search_that_fails_does_not_fail_the_ticket(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError(BODY)

    monkeypatch.setattr(Shelves, "of", fails)
    with caplog.at_level(logging.WARNING):
        ref = arrive(desk)
    assert desk.states() == []
    assert desk.kinds(ref)
    assert desk.store.suggestions.of("acme", ref) is None
    assert failures(desk) == 1
    assert "ZeroDivisionError" in caplog.text
    assert "password" not in caplog.text


@pytest.mark.sqlite_only  # the index is in files there
def test_a_damaged_index_does_not_fail_the_ticket(desk: Desk) -> None:
    place = indexing.place_of(desk.run.deps, "acme")
    for path in (place.scratch / place.in_use()).iterdir():
        path.write_bytes(b"damaged")
    ref = arrive(desk)
    assert desk.states() == []
    assert desk.kinds(ref)
    assert failures(desk) == 1


def test_what_cannot_be_kept_does_not_fail_the_ticket(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise IntegrityError("insert", {}, Exception(BODY))

    monkeypatch.setattr(Suggestions, "keep_in", fails)
    ref = arrive(desk)
    assert desk.states() == []
    assert desk.kinds(ref)
    assert failures(desk) == 1


def test_a_job_whose_time_is_over_stops(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise TimedOut

    monkeypatch.setattr(Shelves, "of", fails)
    ref = arrive(desk)
    assert desk.store.decisions.latest("acme", ref) is None
    assert [state for _, state in desk.states()] == ["new"]


def test_what_is_old_is_forgotten(desk: Desk) -> None:
    old, new = arrive(desk, "1"), arrive(desk, "2", subject="Another")
    made = kept(desk, old)
    desk.store.suggestions.keep("acme", replace(made, made_at=desk.clock() - KEPT_FOR - timedelta(hours=1)))
    desk.clock.forward(days=2)
    desk.sweeper.timetable = tuple(each for each in timetable(desk.run.deps.settings) if each.name == "articles")
    desk.work()
    assert desk.store.suggestions.of("acme", old) is None
    assert kept(desk, new)
