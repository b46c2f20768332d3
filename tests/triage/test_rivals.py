"""What a model is measured against."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.defaults import load_taxonomy
from triage.rivals import by_keywords, commonest
from triage.taxonomy import Taxonomy
from triage.training import Labelled

AT = datetime(2026, 1, 1, tzinfo=UTC)


def row(text: str, label: str) -> Labelled:
    return Labelled(ref="1", text=text, label=label, at=AT)


def terms(taxonomy: Taxonomy) -> list[str]:
    """For two areas, one term that no other area has."""
    every = [term for area in taxonomy.product_areas for term in area.terms]
    alone = [next(term for term in area.terms if every.count(term) == 1) for area in taxonomy.product_areas[:2]]
    return alone


def test_the_commonest_label_and_of_two_the_first_by_name() -> None:
    assert commonest([row("", "b"), row("", "a"), row("", "b")], 2) == ["b", "b"]
    assert commonest([row("", "b"), row("", "a")], 1) == ["a"]


def test_a_text_with_an_areas_term_gets_the_usual_label_of_that_area() -> None:
    taxonomy = load_taxonomy()
    one, other = terms(taxonomy)
    known = [row(f"about {one}", "x")] * 3 + [row(f"the {other.upper()} here", "y")] * 2 + [row("nothing", "z")] * 9
    said = by_keywords(known, [f"My {one.title()}!", f"{other}, please", "no words of ours"], taxonomy)
    assert said == ["x", "y", "z"]


def test_an_area_that_nobody_wrote_about_before_gets_the_commonest_label() -> None:
    taxonomy = load_taxonomy()
    assert by_keywords([row("nothing", "z")], [terms(taxonomy)[0]], taxonomy) == ["z"]
