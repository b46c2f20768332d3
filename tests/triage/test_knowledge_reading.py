"""What an admin writes about articles, and what is said about mistakes in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.defaults import load_knowledge
from connectors.yaml_text import parse
from triage.knowledge_reading import KnowledgeRulesError, rules_from
from triage.knowledge_rules import KnowledgeRules

AREAS = ("identity", "billing", "api")
WRITTEN = """
version: 1
owners: {identity: mei, billing: money@example.com}
owner: ana
review: {within_days: 5, remind_before_days: 0.5, remind_every_days: 3, reminders: 0, check_every_days: 0}
suggestions: {shown_from: 0.3, gap_under: 0}
synonyms: [[SSO, single sign-on], [2FA, two-factor, 2FA]]
"""


def read(written: Any) -> KnowledgeRules:
    return rules_from(parse(written) if isinstance(written, str) else written, version="7", areas=AREAS)


def problems(written: Any) -> list[str]:
    with pytest.raises(KnowledgeRulesError) as caught:
        read(written)
    assert all(each in str(caught.value) for each in caught.value.problems)
    return list(caught.value.problems)


def test_everything_that_can_be_written_is_read() -> None:
    rules = read(WRITTEN)
    assert (rules.version, rules.owners, rules.owner) == (
        "7",
        {"identity": "mei", "billing": "money@example.com"},
        "ana",
    )
    assert (rules.review_within, rules.remind_before) == (timedelta(days=5), timedelta(hours=12))
    assert (rules.remind_every, rules.reminders, rules.check_every) == (timedelta(days=3), 0, timedelta())
    assert (rules.shown_from, rules.gap_under) == (0.3, 0)
    assert rules.synonyms.groups == (("SSO", "single sign-on"), ("2FA", "two-factor"))
    assert rules.owner_for(("api", "billing", "identity")) == "money@example.com"
    assert rules.owner_for(("api",)) == rules.owner_for(()) == "ana"


def test_what_is_not_written_is_as_in_the_shipped_rules() -> None:
    assert read({}) == read(load_knowledge())
    assert read("review:\nsuggestions:\nowners:\nsynonyms:\nowner:\n") == read({})
    assert read({}).owner_for(("identity",)) is None


def test_all_problems_are_told_at_once_with_their_places() -> None:
    found = problems(
        """
        version: 2
        owners: {identity: "mei@", sso: ana, 7: []}
        owner: " "
        reviews: {}
        review: {within_days: 0, reminders: 1.5, remind_every_days: yes, check_every_days: -1, remind: 1}
        suggestions: {shown_from: 1.1, gap_under: some}
        synonyms: [[SSO], [SSO, SSO], SSO, [SSO, "!"]]
        """
    )
    places = [each.partition(":")[0] for each in found]
    assert sorted(places) == sorted(
        [
            "reviews",
            "version",
            "owners.identity",
            "owners.sso",
            "owners.7",
            "owners.7",
            "owner",
            "review.remind",
            "review.within_days",
            "review.reminders",
            "review.remind_every_days",
            "review.check_every_days",
            "suggestions.shown_from",
            "suggestions.gap_under",
            "synonyms[0]",
            "synonyms[1]",
            "synonyms[2]",
            "synonyms[3]",
        ]
    )
    assert "reviews: is not known here. Did you mean `review`?" in found
    assert any("“sso”" in each and "identity" in each for each in found)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ([], "top level"),
        ("just text", "top level"),
        (None, "top level"),
        ({"review": 5}, "review"),
        ({"owners": ["mei"]}, "owners"),
        ({"synonyms": {"a": "b"}}, "synonyms"),
        ({"review": {"within_days": float("nan")}}, "review.within_days"),
        ({"review": {"reminders": 51}}, "review.reminders"),
        ({"review": {"remind_before_days": 10}}, "review.remind_before_days"),
        ({"owner": "a@b@c"}, "owner"),
        ({"owner": "x" * 201}, "owner"),
    ],
)
def test_a_problem_has_its_place(written: Any, place: str) -> None:
    assert place in [each.partition(":")[0] for each in problems(written)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("version", "owners", "owner", "review", "suggestions", "synonyms", "x"), anything),
    )
)
def test_whatever_is_written_is_read_or_refused_with_reasons(written: dict[str, Any]) -> None:
    try:
        rules = read(written)
    except KnowledgeRulesError:
        assert problems(written)
    else:
        assert rules.remind_before < rules.review_within
