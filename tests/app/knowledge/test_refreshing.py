"""A new index is used unless it finds less on the tenant's own inserts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.knowledge.indexing import place_of
from connectors.index import IndexBroken
from connectors.index_folder import FolderPlace
from connectors.store import Store
from tests.app.knowledge.ground import TOPICS, Ground, mixed_up, topics
from tests.conftest import ToldClock
from tests.triage.search.shelf import WordEncoder, article


@pytest.fixture
def ground(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Ground:
    return Ground(store, clock, tmp_path)


def test_an_index_that_finds_as_much_is_used_and_kept_with_its_figures(ground: Ground) -> None:
    ground.begun()
    ground.keep([*topics(), article("new", "Giraffes", "<p>Where giraffes sleep.</p>")])
    refreshed = ground.refresh()
    assert refreshed.index is not None
    assert refreshed.judged == (
        "On 30 own queries the right article is first for 100 % (before 100 %) and in the first three for 100 % "
        "(before 100 %): not worse."
    )
    assert ground.shelf().index.version == refreshed.index.version
    [test] = ground.store.search_tests.history("acme")
    assert (test.index_version, test.is_used, test.queries, test.recall_at_1) == (refreshed.index.version, True, 30, 1)


def test_an_index_that_finds_less_is_refused_and_not_made_again(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.begun()
    before = ground.shelf().index.version
    ground.keep(mixed_up(topics(), 12))
    refreshed = ground.refresh()
    assert refreshed.index is None
    assert refreshed.refused.startswith("The index before stays in use. On 30 own queries the right article is first")
    assert "worse beyond noise (p = 0.000)" in refreshed.refused
    assert ground.shelf().index.version == before
    [test] = ground.store.search_tests.history("acme")
    assert (test.is_used, test.why) == (False, refreshed.judged)
    assert test.index_version != before
    assert len(test.worst) == 12
    assert ground.store.search_tests.newest("acme") is None, "no figures of an index that is not used"

    with monkeypatch.context() as patched:
        patched.setattr("app.knowledge.refreshing.make", None)
        assert ground.refresh().refused
    assert len(ground.store.search_tests.history("acme")) == 1

    ground.keep([*mixed_up(topics(), 12), article("new", "Giraffes", "<p>Where giraffes sleep.</p>")])
    assert ground.refresh().refused, "another content is tried"
    assert len(ground.store.search_tests.history("acme")) == 2


def test_an_admin_overrules(ground: Ground) -> None:
    ground.begun()
    ground.keep(mixed_up(topics(), 12))
    assert ground.refresh().refused
    refreshed = ground.refresh(anyway=True)
    assert refreshed.index is not None
    assert ground.shelf().index.version == refreshed.index.version
    newest = ground.store.search_tests.newest("acme")
    assert newest is not None
    assert newest.why.endswith("Used anyway.")
    assert ground.refresh().index is None, "nothing changed since"


def test_what_was_deleted_or_withdrawn_is_no_reason_to_refuse_and_never_found(ground: Ground) -> None:
    ground.begun()
    kept = topics()[:18]
    ground.keep([*kept, *(replace(each, is_draft=True) for each in topics()[18:24])])
    shelf = ground.shelf()
    assert not {entry.ref for entry in shelf.index.corpus.entries} - set(TOPICS)
    found = {stored.key for topic in TOPICS[18:] for stored, _ in shelf.search(topic, shelf.everything())}
    assert found <= set(TOPICS[:18]), "before the index is made again"
    refreshed = ground.refresh()
    assert refreshed.index is not None
    assert not refreshed.refused
    assert not refreshed.judged, "18 queries that both can answer are too few"


def test_few_queries_are_no_judgement(ground: Ground) -> None:
    ground.begun(tickets=19)
    ground.keep(mixed_up(topics(), 19))
    assert ground.refresh().index is not None
    assert ground.store.search_tests.history("acme") == []


def test_another_encoder_is_judged_and_used_since_the_old_index_cannot_be_asked(ground: Ground) -> None:
    ground.begun()

    class Blind(WordEncoder):
        def _made(self, texts: list[str]):  # type: ignore[no-untyped-def]
            return super()._made(["same"] * len(texts))

    ground.encoder = Blind("blind")
    ground.keep([replace(each, title="", body_html="<p>Text.</p>") for each in topics()])
    refreshed = ground.refresh()
    assert refreshed.index is not None
    assert refreshed.judged.endswith("Used all the same: the index before it needs the encoder words.")
    assert ground.refresh().index is None


def test_an_index_that_cannot_be_opened_is_not_used(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.begun()
    before = ground.shelf().index.version
    ground.keep(topics()[1:])
    place = type(place_of(ground.deps, "acme"))
    opens = place.open_version

    def damaged(self: FolderPlace, version: str) -> object:
        if version != before:
            raise IndexBroken("It was damaged.")
        return opens(self, version)

    with monkeypatch.context() as patched:
        patched.setattr(place, "open_version", damaged)
        told = ground.refresh()
    assert told.refused == "The new index cannot be opened, so the one before stays in use: It was damaged."
    assert ground.shelf().index.version == before
    assert ground.refresh().index is not None, "it is tried again"
