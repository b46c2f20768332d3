"""Who reads what; and whatever is asked, search brings nothing that the reader may not read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.search.shelf import SHELF, article, corpus, found
from triage.articles import Article, Audience
from triage.search.audience import VISITOR, Reader, may_be_suggested, may_read, reader_of
from triage.search.corpus import Corpus
from triage.search.kept import VectorArrays
from triage.tickets import Organization, Requester

AGENT = Reader(is_agent=True)
MEMBER = Reader(is_signed_in=True)
INSIDER = Reader(is_signed_in=True, marks=frozenset({"organization:7", "tag:beta"}))
MARKS = ("organization:7", "organization:8", "tag:beta", "segment:1", "group:2")
WORDS = [
    "password",
    "refund",
    "export",
    "invoice",
    "console",
    "payment",
    "sign-on",
    "konto",
    "reset",
    "zzz",
    "mail",
    "the",
]


@pytest.mark.parametrize(
    ("audience", "allowed", "readers"),
    [
        (Audience.EVERYONE, (), {"visitor", "member", "insider", "agent"}),
        (Audience.SIGNED_IN, (), {"member", "insider", "agent"}),
        (Audience.RESTRICTED, ("organization:7", "segment:1"), {"insider"}),
        (Audience.RESTRICTED, ("organization:8",), set()),
        (Audience.RESTRICTED, (), set()),
        (Audience.AGENTS, (), {"agent"}),
        (Audience.AGENTS, ("organization:7",), {"agent"}),
    ],
)
def test_may_read(audience: Audience, allowed: tuple[str, ...], readers: set[str]) -> None:
    asked = article("a", "Title", audience=audience, allowed=allowed)
    everyone = {"visitor": VISITOR, "member": MEMBER, "insider": INSIDER, "agent": AGENT}
    assert {name for name, reader in everyone.items() if may_read(asked, reader)} == readers
    draft = replace(asked, is_draft=True)
    assert not any(may_read(draft, reader) for reader in (VISITOR, MEMBER, INSIDER))
    assert not any(may_be_suggested(draft, reader) for reader in everyone.values())


def test_marks_alone_are_not_enough_for_somebody_who_has_not_signed_in() -> None:
    asked = article("a", "Title", audience=Audience.RESTRICTED, allowed=("organization:7",))
    assert not may_read(asked, Reader(marks=frozenset({"organization:7"})))


def test_an_outdated_article_is_suggested_to_agents_only() -> None:
    old = article("a", "Title", is_outdated=True)
    assert may_read(old, VISITOR)
    assert not may_be_suggested(old, VISITOR)
    assert may_be_suggested(old, AGENT)


def test_a_requester_reads_as_a_member_of_their_own_organization_only() -> None:
    ann = Requester(id="1", name="Ann", email="ann@example.org", organization_id="7", role="admin")
    own, other = (Organization(id=id, name="Acme", tags=("beta",)) for id in ("7", "8"))
    assert reader_of(ann, own, is_signed_in=True) == INSIDER
    assert reader_of(ann, other, is_signed_in=True).marks == {"organization:7"}
    assert reader_of(replace(ann, organization_id=None), own, is_signed_in=False) == VISITOR


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus(Path(tmp_path_factory.mktemp("index")))


def restricted(audience: Audience, allowed: list[str], is_draft: bool, is_outdated: bool, of: Article) -> Article:
    return replace(of, audience=audience, allowed=tuple(allowed), is_draft=is_draft, is_outdated=is_outdated)


@settings(max_examples=200, deadline=None)
@given(
    queries=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join) | st.text(max_size=30),
    reader=st.builds(Reader, is_signed_in=st.booleans(), marks=st.frozensets(st.sampled_from(MARKS), max_size=3)),
    rules=st.lists(
        st.tuples(
            st.sampled_from(Audience), st.lists(st.sampled_from(MARKS), max_size=2), st.booleans(), st.booleans()
        ),
        min_size=len(SHELF),
        max_size=len(SHELF),
    ),
)
def test_a_customer_is_never_shown_what_they_may_not_read(
    shelf: Corpus, queries: str, reader: Reader, rules: list[tuple[Audience, list[str], bool, bool]]
) -> None:
    articles = [restricted(*rule, of=each) for rule, each in zip(rules, SHELF, strict=True)]
    mask = np.array([may_be_suggested(each, reader) for each in articles])
    shown = {hit.ref for hit in found(shelf, queries, allowed=mask, limit=100)}
    for each in articles:
        if each.ref in shown:
            assert not each.is_draft
            assert not each.is_outdated
            assert each.audience is not Audience.AGENTS
            assert each.audience is Audience.EVERYONE or reader.is_signed_in
            assert each.audience is not Audience.RESTRICTED or reader.marks & set(each.allowed)


@settings(max_examples=50, deadline=None)
@given(query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join))
def test_what_may_not_be_read_has_no_part_in_the_order(shelf: Corpus, query: str) -> None:
    number = [entry.ref for entry in shelf.entries].index("staff")
    assert isinstance(shelf.vectors, VectorArrays)
    changed = np.array(shelf.vectors.passages)
    changed[shelf.first[number] : shelf.first[number + 1]] *= -9
    other = replace(shelf, vectors=VectorArrays(changed, shelf.vectors.titles))
    mask = np.array([each.audience is not Audience.AGENTS for each in SHELF])
    assert found(shelf, query, allowed=mask) == found(other, query, allowed=mask)
    assert query.strip("z ") == "" or found(shelf, query) != found(other, query)
