"""What the model would have done with tickets that people have solved since."""

from __future__ import annotations

import pytest

from app.learning.looking import Backtest, backtest
from connectors.store.schema import tenant as tenant_table
from tests.app.learning.conftest import School
from triage.training import TooFewTickets


def ask(school: School, floor: float) -> None:
    """The admin sets the limit."""
    with school.store.database.write() as connection:
        connection.execute(tenant_table.update().values(settings={"confidence_floor": floor}))


def tried(school: School, days: int = 2) -> Backtest:
    return backtest(school.learner, "acme", days=days)


def test_a_model_that_had_not_learned_the_tickets_is_tried_itself(school: School) -> None:
    school.solve(150)
    stored = school.train().stored
    school.clock.forward(days=10)
    school.solve(24)
    ask(school, 0.0)
    found = tried(school)
    assert found.model == f"The model in use, {stored.version}"
    assert (found.automated.count, found.automated.of) == (24, 24)
    assert found.right.count >= 20
    assert found.wrong.count == 24 - found.right.count == sum(row.wrong for row in found.labels)
    assert {row.label: row.tickets for row in found.labels} == dict.fromkeys(school.labels, 8)


def test_in_place_of_one_that_learned_them_one_of_then_is_tried(school: School) -> None:
    school.solve(150)
    school.clock.forward(days=10)
    school.solve(24, lambda _number, _about: "billing_question")
    school.train()
    found = tried(school)
    assert found.model == "A model trained on what was solved before"
    assert found.right.of == 24
    assert found.right.count <= 12, "it cannot know what tickets are called since"


def test_without_a_model_the_shipped_one_is_tried(school: School) -> None:
    school.solve(30)
    found = tried(school)
    assert (found.model, found.right.count) == ("The shipped model", 0)


def test_the_limit_decides_what_is_automated(school: School) -> None:
    school.solve(150)
    school.train()
    school.clock.forward(days=10)
    school.solve(24)
    counts = []
    for floor in (0.0, 0.9, 1.01):
        ask(school, floor)
        counts.append(tried(school).automated.count)
    assert counts[0] == 24
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_nothing_to_try_it_on_says_what_to_do(school: School) -> None:
    with pytest.raises(TooFewTickets, match="deskhand triage train"):
        tried(school)
    school.solve(150)
    school.train()
    with pytest.raises(TooFewTickets, match="fewer days"):
        tried(school, days=300)
