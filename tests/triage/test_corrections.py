"""What a correction and its undo change, with the vocabulary that ships."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.defaults import load_taxonomy
from triage.actions import UpdateTicket
from triage.corrections import corrected, home, undone
from triage.decisions import Decision, Outcome
from triage.tickets import Priority

TAXONOMY = load_taxonomy()
GROUPS = {name: str(number) for number, name in enumerate(TAXONOMY.groups, start=100)}
TRIAGED = Decision(
    outcome=Outcome.TRIAGED,
    category="api_error",
    product_area="integrations",
    priority=Priority.P1,
    group="Integrations",
    confidence=0.97,
    floor=0.9,
    reasons=(),
    actions=(),
    prediction=None,
    taxonomy_version=TAXONOMY.version,
)
HUMAN = replace(TRIAGED, outcome=Outcome.SENT_TO_HUMAN, category=None, product_area=None, group="Front desk")


@pytest.mark.parametrize("category", [each.key for each in TAXONOMY.categories])
def test_every_category_has_a_home_with_a_queue(category: str) -> None:
    change = corrected("7", category, taxonomy=TAXONOMY, groups=GROUPS)
    assert change.category == category
    assert change.product_area == home(category, TAXONOMY).key
    assert change.group_id == GROUPS[home(category, TAXONOMY).group]


def test_a_correction_leaves_priority_tags_and_conversation_alone() -> None:
    assert corrected("7", "payment_problem", taxonomy=TAXONOMY, groups=GROUPS) == UpdateTicket(
        ticket_ref="7", category="payment_problem", product_area="billing", group_id=GROUPS["Billing"]
    )


def test_a_queue_the_helpdesk_does_not_have_leaves_the_group_as_it_is() -> None:
    change = corrected("7", "payment_problem", taxonomy=TAXONOMY, groups={})
    assert (change.category, change.group_id) == ("payment_problem", None)


@pytest.mark.parametrize("category", ["", "no_such", "Api_Error", "billing"])
def test_an_unknown_category_is_a_key_error(category: str) -> None:
    with pytest.raises(KeyError):
        home(category, TAXONOMY)
    with pytest.raises(KeyError):
        corrected("7", category, taxonomy=TAXONOMY, groups=GROUPS)
    with pytest.raises(KeyError):
        undone("7", TRIAGED, category, taxonomy=TAXONOMY, groups=GROUPS)


def test_a_category_whose_area_is_gone_is_unknown() -> None:
    without = replace(TAXONOMY, product_areas=tuple(a for a in TAXONOMY.product_areas if a.key != "billing"))
    with pytest.raises(KeyError):
        home("payment_problem", without)


def test_undo_goes_back_to_the_earlier_correction() -> None:
    change = undone("7", TRIAGED, "payment_problem", taxonomy=TAXONOMY, groups=GROUPS)
    assert change == corrected("7", "payment_problem", taxonomy=TAXONOMY, groups=GROUPS)
    assert undone("7", HUMAN, "payment_problem", taxonomy=TAXONOMY, groups=GROUPS) == change


def test_undo_of_the_only_correction_restores_what_triage_decided() -> None:
    """The decision's own area and queue, which need not be the category's usual ones."""
    assert undone("7", TRIAGED, None, taxonomy=TAXONOMY, groups=GROUPS) == UpdateTicket(
        ticket_ref="7", category="api_error", product_area="integrations", group_id=GROUPS["Integrations"]
    )


def test_undo_on_a_ticket_a_human_got_clears_and_returns_it() -> None:
    change = undone("7", HUMAN, None, taxonomy=TAXONOMY, groups=GROUPS)
    assert change == UpdateTicket(
        ticket_ref="7", clear=("category", "product_area"), group_id=GROUPS[TAXONOMY.human_group]
    )
    assert change.summary == "Category, product area, group"


def test_undo_without_a_known_queue_leaves_the_group_as_it_is() -> None:
    for made in (replace(TRIAGED, group=None), TRIAGED, HUMAN):
        assert undone("7", made, None, taxonomy=TAXONOMY, groups={}).group_id is None


def test_a_change_survives_the_outbox() -> None:
    for change in (
        corrected("7", "api_error", taxonomy=TAXONOMY, groups=GROUPS),
        undone("7", HUMAN, None, taxonomy=TAXONOMY, groups=GROUPS),
    ):
        assert UpdateTicket.from_payload(change.to_payload()) == change
