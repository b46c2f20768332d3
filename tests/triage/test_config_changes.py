"""What is different between two versions, in lines that an admin can check."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from triage.config_changes import Change, changes

BEFORE: dict[str, Any] = {
    "policies": [
        {"id": "gold", "targets": {"P1": {"first_reply": "15 min", "resolution": "4 h"}}},
        {"id": "standard", "title": "Standard"},
    ],
    "paused_in": ["pending"],
    "leads": {"Billing": "ana"},
}


def lines(after: dict[str, Any]) -> list[str]:
    return [change.line for change in changes(BEFORE, after)]


def test_the_same_is_no_change() -> None:
    assert changes(BEFORE, BEFORE) == ()


def test_a_change_stands_at_its_place() -> None:
    after = {
        "policies": [
            {"id": "gold", "targets": {"P1": {"first_reply": "10 min", "update": "1 h"}}},
            {"id": "standard", "title": "Standard"},
            {"id": "last"},
        ],
        "paused_in": ["pending", "on_hold"],
        "leads": {},
    }
    assert lines(after) == [
        "~ policies[gold].targets.P1.first_reply: 15 min -> 10 min",
        "- policies[gold].targets.P1.resolution: 4 h",
        "+ policies[gold].targets.P1.update: 1 h",
        '+ policies[last]: {"id": "last"}',
        '~ paused_in: ["pending"] -> ["pending", "on_hold"]',
        "- leads.Billing: ana",
    ]


def test_another_order_of_what_has_ids_is_a_change_of_order_only() -> None:
    after = {**BEFORE, "policies": [{"id": "new"}, *reversed(BEFORE["policies"])]}
    assert lines(after) == [
        '+ policies[new]: {"id": "new"}',
        '~ policies: ["gold", "standard"] -> ["standard", "gold"]',
    ]


def test_true_is_not_one_and_long_values_are_cut() -> None:
    assert changes({"a": 1}, {"a": True}) == (Change(kind="changed", place="a", before=1, after=True),)
    (change,) = changes({}, {"calendar": "BEGIN\n" * 100})
    assert len(change.line) < 130


plain = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "b"]), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from("ab"), plain), st.dictionaries(st.sampled_from("ab"), plain))
def test_only_what_is_the_same_has_no_changes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (changes(one, other) == ()) == (repr(sort(one)) == repr(sort(other)))


def sort(value: Any) -> Any:
    """Keys have no order."""
    if isinstance(value, dict):
        return {key: sort(value[key]) for key in sorted(value)}
    return [sort(each) for each in value] if isinstance(value, list) else value
