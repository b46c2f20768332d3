"""An index in PostgreSQL finds what the same index in files finds, and is replaced as safely."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from app.bootstrap import Deps
from app.knowledge.indexing import place_of
from app.settings import Settings
from connectors.index import IndexBroken, IndexMissing, build, make
from connectors.index_folder import FolderPlace
from connectors.index_postgres import PostgresPlace, is_possible
from connectors.store import Store
from connectors.store.database import Database
from tests.postgres import Postgres
from tests.triage.search.shelf import SHELF, SIGN_ON, WordEncoder, article, found, refs
from triage.search.corpus import Corpus

WORDS = [
    *("password", "pasword", "invoices", "refund", "export.maxRows", "getExportStatus", "export status", "SAML", "sso"),
    *("single sign-on", "certificate", "Konto", "löschen", "language", "the", "webhooks", "three days", "zzzz", ""),
]


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="module")
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    assert is_possible(opened)
    yield opened
    opened.close()


@pytest.fixture
def place(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> PostgresPlace:
    return PostgresPlace(database, request.node.name, tmp_path / "scratch")


@pytest.fixture(scope="module")
def both(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Corpus]:
    folder = tmp_path_factory.mktemp("index")
    stored = PostgresPlace(database, "both", folder / "scratch")
    build(SHELF, WordEncoder(), stored)
    return build(SHELF, WordEncoder(), FolderPlace(folder / "files")).corpus, stored.open().corpus


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), masked=st.sets(st.integers(0, len(SHELF) - 1)))
def test_the_same_is_found_in_the_same_order_and_for_the_same_reasons(
    both: tuple[Corpus, Corpus], query: str, masked: set[int]
) -> None:
    allowed = both[0].everything()
    allowed[list(masked)] = False
    files, stored = (found(each, query, allowed=allowed, synonyms=SIGN_ON) for each in both)
    assert [(hit.ref, hit.why, hit.passage, hit.highlights) for hit in stored] == [
        (hit.ref, hit.why, hit.passage, hit.highlights) for hit in files
    ]
    assert [hit.score for hit in stored] == pytest.approx([hit.score for hit in files], abs=1e-4)
    assert [hit.sure for hit in stored] == pytest.approx([hit.sure for hit in files], abs=1e-4)


def test_only_what_changed_is_encoded(place: PostgresPlace) -> None:
    first, second = WordEncoder(), WordEncoder()
    whole = build(SHELF, first, place)
    assert whole.encoded == first.made > 10
    assert build((article("reset", "Reset your passphrase", "<p>New.</p>"), *SHELF[1:]), second, place).encoded == 2
    assert build(SHELF, WordEncoder("others"), place).encoded == first.made


def test_a_version_is_used_only_when_told_and_named_by_its_content(place: PostgresPlace) -> None:
    old = build(SHELF, WordEncoder(), place, built_from="monday")
    made = make(SHELF[1:], WordEncoder(), place)
    assert (place.open().version, place.built_from()) == (old.version, "monday")
    place.put_in_use(made.version, built_from="tuesday")
    assert (place.open().version, place.built_from()) == (made.version, "tuesday")
    assert build(SHELF, WordEncoder(), place).version == old.version == place.in_use()


def test_old_versions_are_removed_and_say_so_to_who_still_has_them(place: PostgresPlace) -> None:
    old = build(SHELF, WordEncoder(), place)
    for number in range(6):
        build((*SHELF, article(f"new-{number}", f"New {number}")), WordEncoder(), place)
    with pytest.raises(IndexBroken, match="replaced"):
        refs(old.corpus, "password")
    with pytest.raises(IndexBroken, match="no version"):
        place.open_version(old.version)
    with pytest.raises(IndexBroken, match="no version"):
        place.put_in_use(old.version)
    assert "new-5" in refs(place.open().corpus, "new 5")


def test_tenants_see_their_own(database: Database, tmp_path: Path) -> None:
    one, other = (PostgresPlace(database, name, tmp_path / name) for name in ("one", "other"))
    build(SHELF, WordEncoder(), one)
    with pytest.raises(IndexMissing):
        other.open()
    assert (other.built_from(), dict(other.known("words"))) == ("", {})
    build([article("own", "Reset your own password")], WordEncoder(), other)
    assert refs(other.open().corpus, "password") == ["own"]
    assert "own" not in refs(one.open().corpus, "password")


def test_no_articles_are_an_index_that_finds_nothing(place: PostgresPlace) -> None:
    assert refs(build([], WordEncoder(), place).corpus, "password") == []


def test_readers_never_see_half_an_index(place: PostgresPlace) -> None:
    build(SHELF, WordEncoder(), place)
    done, wrong = threading.Event(), list[BaseException]()

    def read() -> None:
        while not done.is_set():
            try:
                assert "reset" in refs(place.open().corpus, "password")
            except BaseException as error:  # carried to the test's own thread
                wrong.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(4):
        build((*SHELF, article(f"new-{number}", f"New {number}")), WordEncoder(), place)
    done.set()
    reader.join()
    assert not wrong


def test_a_database_that_is_away_is_the_stores_error(tmp_path: Path) -> None:
    nowhere = PostgresPlace(Database(f"postgresql+psycopg://nobody@/none?host={tmp_path}"), "acme", tmp_path)
    with pytest.raises(OperationalError):
        nowhere.in_use()
    assert not is_possible(nowhere.database)


@pytest.mark.on_both
def test_an_install_keeps_its_index_where_all_its_machines_find_it(store: Store, tmp_path: Path) -> None:
    deps = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store)
    expected = FolderPlace if store.database.is_sqlite else PostgresPlace
    assert isinstance(place_of(deps, "acme"), expected)
