"""Every story with every vendor: what the connector makes of it must be what the story says, and the same for all.

A new helpdesk is held to these before it has a test of its own.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from connectors.registry import VENDORS
from tests.conformance import (
    stories_of_events,
    stories_of_history,
    stories_of_planning,
    stories_of_reading,
    stories_of_writing,
)
from tests.conformance.world import Story, open_world

MODULES = (stories_of_reading, stories_of_history, stories_of_planning, stories_of_writing, stories_of_events)
STORIES: dict[str, Story] = {
    name: story
    for module in MODULES
    for name, story in inspect.getmembers(module, inspect.isfunction)
    if story.__module__ == module.__name__ and not name.startswith("_")
}


@pytest.mark.parametrize("name", STORIES)
def test_every_vendor_tells_the_same_story(name: str, company: Path) -> None:
    told = {}
    for vendor in VENDORS:
        with open_world(vendor, company) as world:
            told[vendor] = STORIES[name](world)
    first = next(iter(told.values()))
    assert told == dict.fromkeys(told, first)


def test_there_are_stories_enough() -> None:
    assert len(STORIES) >= 40
