"""What was inserted on tickets like this one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.search.before import NEAREST, before
from triage.search.ranking import Floats


def at(*degrees: float) -> Floats:
    """Vectors so many degrees apart from the ticket's."""
    turned = np.radians(np.array(degrees))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


TICKET = at(0.0)[0]


def test_nothing_was_before() -> None:
    assert before(TICKET, np.zeros((0, 2), np.float32), []) == {}


def test_an_article_has_the_share_of_the_alike_tickets() -> None:
    shares = before(TICKET, at(0, 0, 0, 0), [{"a"}, {"a"}, {"a", "b"}, {"c"}])
    assert shares == pytest.approx({"a": 3 / 4.1, "b": 1 / 4.1, "c": 1 / 4.1})


def test_the_more_alike_count_more_and_the_unlike_nothing() -> None:
    shares = before(TICKET, at(10, 40, 70, 180), [{"near"}, {"far"}, {"unlike"}, {"opposite"}])
    assert set(shares) == {"near", "far"}
    assert shares["near"] > 3 * shares["far"]


def test_a_single_ticket_that_is_hardly_alike_says_little() -> None:
    assert before(TICKET, at(0), [{"a"}])["a"] > 0.9
    assert before(TICKET, at(55), [{"a"}])["a"] < 0.25


def test_only_the_nearest_count() -> None:
    near, far = [{"near"}] * NEAREST, [{"far"}] * 50
    assert "far" not in before(TICKET, at(*[5.0] * NEAREST, *[20.0] * 50), [*near, *far])


@given(st.lists(st.tuples(st.floats(0, 180), st.sets(st.sampled_from("abc"))), max_size=30))
def test_it_is_a_share(tickets: list[tuple[float, set[str]]]) -> None:
    vectors = at(*[degrees for degrees, _ in tickets]) if tickets else np.zeros((0, 2), np.float32)
    shares = before(TICKET, vectors, [articles for _, articles in tickets])
    assert all(0 < share <= 1 for share in shares.values())
