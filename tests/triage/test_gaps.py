"""Gaps: which tickets make one, what it is called, what it weighs, and when two nights' are the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.search.shelf import WordEncoder
from triage.gap_finding import gaps, weighed
from triage.gap_titles import Usage, telling, title_of
from triage.gaps import Asked, Gap, Merged, State, merged
from triage.sla.log import Reply, StatusSet
from triage.tickets import Status

NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)


def asked(number: int, subject: str, text: str = "", *, days_ago: float = 3, **more: object) -> Asked:
    whole = f"{subject}\n{text}".strip()
    values = {
        "ref": str(number),
        "subject": subject,
        "text": whole,
        "vector": WordEncoder().encode([whole])[0],
        "product_area": "exports",
        "person": f"person-{number}",
        "organization": None,
        "at": NOW - timedelta(days=days_ago),
    }
    return Asked(**{**values, **more})  # type: ignore[arg-type]


def exports(count: int, first: int = 1, **more: object) -> list[Asked]:
    return [
        asked(number, "Export misses rows", f"the csv export misses rows after row {number}", **more)  # type: ignore[arg-type]
        for number in range(first, first + count)
    ]


def others() -> list[Asked]:
    return [
        asked(901, "Invoice has the wrong address", "please change the billing address"),
        asked(902, "Password mail never comes", "I cannot reset it"),
        asked(903, "Map is empty on my phone", "the drivers see nothing"),
    ]


def find(tickets: Sequence[Asked], *, knows_before: bool = True) -> tuple[Gap, ...]:
    return gaps(tickets, now=NOW, knows_before=knows_before)


def test_a_gap_is_what_three_tickets_of_two_people_ask() -> None:
    [gap] = find([*exports(4), *others()])
    assert sorted(gap.tickets) == ["1", "2", "3", "4"]
    assert (gap.people, gap.before, gap.replies, gap.product_area) == (4, 0, 0, "exports")
    assert gap.title == "Export misses rows"
    assert find([*exports(2), *others()]) == ()
    assert find([*exports(4, person="one"), *others()]) == ()
    assert find([*exports(2, person="one"), *exports(1, 7, person="two"), *others()])[0].people == 2


def test_who_asked_may_be_unknown() -> None:
    [gap] = find([*exports(3, person=None), *others()])
    assert gap.people is None


def test_earlier_tickets_are_counted_and_make_no_gap() -> None:
    [gap] = find([*exports(3), *exports(5, 50, days_ago=40), *others()])
    assert len(gap.tickets) == 3
    assert gap.before == 5
    assert find([*exports(5, 50, days_ago=40), *others()]) == ()
    [unknown] = find([*exports(3), *others()], knows_before=False)
    assert unknown.before is None


def test_an_area_is_that_of_most_tickets() -> None:
    mixed = [*exports(2), *exports(2, 7, product_area="billing")]
    [gap] = find([*mixed, *others()])
    assert gap.product_area is None
    [gap] = find([*mixed, *exports(1, 9), *others()])
    assert gap.product_area == "exports"


def test_no_ticket_is_no_gap() -> None:
    assert find([]) == ()
    assert find(exports(1)) == ()


def test_replies_are_those_customers_read_each_once() -> None:
    at = NOW - timedelta(hours=1)
    reply = Reply(at=at, by_agent=True)
    log = (
        StatusSet(at=at, status=Status.OPEN),
        reply,
        reply,
        Reply(at=at, by_agent=True, public=False),
        Reply(at=at, by_agent=False),
        Reply(at=at + timedelta(minutes=1), by_agent=True),
    )
    small, large = gap_of("1", "2", "3"), gap_of("7", "8", "9", "10")
    [first, second] = weighed([large, small], {"1": log, "2": log})
    assert (first.tickets, first.replies, first.burden) == (small.tickets, 4, 7)
    assert (second.replies, second.burden) == (0, 4)


HOSTILE = [
    "Nadja Berg cannot export: misses rows",
    "Export misses rows, call me at +49 30 901820",
    "Export misses rows (nadja.berg@nordlicht.example)",
    "Order 4711-22: export misses rows",
    "export misses rows since Piotr Nowak left",
]
SECRETS = ("nadja", "berg", "901820", "nordlicht", "4711", "piotr", "nowak", "+49", "@")


@pytest.mark.parametrize("first", range(len(HOSTILE)))
def test_a_title_has_nothing_personal_in_it(first: int) -> None:
    subjects = HOSTILE[first:] + HOSTILE[:first]
    tickets = [asked(number, subject, "the export misses rows") for number, subject in enumerate(subjects)]
    [gap] = find([*tickets, *others()])
    told = f"{gap.title} {' '.join(gap.words)}".lower()
    assert not [secret for secret in SECRETS if secret in told]
    assert "export misses rows" in gap.title.lower()


def test_a_colleagues_name_that_one_company_writes_is_left_out() -> None:
    usage = Usage()
    texts = [f"Ask Miriam about the export {number}" for number in range(3)]
    for number, text in enumerate(texts):
        usage.add(text, f"person-{number}", "organization-1")
    usage.add("please ask about the export", "somebody", "organization-2")
    usage.add("ask about the export", "anybody", "organization-3")
    assert title_of(texts, texts, usage, ()) == "Ask … about the export …"


def test_numbers_that_most_have_stay() -> None:
    usage, texts = Usage(), ["error 403 in SSO for anna", "error 403 in SSO", "SSO gives error 403"]
    for number, text in enumerate(texts):
        usage.add(text, str(number), None)
    assert title_of(texts, texts, usage, ()) == "error 403 in SSO"
    assert title_of(texts[:1], texts, usage, ()) == "error 403 in SSO …"
    assert telling(("error", "403", "anna", "sso"), usage) == ("error",)


def test_a_title_is_its_words_where_no_subject_tells_anything() -> None:
    usage = Usage()
    assert title_of(["Anna", "", "…"], ["Anna", "", ""], usage, ("export", "rows")) == "export, rows"
    assert title_of([], [], usage, ()) == "Tickets alike"


def gap_of(*tickets: str) -> Gap:
    return Gap(
        title="Export",
        words=(),
        product_area=None,
        tickets=tickets,
        replies=0,
        people=None,
        before=None,
        first_at=NOW,
        last_at=NOW,
    )


def test_a_gap_is_known_again_by_its_tickets() -> None:
    known = {1: (State.OPEN, "abc"), 2: (State.DRAFTED, "xyz"), 3: (State.OPEN, "pq"), 4: (State.GONE, "mn")}
    assert merged(known, ["bcde", "mno", "klj"]) == Merged(same={0: 1, 1: 4}, dismissed={}, new=(2,), gone=(3,))


def test_of_two_parts_the_larger_stays_what_it_was() -> None:
    known = {1: (State.OPEN, "abcdefg")}
    assert merged(known, ["ab", "cdefg"]) == Merged(same={1: 1}, dismissed={}, new=(0,), gone=())


def test_what_was_dismissed_is_not_told_again_in_parts() -> None:
    known = {1: (State.DISMISSED, "abcdefg")}
    assert merged(known, ["ab", "cdefg"]) == Merged(same={}, dismissed={1: (0, 1)}, new=(), gone=())
    assert merged(known, ["axyz"]) == Merged(same={}, dismissed={}, new=(0,), gone=())


tickets = st.integers(0, 30).map(str)
nights = st.lists(st.lists(tickets, min_size=3, max_size=8, unique=True), max_size=5).map(
    lambda night: [found for found in _apart(night) if len(found) >= 3]
)


def _apart(night: list[list[str]]) -> list[list[str]]:
    """A ticket is in one gap of a night."""
    seen: set[str] = set()
    for found in night:
        found[:] = [ref for ref in found if ref not in seen]
        seen.update(found)
    return night


@given(st.lists(nights, min_size=1, max_size=4), st.data())
def test_the_same_night_again_changes_nothing(several: list[list[list[str]]], data: st.DataObject) -> None:
    known: dict[int, tuple[State, Collection[str]]] = {}
    for night in several:
        known = after(known, night)
        assert after(known, night) == known
        for gap_id, (state, refs) in known.items():
            if state is State.OPEN and data.draw(st.booleans()):
                known[gap_id] = data.draw(st.sampled_from([State.DRAFTED, State.DISMISSED])), refs


def after(
    known: dict[int, tuple[State, Collection[str]]], night: list[list[str]]
) -> dict[int, tuple[State, Collection[str]]]:
    """What a store makes of it."""
    fate, now = merged(known, night), dict(known)
    for place, gap_id in fate.same.items():
        state = known[gap_id][0]
        now[gap_id] = State.OPEN if state is State.GONE else state, night[place]
    for gap_id, places in fate.dismissed.items():
        now[gap_id] = State.DISMISSED, [ref for place in places for ref in night[place]]
    for gap_id in fate.gone:
        now[gap_id] = State.GONE, known[gap_id][1]
    for place in fate.new:
        now[max(now, default=0) + 1] = State.OPEN, night[place]
    return now
