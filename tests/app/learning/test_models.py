"""Which model answers, and that one which cannot be used never stops a ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from app.learning.deciding import Decider, floor_for
from app.learning.models import Champion, Champions, Kept
from connectors.base import Connection
from connectors.model_file import ModelFileBroken
from connectors.store.schema import model as table
from tests.app.learning.conftest import School, hashing
from tests.model_cards import card
from tests.triage.tickets import ticket
from triage.decisions import Outcome
from triage.route import DEFAULT_FLOOR

ACME = Connection(tenant="acme", vendor="zendesk", base_url="", token="")
LOGIN = ticket(subject="password", description="password reset link expired, my account is locked, sign in browser")


def decider(school: School, champions: Champions) -> Decider:
    return Decider(school.learner.encoder, school.learner.shipped, school.learner.taxonomy, champions)


def version_of(school: School, champions: Champions) -> str:
    made = decider(school, champions).decide(LOGIN, None, ACME)
    assert made.prediction is not None
    return made.prediction.model_version


def findings(school: School) -> dict[str, str]:
    return {each.finding.check: each.finding.detail for each in school.store.findings.all("acme")}


def test_the_champion_answers_as_soon_as_there_is_one_and_no_longer_than_it_is(school: School) -> None:
    champions = Champions(school.store, school.learner.encoder, school.clock)
    shipped = school.learner.shipped.model_version_
    assert version_of(school, champions) == shipped
    school.solve(150)
    stored = school.train().stored
    assert version_of(school, champions) == stored.version
    school.solve(10)
    later = school.train().stored
    assert version_of(school, champions) == stored.version
    school.store.models.promote("acme", "category", by="Ana", why="", now=school.clock())
    assert version_of(school, champions) == later.version
    school.store.models.rollback("acme", by="Ana", why="", now=school.clock())
    assert version_of(school, champions) == stored.version
    school.store.models.rollback("acme", by="Ana", why="", now=school.clock())
    assert version_of(school, champions) == shipped


def test_one_version_is_read_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.solve(150)
    school.train()
    champions = Champions(school.store, school.learner.encoder, school.clock)
    first = champions.of("acme")
    assert first is not None
    monkeypatch.setattr(Kept, "from_bytes", lambda file: pytest.fail("read again"))
    assert champions.of("acme") is first


def test_a_model_of_another_encoder_is_not_used_and_that_is_said(school: School) -> None:
    school.solve(150)
    stored = school.train().stored
    champions = Champions(school.store, hashing("another"), school.clock)
    assert champions.of("acme") is None
    assert version_of(school, champions) == school.learner.shipped.model_version_
    assert stored.version in findings(school)["model"]
    assert "another" in findings(school)["model"]


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_broken_file_is_not_used_and_that_is_said(school: School, damage: bytes | None) -> None:
    school.solve(150)
    stored = school.train().stored
    file = school.store.models.file("acme", stored.id) or b""
    broken = file[: len(file) // 2] if damage is None else damage
    with school.store.database.write() as connection:
        connection.execute(update(table).values(file=broken))
    assert Champions(school.store, school.learner.encoder, school.clock).of("acme") is None
    assert "train" in findings(school)["model"].lower()


def test_a_file_without_one_of_its_parts_is_broken(school: School) -> None:
    from connectors.model_file import to_bytes

    with pytest.raises(ModelFileBroken, match="lacks a part"):
        Kept.from_bytes(to_bytes({}, {"classifier": {}}))


def champion(school: School, floor: float | None) -> Champion:
    return Champion(classifier=school.learner.shipped, automation=card(floor=floor).automation, languages=())


def test_the_admins_limit_comes_first_then_the_cards_then_the_shipped_one(school: School) -> None:
    asking = replace(ACME, settings={"confidence_floor": 0.7})
    assert floor_for(asking, champion(school, None)) == (0.7, "")
    assert floor_for(asking, None) == (0.7, "")
    assert floor_for(ACME, champion(school, 0.83)) == (0.83, "")
    assert floor_for(ACME, None) == (DEFAULT_FLOOR, "")
    assert floor_for(ACME, champion(school, None)) == (1.0, card().automation.why)


def test_a_model_that_may_automate_nothing_sends_all_to_humans_and_says_why(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.solve(150)
    school.train()
    champions = Champions(school.store, school.learner.encoder, school.clock)
    own = champions.of("acme")
    assert own is not None
    held = replace(own, automation=replace(own.automation, floor=None, why="Too few tickets to promise anything."))
    monkeypatch.setattr(champions, "of", lambda tenant: held)
    made = decider(school, champions).decide(LOGIN, None, ACME)
    assert made.outcome is Outcome.SENT_TO_HUMAN
    assert any("Too few tickets to promise anything." in reason for reason in made.reasons)
    sure = replace(held, automation=replace(own.automation, floor=0.01))
    monkeypatch.setattr(champions, "of", lambda tenant: sure)
    assert decider(school, champions).decide(LOGIN, None, ACME).outcome is Outcome.TRIAGED
