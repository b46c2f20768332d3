"""The rest of the invented company's helpdesk: help centre, working hours and promises, from `seed/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.simulator.records import HelpArticle, HelpSection, Schedule, SlaPolicy, Translation
from connectors.simulator.state import HelpdeskState

LOCALE = "en"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60


def add_category(state: HelpdeskState, entry: Mapping[str, Any]) -> None:
    """One category with its sections and articles, each dated as far back as it says."""
    category = _shelf(state, entry["category"], None)
    for each in entry.get("sections") or ():
        section = _shelf(state, each["name"], category.id)
        for article in each.get("articles") or ():
            _add_article(state, section, article)


def add_schedule(state: HelpdeskState, entry: Mapping[str, Any]) -> None:
    intervals = sorted(
        (day * DAY_MINUTES + _minutes(hours["opens"]), day * DAY_MINUTES + _minutes(hours["closes"]))
        for hours in entry["days"]
        for day in range(WEEKDAYS.index(hours["from"]), WEEKDAYS.index(hours["to"]) + 1)
    )
    schedule = Schedule(
        id=state.next_id(),
        name=entry["name"],
        time_zone=entry["time_zone"],
        intervals=tuple(intervals),
        holidays=tuple((day["name"], str(day["from"]), str(day["to"])) for day in entry.get("holidays") or ()),
        is_default=bool(entry.get("is_default")),
    )
    state.put(state.schedules, schedule)


def add_policy(state: HelpdeskState, entry: Mapping[str, Any]) -> None:
    """Its position is its place in the file: the first that applies wins."""
    policy = SlaPolicy(
        id=state.next_id(),
        title=entry["title"],
        position=len(state.policies) + 1,
        targets={priority: (first, last, bool(open_)) for priority, (first, last, open_) in entry["targets"].items()},
        organization_ids=_companies(state, entry),
        created_at=state.second(),
        updated_at=state.second(),
    )
    state.put(state.policies, policy)


def _shelf(state: HelpdeskState, name: str, parent_id: int | None) -> HelpSection:
    at = state.second()
    shelf = HelpSection(id=state.next_id(), name=name, parent_id=parent_id, created_at=at, updated_at=at)
    state.put(state.sections, shelf)
    return shelf


def _add_article(state: HelpdeskState, section: HelpSection, entry: Mapping[str, Any]) -> None:
    at = state.second() - timedelta(days=entry.get("updated_days_ago", 0))
    others = {locale: _text(text) for locale, text in (entry.get("translations") or {}).items()}
    article = HelpArticle(
        id=state.next_id(),
        section_id=section.id,
        locale=LOCALE,
        translations={LOCALE: _text(entry), **others},
        author_id=next(user.id for user in state.users.values() if user.is_staff),
        created_at=at,
        updated_at=at,
        audience=entry.get("audience") or "everyone",
        organization_ids=_companies(state, entry),
        labels=tuple(entry.get("labels") or ()),
    )
    state.put(state.articles, article)


def _text(entry: Mapping[str, Any]) -> Translation:
    return Translation(
        title=entry["title"],
        body=entry["body"].strip(),
        outdated=bool(entry.get("outdated")),
        draft=bool(entry.get("draft")),
    )


def _companies(state: HelpdeskState, entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Ids of the customers named by key; a key that no customer has stops the load."""
    by_key = {company.external_id: company.id for company in state.organizations.values()}
    return tuple(by_key[key] for key in entry.get("organizations") or ())


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
