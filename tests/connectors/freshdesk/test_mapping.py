"""The tables, both ways, and every form an instant comes in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors import time_zones
from connectors.freshdesk import mapping, texts
from connectors.plain_text import plain_text
from triage.tickets import Channel, Priority, Satisfaction, Status


def test_every_status_of_ours_has_a_code_and_comes_back() -> None:
    assert set(mapping.STATUS_OUT) == set(Status) - {Status.DELETED}
    back = {ours: mapping.STATUS[code] for ours, code in mapping.STATUS_OUT.items()}
    assert back == {ours: ours for ours in mapping.STATUS_OUT} | {Status.NEW: Status.OPEN}


def test_every_priority_comes_back() -> None:
    assert set(mapping.PRIORITY_OUT) == set(Priority)
    assert all(mapping.PRIORITY[code] is ours for ours, code in mapping.PRIORITY_OUT.items())
    assert (mapping.PRIORITY[4], mapping.PRIORITY[1]) == (Priority.P1, Priority.P4)


def test_every_channel_with_a_code_comes_back() -> None:
    assert set(Channel) - set(mapping.CHANNEL_OUT) == {Channel.OTHER}
    back = {ours: mapping.CHANNEL[code] for ours, code in mapping.CHANNEL_OUT.items()}
    assert back == {ours: ours for ours in mapping.CHANNEL_OUT} | {Channel.API: Channel.IN_APP}


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        (mapping.STATUS_LABEL, mapping.STATUS),
        (mapping.PRIORITY_LABEL, mapping.PRIORITY),
        (mapping.CHANNEL_LABEL, mapping.CHANNEL),
    ],
)
def test_every_code_has_a_label_and_every_label_a_code(labels: dict[str, int], codes: dict[int, Any]) -> None:
    assert set(labels.values()) == set(codes)


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (2, Status.OPEN),
        ("3", Status.PENDING),
        (" Resolved ", Status.SOLVED),
        ("CLOSED", Status.CLOSED),
        ("Waiting on Customer", Status.PENDING),
        ("Waiting on Third Party", Status.ON_HOLD),
        (6, Status.PENDING),
        (7, Status.ON_HOLD),
        (8, Status.OPEN),
        (10_021, Status.OPEN),
        ("Escalated to L2", Status.OPEN),
        ("", Status.OPEN),
        (None, Status.OPEN),
        ("9" * 5000, Status.OPEN),
    ],
)
def test_status(value: Any, ours: Status) -> None:
    assert mapping.status(value) is ours


@pytest.mark.parametrize(
    ("value", "ours"),
    [(4, Priority.P1), ("urgent", Priority.P1), ("Low", Priority.P4), ("2", Priority.P3), (9, None), (None, None)],
)
def test_priority(value: Any, ours: Priority | None) -> None:
    assert mapping.priority(value) is ours


@pytest.mark.parametrize(
    ("value", "ours"),
    [
        (1, Channel.EMAIL),
        ("Portal", Channel.IN_APP),
        ("Feedback Widget", Channel.IN_APP),
        ("7", Channel.CHAT),
        (101, Channel.OTHER),
        ("Carrier pigeon", Channel.OTHER),
        (None, Channel.OTHER),
    ],
)
def test_channel(value: Any, ours: Channel) -> None:
    assert mapping.channel(value) is ours


def test_both_satisfaction_scales() -> None:
    assert mapping.SATISFACTION[3] is Satisfaction.BAD
    assert mapping.SATISFACTION[103] is mapping.SATISFACTION[1] is Satisfaction.GOOD
    assert mapping.SATISFACTION[100] is mapping.SATISFACTION[2] is Satisfaction.NEUTRAL
    assert mapping.SATISFACTION[-103] is Satisfaction.BAD


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2015-08-28T09:08:16Z", datetime(2015, 8, 28, 9, 8, 16, tzinfo=UTC)),
        ("2014-01-08T09:08:53+05:30", datetime(2014, 1, 8, 3, 38, 53, tzinfo=UTC)),
        ("2014-01-08T09:08:53+0530", datetime(2014, 1, 8, 3, 38, 53, tzinfo=UTC)),
        ("2015-08-28T010:08:16Z", datetime(2015, 8, 28, 10, 8, 16, tzinfo=UTC)),
        ("2015-08-28 09:08:16 UTC", datetime(2015, 8, 28, 9, 8, 16, tzinfo=UTC)),
        ("2019-12-18T11:45:25.017Z", datetime(2019, 12, 18, 11, 45, 25, 17_000, tzinfo=UTC)),
        ("2019-12-18T11:45:25.0171234567-01:00", datetime(2019, 12, 18, 12, 45, 25, 17_123, tzinfo=UTC)),
    ],
)
def test_instants(text: str, at: datetime) -> None:
    assert mapping.parse_instant(text) == at
    assert mapping.parse_instant(mapping.stamp(at)) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2015-08-28", "2015-08-28T09:08:16", "2015-13-28T09:08:16Z", "0001-01-01T00:00:00+05:30"]
)
def test_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        mapping.parse_instant(text)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (1636116313.9754386, 1636116313.975438),
        (1500351361762, 1500351361.762),
        ("1746181255793", 1746181255.793),
        ("1636116313", 1636116313.0),
        ("2021-11-05T12:45:13Z", 1636116313.0),
    ],
)
def test_the_three_forms_of_an_app_timestamp(value: object, seconds: float) -> None:
    found = mapping.instant_or_none(value)
    assert found is not None
    assert found.tzinfo is UTC
    assert found.timestamp() == pytest.approx(seconds, abs=1e-5)


@pytest.mark.parametrize(
    "value", [None, "", "soon", True, -1, 0, 1e300, float("nan"), float("inf"), [], {}, "0001-01-02T00:00:00Z"]
)
def test_no_timestamp_is_none(value: object) -> None:
    assert mapping.instant_or_none(value) is None


def test_every_zone_name_means_a_zone_that_exists() -> None:
    assert len(time_zones.IANA) >= 150
    for name, zone in time_zones.IANA.items():
        assert ZoneInfo(zone), name
        assert time_zones.iana(name) == zone
        assert time_zones.iana(zone) == zone


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Chennai", "Asia/Kolkata"),
        ("Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_zone_names_of_the_samples(name: str, zone: str) -> None:
    assert time_zones.iana(name) == zone


@pytest.mark.parametrize("name", ["", "Atlantis", "GMT+25", "../etc/passwd"])
def test_an_unknown_zone_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        time_zones.iana(name)


def test_text_survives_the_way_through_html() -> None:
    text = 'a < b & c\n\n<script>alert(1)</script>\n"quoted" --> end'
    html = texts.marked_html(text, "hx_0123456789")
    assert "<script" not in html
    assert html.count("-->") == 1
    assert html.endswith("<!-- hx_0123456789 -->")
    assert plain_text(html) == text
