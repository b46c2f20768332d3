"""The shipped help centre, schedules and policies."""

from __future__ import annotations

import pytest

from connectors.simulator import seed
from connectors.simulator.state import HelpdeskState


@pytest.fixture(scope="module")
def state() -> HelpdeskState:
    made = HelpdeskState()
    seed.load(made)
    return made


def test_the_help_centre_has_every_kind_of_article(state: HelpdeskState) -> None:
    articles = list(state.articles.values())
    audiences = [article.audience for article in articles]
    assert len([each for each in state.sections.values() if each.parent_id is None]) == 4
    assert len(articles) == 45
    assert (audiences.count("agents"), audiences.count("restricted")) == (2, 1)
    (restricted,) = (article for article in articles if article.audience == "restricted")
    assert [state.organizations[number].name for number in restricted.organization_ids] == ["Kestrel Robotics"]
    assert sum("de" in article.translations for article in articles) == 7
    assert sum(article.translations["de"].outdated for article in articles if "de" in article.translations) == 2
    assert [article.translations["en"].draft for article in articles].count(True) == 1
    assert [article.translations["en"].outdated for article in articles].count(True) == 1
    assert len({article.translations["en"].title for article in articles}) == len(articles)
    assert len({article.updated_at for article in articles}) == len(articles)
    assert all(article.updated_at <= state.second() for article in articles)


def test_desks_are_open_in_their_own_zone(state: HelpdeskState) -> None:
    berlin, new_york = state.schedules.values()
    assert (berlin.time_zone, berlin.is_default, len(berlin.holidays)) == ("Europe/Berlin", True, 3)
    assert berlin.intervals[0] == (480, 1080)
    assert berlin.intervals[-1] == (4 * 1440 + 480, 4 * 1440 + 960)
    assert (new_york.time_zone, new_york.holidays, len(new_york.intervals)) == ("America/New_York", (), 5)
    assert berlin.holidays[0] == ("Christmas", "2026-12-24", "2026-12-26")


def test_the_better_promise_comes_first(state: HelpdeskState) -> None:
    gold, standard = sorted(state.policies.values(), key=lambda policy: policy.position)
    assert (gold.title, standard.title, standard.organization_ids) == ("Gold", "Standard", ())
    tiers = {state.organizations[number].fields["tier"] for number in gold.organization_ids}
    assert tiers == {"enterprise"}
    for priority, target in gold.targets.items():
        assert target[0] < standard.targets[priority][0]
    assert state.ratings == {}
