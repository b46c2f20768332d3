"""What is learned from and what is not, and that all of it is said."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from triage.training import (
    FEWEST,
    Labelled,
    OneLabel,
    TooFewTickets,
    common,
    copies_of,
    find_leaks,
    held_out_size,
    keyed,
    parent,
    prepare,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(labels: list[str], *, text: str = "") -> list[Labelled]:
    """One ticket an hour, each with words of its own."""
    return [
        Labelled(
            ref=str(number),
            text=text or letters(number),
            label=label,
            at=START + timedelta(hours=number),
        )
        for number, label in enumerate(labels)
    ]


def letters(seed: int) -> str:
    """Eight words that no other ticket has."""
    dice = random.Random(seed)
    return " ".join("".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(8))


def said(notes: tuple[str, ...], *words: str) -> bool:
    return any(all(word in note for word in words) for note in notes)


@pytest.mark.parametrize(("count", "size"), [(100, 50), (250, 50), (1_000, 200), (2_500, 500), (40_000, 500)])
def test_the_newest_fifth_at_most_500_is_held_out(count: int, size: int) -> None:
    assert held_out_size(count) == size


def test_the_split_is_by_time_whatever_the_order() -> None:
    given = rows(["a", "b"] * 100)
    found = prepare(reversed(given))
    assert [row.ref for row in found.rows] == [row.ref for row in given]
    assert max(row.at for row in found.known) < min(row.at for row in found.held_out)
    assert len(found.held_out) == 50


def test_rare_labels_are_left_out_and_named() -> None:
    found = prepare(rows(["a", "b"] * 100 + ["odd"] * 4))
    assert {row.label for row in found.rows} == {"a", "b"}
    assert said(found.notes, "left out", "4 tickets", "odd")


def test_rare_nested_labels_are_merged_into_the_one_above() -> None:
    labels = ["billing::refund"] * 30 + ["billing::tax"] * 3 + ["billing::vat::eu"] * 2 + ["login"] * 80
    notes: list[str] = []
    found = common(rows(labels), notes)
    assert Counter(row.label for row in found) == {"billing::refund": 30, "billing": 5, "login": 80}
    assert said(tuple(notes), "merged", "billing::tax into billing", "billing::vat::eu into billing")
    assert not said(tuple(notes), "left out")


@pytest.mark.parametrize(
    ("label", "above"),
    [
        ("a::b::c", "a::b"),
        ("a::b", "a"),
        ("billing__refund", "billing"),
        ("A > B", "A"),
        ("how_to", None),
        ("::a", None),
    ],
)
def test_the_label_above(label: str, above: str | None) -> None:
    assert parent(label) == above


def test_labels_written_as_names_become_keys_and_strangers_are_named() -> None:
    keys = {"refund": "Refund request", "login": "Log-in problem"}
    notes: list[str] = []
    found = keyed(rows(["REFUND Request", "log-in problem", "login", "Pets"]), keys, notes)
    assert [row.label for row in found] == ["refund", "login", "login", "Pets"]
    assert said(tuple(notes), "Pets", "1 ticket", "human")


def test_too_few_and_one_label_say_what_to_do() -> None:
    with pytest.raises(TooFewTickets, match=str(FEWEST)):
        prepare(rows(["a", "b"] * 40))
    with pytest.raises(OneLabel, match="labelled a"):
        prepare(rows(["a"] * 300))
    with pytest.raises(OneLabel, match="older tickets"):
        prepare(rows(["a"] * 300 + ["b"] * 20))
    with pytest.raises(TooFewTickets):
        prepare([])
    with pytest.raises(TooFewTickets):
        prepare(rows(["a", "b"] * 200, text="  \n "))


def test_rare_labels_that_leave_one_are_one_label() -> None:
    with pytest.raises(OneLabel):
        prepare(rows(["a"] * 200 + ["b"] * 3))


def test_near_copies_across_the_split_are_marked() -> None:
    given = rows(["a", "b"] * 100)
    mail = "Your backup of server nr-17 failed last night with exit code 5, please look at it. Ticket"
    again = [
        Labelled(ref=row.ref, text=f"{mail} {row.ref}", label=row.label, at=row.at) if row.ref in ("20", "190") else row
        for row in given
    ]
    found = prepare(again)
    assert [row.ref for row, copy in zip(found.held_out, found.copies, strict=True) if copy] == ["190"]
    assert said(found.notes, "in the holdout: 1.")


def test_other_words_are_no_copy() -> None:
    known = "The invoice of May is wrong: we have 12 seats and were charged for 15 of them."
    copies = copies_of([known], [known.upper().replace("12", "13"), "Since this morning nobody here can log in."])
    assert copies.tolist() == [True, False]
    assert copies_of([], ["a"]).tolist() == [False]


def test_a_word_written_after_triage_is_reported() -> None:
    given = rows(["refund", "login"] * 50)
    leaky = [
        Labelled(
            ref=row.ref,
            text=f"{row.text} category_refund" if row.label == "refund" else row.text,
            label=row.label,
            at=row.at,
        )
        for row in given
    ]
    assert [(leak.token, leak.label, leak.share) for leak in find_leaks(leaky, {})] == [
        ("category_refund", "refund", 1.0)
    ]
    assert said(prepare(leaky).notes, "category_refund", "too good")


def test_a_name_that_others_use_too_and_a_word_that_is_no_name_are_no_leak() -> None:
    given = rows(["refund", "login"] * 50)
    shared = [Labelled(ref=row.ref, text=f"{row.text} refund", label=row.label, at=row.at) for row in given]
    assert find_leaks(shared, {}) == ()
    typical = [
        Labelled(
            ref=row.ref,
            text=f"{row.text} chargeback" if row.label == "refund" else row.text,
            label=row.label,
            at=row.at,
        )
        for row in given
    ]
    assert find_leaks(typical, {}) == ()


def test_our_own_marks_are_a_leak_whatever_the_label_is_called() -> None:
    given = rows(["x1", "x2"] * 50)
    marked = [
        Labelled(
            ref=row.ref,
            text=f"{row.text} deskhand_human" if row.label == "x1" else row.text,
            label=row.label,
            at=row.at,
        )
        for row in given
    ]
    assert [leak.token for leak in find_leaks(marked, {})] == ["deskhand_human"]
