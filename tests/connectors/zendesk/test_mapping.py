"""Every word of ours goes out, every documented word of Zendesk's comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum

import pytest

from connectors.zendesk import mapping
from triage.sla import Metric
from triage.tickets import Channel, Priority, Satisfaction, Status


@pytest.mark.parametrize(
    ("ours", "out", "incoming"),
    [
        (Status, mapping.STATUS_OUT, mapping.STATUS),
        (Priority, mapping.PRIORITY_OUT, mapping.PRIORITY),
        (Channel, mapping.CHANNEL_OUT, mapping.CHANNEL),
    ],
)
def test_tables_go_both_ways(ours: type[Enum], out: dict[Enum, str], incoming: dict[str, Enum]) -> None:
    assert set(out) == set(ours)
    assert all(incoming[theirs] is word for word, theirs in out.items())


@pytest.mark.parametrize("word", ["new", "open", "pending", "hold", "solved", "closed", "deleted"])
def test_documented_statuses(word: str) -> None:
    assert mapping.STATUS[word] in Status


@pytest.mark.parametrize(
    ("via", "expected"),
    [
        ("email", Channel.EMAIL),
        ("MAIL", Channel.EMAIL),
        ("chat", Channel.CHAT),
        ("messaging", Channel.CHAT),
        ("native_messaging", Channel.CHAT),
        ("web", Channel.IN_APP),
        ("mobile_sdk", Channel.IN_APP),
        ("web_service", Channel.API),
        ("api", Channel.API),
        ("voice", Channel.PHONE),
        (4, Channel.EMAIL),
        (29, Channel.CHAT),
        (9999, Channel.OTHER),
        ("carrier_pigeon", Channel.OTHER),
        (None, Channel.OTHER),
    ],
)
def test_channels(via: str | int | None, expected: Channel) -> None:
    assert mapping.channel(via) is expected


def test_instants_are_cut_to_microseconds() -> None:
    expected = datetime(2026, 3, 2, 9, 15, 4, 118203, tzinfo=UTC)
    assert mapping.parse_instant("2026-03-02T09:15:04.118203944Z") == expected
    with pytest.raises(ValueError, match="no time zone"):
        mapping.parse_instant("2026-03-02T09:15:04")


def test_every_metric_and_every_opinion_maps_in() -> None:
    assert set(mapping.METRIC.values()) == set(Metric)
    # Zendesk knows no neutral.
    assert set(mapping.SATISFACTION.values()) == {Satisfaction.GOOD, Satisfaction.BAD}
