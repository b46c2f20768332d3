"""Which text stands for which key in a drop-down, both ways."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Connection
from connectors.defaults import load_taxonomy
from connectors.freshdesk import wire_setup
from connectors.freshdesk.fields import Fields, texts_for


def connection(**settings: Any) -> Connection:
    names = {"category": "cf_category"}
    return Connection(tenant="t", vendor="freshdesk", base_url="", token="", fields=names, settings=settings)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([("login", "Login problem")], {"login": "Login problem"}),
        ([("a", "Same"), ("b", "Same")], {"a": "Same", "b": "b"}),
        ([("a", "Same"), ("b", " same ")], {"a": "Same", "b": "b"}),
        ([("bug", "Bug"), ("b", "BUG")], {"bug": "Bug", "b": "b"}),
        # A label that is another's key would make what an older installation wrote mean something else.
        ([("a", "Bug"), ("bug", "Defect")], {"a": "a", "bug": "Defect"}),
        ([("a", ""), ("b", "Two  words ")], {"a": "a", "b": "Two words"}),
    ],
)
def test_each_choice_has_a_text_of_its_own(choices: list[tuple[str, str]], expected: dict[str, str]) -> None:
    found = texts_for(choices)
    assert found == expected
    fields = Fields({}, {"category": found})
    for key, _ in choices:
        assert fields.key("category", fields.text("category", key)) == key
        assert fields.key("category", key) == key


def test_a_text_that_is_offered_keeps_its_spelling() -> None:
    assert texts_for([("bug", "Bug"), ("how_to", "How-to")], ["BUG", "other"]) == {"bug": "BUG", "how_to": "How-to"}


def test_our_own_taxonomy_is_read_in_words() -> None:
    taxonomy = load_taxonomy()
    for listed in (taxonomy.categories, taxonomy.product_areas):
        assert texts_for((each.key, each.name) for each in listed) == {each.key: each.name for each in listed}


def test_what_is_on_no_list_is_itself() -> None:
    fields = Fields.of(connection(choices={"category": {"bug": "Bug in the app"}}))
    assert fields.key("category", "bug in the APP") == "bug"
    for text in ("An admin's own", "bug", ""):
        assert fields.key("category", text) == text
    assert fields.text("category", "new_key") == "new_key"
    assert fields.text("product_area", "api") == fields.key("product_area", "api") == "api"


@pytest.mark.parametrize("settings", [{}, {"choices": None}, {"choices": {}}])
def test_without_noted_texts_keys_travel(settings: dict[str, Any]) -> None:
    fields = Fields.of(connection(**settings))
    assert (fields.text("category", "bug"), fields.key("category", "bug")) == ("bug", "bug")


def test_the_forms_choices_are_named_by_key() -> None:
    answer = {"id": 22, "name": "cf_category", "type": "custom_dropdown", "choices": ["Bug in the app", "Own"]}
    fields = Fields.of(connection(choices={"category": {"bug": "Bug in the app"}}))
    found = wire_setup.TicketField.model_validate(answer)
    assert found.normalised(fields).choices == (("bug", "Bug in the app"), ("Own", "Own"))
