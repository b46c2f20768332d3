"""What the connector lists: changed tickets, articles, ratings, schedules and policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import Feature
from connectors.errors import Rejected
from connectors.simulator.records import HelpArticle, HelpSection, Rating, Schedule, SlaPolicy, Translation
from tests.conformance.world import World, utc_now
from triage.articles import Audience, deleted
from triage.sla import Metric
from triage.tickets import Priority, Satisfaction

MINUTE_OF_MONDAY_9, MINUTE_OF_MONDAY_17 = 9 * 60, 17 * 60
DAY = 24 * 60


def changed_tickets_come_once(world: World) -> object:
    refs = {world.arrive(f"Ticket {number}") for number in range(5)}
    seen = [ticket.ref for tickets, _ in _pages(world, None) for ticket in tickets]
    assert sorted(seen) == sorted(refs)
    return len(seen)


def the_stream_goes_on_where_it_stopped(world: World) -> object:
    first = world.arrive("First")
    cursor = _pages(world, None)[-1][1]
    second = world.arrive("Second")
    later = {ticket.ref for tickets, _ in _pages(world, cursor) for ticket in tickets}
    # An overlap may bring the first one again; losing the second would be a fault.
    assert second in later
    assert later <= {first, second}
    return "went on"


def more_than_a_page_is_walked(world: World) -> object:
    refs = {world.arrive(f"Ticket {number}") for number in range(130)}
    seen = {ticket.ref for tickets, _ in _pages(world, None) for ticket in tickets}
    assert seen == refs
    return len(seen)


def a_listed_ticket_is_the_ticket(world: World) -> object:
    ref = world.arrive("Export stops", "It stops at 40 %.", tags=("vip",))
    listed = next(ticket for tickets, _ in _pages(world, None) for ticket in tickets if ticket.ref == ref)
    read = world.helpdesk.ticket(ref)
    assert listed == read
    return listed.subject, listed.tags


def articles_have_a_place_and_readers(world: World) -> object:
    _help_centre(world)
    found = {article.title: article for page in world.helpdesk.articles() for article in page if article.locale == "en"}
    told = {title: (article.section, article.audience, article.is_draft) for title, article in found.items()}
    assert told == {
        "Export to CSV": (("Data", "Exports"), Audience.EVERYONE, False),
        "Restart the worker": (("Data", "Exports"), Audience.AGENTS, False),
        "Acme's own export": (("Data", "Exports"), Audience.RESTRICTED, False),
        "Not yet": (("Data", "Exports"), Audience.EVERYONE, True),
    }
    acme = world.state.user_by_email("kim@acme.example")
    assert acme is not None
    assert found["Acme's own export"].allowed == (f"organization:{acme.organization_id}",)
    return sorted(told)


def an_article_is_there_in_each_language(world: World) -> object:
    _help_centre(world)
    pages = world.helpdesk.articles()
    titles = {(article.locale, article.title) for page in pages for article in page if "CSV" in article.title}
    assert titles == {("en", "Export to CSV"), ("de", "Export als CSV")}
    return sorted(titles)


def a_deleted_article_is_missed(world: World) -> object:
    _help_centre(world)
    before = {(article.ref, article.locale) for page in world.helpdesk.articles() for article in page}
    gone = next(article for article in world.state.articles.values() if article.audience == "agents")
    del world.state.articles[gone.id]
    after = {(article.ref, article.locale) for page in world.helpdesk.articles() for article in page}
    assert deleted(before, after) == ((str(gone.id), "en"),)
    return len(after)


def a_walk_through_the_articles_goes_on_from_any_cursor(world: World) -> object:
    _help_centre(world)
    pages = list(world.helpdesk.article_pages(cursor=None))
    whole = [(article.ref, article.locale) for page, _ in pages for article in page]
    for cut, (_, cursor) in enumerate(pages, 1):
        before = [(article.ref, article.locale) for page, _ in pages[:cut] for article in page]
        rest = [
            (article.ref, article.locale) for page, _ in world.helpdesk.article_pages(cursor=cursor) for article in page
        ]
        assert before + rest == whole
    with pytest.raises(Rejected):
        next(world.helpdesk.article_pages(cursor='{"of": "another helpdesk"}'))
    return len(whole)


def old_articles_can_be_left_out(world: World) -> object:
    _help_centre(world)
    fresh = next(iter(world.state.articles.values()))
    now = world.state.second()
    for article in list(world.state.articles.values()):
        changed_at = now if article.id == fresh.id else now - timedelta(days=3)
        world.state.put(world.state.articles, _dated(article, changed_at))
    pages = world.helpdesk.articles(updated_since=utc_now() - timedelta(days=1))
    titles = {article.title for page in pages for article in page if article.locale == "en"}
    assert titles == {fresh.translations["en"].title}
    return sorted(titles)


def ratings_are_good_or_bad(world: World) -> object:
    at = world.state.second()
    refs = [world.arrive(attributes={"status": "solved"}) for _ in range(2)]
    for ref, score, comment in zip(refs, ("good", "bad"), ("Quick!", "Too slow"), strict=True):
        rating = Rating(id=world.state.next_id(), ticket_id=int(ref), score=score, comment=comment, created_at=at)
        world.state.put(world.state.ratings, rating)
    read = {each.ticket_ref: each for page in world.helpdesk.ratings(since=world.long_ago()) for each in page}
    assert [read[ref].score for ref in refs] == [Satisfaction.GOOD, Satisfaction.BAD]
    assert [read[ref].comment for ref in refs] == ["Quick!", "Too slow"]
    return [read[ref].score for ref in refs]


def a_schedule_is_in_its_own_zone(world: World) -> object:
    weekdays = tuple((day * DAY + MINUTE_OF_MONDAY_9, day * DAY + MINUTE_OF_MONDAY_17) for day in range(5))
    world.state.put(
        world.state.schedules,
        Schedule(
            id=world.state.next_id(),
            name="New York",
            time_zone="America/New_York",
            intervals=weekdays,
            holidays=(("Thanksgiving", "2026-11-26", "2026-11-27"),),
        ),
    )
    schedule = next(each for each in world.helpdesk.schedules() if each.name == "New York")
    assert schedule.time_zone == "America/New_York"
    assert schedule.intervals == weekdays
    holidays = [(each.name, each.starts_on.isoformat(), each.ends_on.isoformat()) for each in schedule.holidays]
    known = Feature.HOLIDAYS in world.helpdesk.features
    assert holidays == ([("Thanksgiving", "2026-11-26", "2026-11-27")] if known else [])
    return schedule.intervals


def a_policy_has_targets_by_priority(world: World) -> object:
    at = world.state.second()
    targets = {
        "urgent": (30, 240, False),
        "high": (60, 480, True),
        "normal": (240, 1440, True),
        "low": (480, 2880, True),
    }
    organization = world.person("kim@acme.example").organization_id
    assert organization is not None
    policy = SlaPolicy(
        id=world.state.next_id(),
        title="Gold",
        position=1,
        targets=targets,
        organization_ids=(organization,),
        created_at=at,
        updated_at=at,
    )
    world.state.put(world.state.policies, policy)
    gold = next(each for each in world.helpdesk.sla_policies() if each.title == "Gold")
    read = {(each.metric, each.priority): (each.target_minutes, each.in_business_hours) for each in gold.targets}
    assert read[(Metric.FIRST_REPLY_TIME, Priority.P1)] == (30, False)
    assert read[(Metric.FULL_RESOLUTION_TIME, Priority.P4)] == (2880, True)
    assert gold.applies_to["organization_id"] == (str(organization),)
    return sorted((metric.value, priority.value, *target) for (metric, priority), target in read.items())


def _pages(world: World, cursor: str | None) -> list[tuple[tuple[object, ...], str]]:
    return list(world.helpdesk.tickets(cursor=cursor, updated_since=world.long_ago()))  # type: ignore[arg-type]


def _help_centre(world: World) -> None:
    """One shelf with an article for each kind of reader, and one in two languages."""
    state, at = world.state, world.state.second()
    category = HelpSection(id=state.next_id(), name="Data", parent_id=None, created_at=at, updated_at=at)
    section = HelpSection(id=state.next_id(), name="Exports", parent_id=category.id, created_at=at, updated_at=at)
    state.put(state.sections, category)
    state.put(state.sections, section)
    acme = world.person("kim@acme.example").organization_id
    assert acme is not None

    def article(title: str, *, german: str | None = None, draft: bool = False, **more: object) -> None:
        translations = {"en": Translation(title=title, body=f"<p>{title}.</p>", draft=draft)}
        if german:
            translations["de"] = Translation(title=german, body=f"<p>{german}.</p>")
        state.put(
            state.articles,
            HelpArticle(
                id=state.next_id(),
                section_id=section.id,
                locale="en",
                translations=translations,
                author_id=world.person("ana@desk.example").id,
                created_at=at,
                updated_at=at,
                **more,  # type: ignore[arg-type]
            ),
        )

    article("Export to CSV", german="Export als CSV")
    article("Restart the worker", audience="agents")
    article("Acme's own export", audience="restricted", organization_ids=(acme,))
    article("Not yet", draft=True)


def _dated(article: HelpArticle, changed_at: object) -> HelpArticle:
    return replace(article, updated_at=changed_at)  # type: ignore[arg-type]
