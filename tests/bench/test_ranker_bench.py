"""The bench of the learned order: its agents and figures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bench.ranker import Ticket, agent, any_shown, figures, first, lessons, place, repeat, used

RANDOM = np.random.default_rng


def tickets(count: int = 400) -> list[Ticket]:
    """Four kinds, each with an article that the score cannot tell from the others."""
    draw, kinds = RANDOM(0), np.eye(4, 8, dtype=np.float32)
    found = []
    for number in range(count):
        keys = tuple(str(key) for key in draw.permutation(4))
        signals = tuple({"score": 1 - 0.1 * at} for at in range(4))
        found.append(Ticket(kinds[number % 4], keys, signals, frozenset((str(number % 4),))))
    return found


def test_figures() -> None:
    assert figures([1, 3, 0, 4]) == pytest.approx((0.25, 0.5, (1 + 1 / 3 + 1 / 4) / 4))
    assert place(tickets(1)[0], [4, 3, 2, 1]) == 1 + tickets(1)[0].keys.index("0")


def test_an_agent_mostly_inserts_the_right_one_of_those_shown() -> None:
    random, ticket = RANDOM(0), Ticket(np.ones(2, np.float32), tuple("abcdefgh"), ({},) * 8, frozenset("b"))
    inserted = [agent(ticket, random) for _ in range(1000)]
    assert 750 < inserted.count("b") < 850
    assert 20 < inserted.count("a") < 60
    assert not {"d", "e", "f", "g", "h"} & set(inserted)


def test_so_many_inserts_and_no_more() -> None:
    assert len(lessons(tickets(), first, 50, RANDOM(0))) == 50
    assert repeat(tickets(), 1_000, 0) is None


def test_what_can_be_learned_is_and_what_cannot_is_not() -> None:
    done = repeat(tickets(), 150, 0)
    assert done is not None
    before, after, is_used = done
    assert is_used
    assert after[0] > before[0] + 0.5
    assert not used(tickets(), any_shown, 150, 0)
    assert not used(tickets(), first, 150, 0)
