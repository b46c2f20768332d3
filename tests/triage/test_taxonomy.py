"""Reading a taxonomy: what is kept, and that every mistake is named at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.tickets import TAXONOMY, taxonomy
from triage.taxonomy import Taxonomy, TaxonomyError
from triage.tickets import Priority


def test_reads_all_parts() -> None:
    read = taxonomy()
    assert read.version == "7"
    assert read.groups == ("Front desk", "On-call platform", "Integrations", "Product support")
    category = read.category("bug")
    assert category is not None
    assert (category.name, category.product_area, category.priority) == ("Bug", "app", Priority.P3)
    area = read.area("integrations")
    assert area is not None
    assert area.terms == ("webhook", "event delivery", "sync")
    assert [level.priority for level in read.severity] == [Priority.P1, Priority.P2]
    assert read.label_texts["bug"] == "Bug\nA screen or button misbehaves."
    assert read.category("none") is None
    assert read.area("none") is None
    assert hash(read) == hash(taxonomy())


def test_names_every_problem_with_its_place_and_a_way_out() -> None:
    wrong: dict[str, Any] = copy.deepcopy(TAXONOMY)
    wrong["version"] = 7
    wrong["human_group"] = " "
    wrong["colour"] = "red"
    wrong["product_areas"][0]["terms"] = [503, "--", "ok"]
    wrong["product_areas"][1]["terms"] = "webhook"
    wrong["product_areas"].append(dict(wrong["product_areas"][2]))
    wrong["categories"][0]["product_area"] = "cloud"
    wrong["categories"][1]["priority"] = "high"
    wrong["categories"][2]["key"] = "Bug report"
    wrong["categories"][3].pop("name")
    wrong["categories"].append("how_to")
    wrong["severity"] = {"P3": ["soon"], "P1": ["fire"]}
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_mapping(wrong)
    text = str(caught.value)
    for place in (
        "version: expected a text, found 7. Put it in quotes.",
        "human_group: expected a text",
        "colour: is not known here",
        "product_areas[platform].terms: expected a word or phrase, found 503. Put it in quotes.",
        "product_areas[platform].terms: expected a word or phrase, found '--'",
        "product_areas[integrations].terms: expected a list of texts.",
        "product_areas[app]: the key is used 2 times.",
        "categories[service_down].product_area: there is no product area 'cloud'",
        "categories[webhook_delivery].priority: expected P1, P2, P3 or P4, found 'high'.",
        "categories[Bug report].key: use only small letters",
        "categories[how_to].name: is missing or empty. Write a text.",
        "categories[4]: expected keys and values, found 'how_to'.",
        "severity.P3: only P1 and P2 can be raised to.",
    ):
        assert place in text
    assert len(caught.value.problems) == 13


@pytest.mark.parametrize("mapping", [{}, [], None, "text", {"categories": [], "product_areas": {}, "severity": []}])
def test_refuses_what_is_no_taxonomy(mapping: Any) -> None:
    with pytest.raises(TaxonomyError):
        Taxonomy.from_mapping(mapping)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(TAXONOMY)), JSON))
def test_any_mapping_is_refused_with_reasons(mapping: dict[str, Any]) -> None:
    with pytest.raises(TaxonomyError) as caught:  # A whole taxonomy does not come about by chance.
        Taxonomy.from_mapping(mapping)
    assert caught.value.problems
