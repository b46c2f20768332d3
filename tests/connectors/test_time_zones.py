"""Zone names of helpdesks."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.time_zones import IANA, RAILS_NAMES, iana


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        (" Eastern Time (US & Canada) ", "America/New_York"),
        ("Copenhagen", "Europe/Copenhagen"),
        ("New Delhi", "Asia/Kolkata"),
        ("Nuku'alofa", "Pacific/Tongatapu"),
        ("UTC", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_either_form(name: str, zone: str) -> None:
    assert iana(name) == zone


@pytest.mark.parametrize("name", ["", "Narnia", "GMT-25", "europe berlin", "../../etc/passwd", "Pacific Time"])
def test_any_other_name_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        iana(name)


@pytest.mark.parametrize("zone", sorted(RAILS_NAMES))
def test_every_zone_exists(zone: str) -> None:
    ZoneInfo(zone)


def test_no_name_means_two_zones() -> None:
    assert len(IANA) == sum(map(len, RAILS_NAMES.values())) > 150


# From January offsets that the names' own groups promise: a typing error in the table shows here.
@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("International Date Line West", -12),
        ("Hawaii", -10),
        ("Alaska", -9),
        ("Arizona", -7),
        ("Saskatchewan", -6),
        ("Indiana (East)", -5),
        ("Newfoundland", -3.5),
        ("Brasilia", -3),
        ("Cape Verde Is.", -1),
        ("Edinburgh", 0),
        ("Vienna", 1),
        ("Kyiv", 2),
        ("St. Petersburg", 3),
        ("Tehran", 3.5),
        ("Kabul", 4.5),
        ("Kathmandu", 5.75),
        ("Rangoon", 6.5),
        ("Perth", 8),
        ("Sapporo", 9),
        ("Darwin", 9.5),
        ("Brisbane", 10),
        ("Chatham Is.", 13.75),
        ("Samoa", 13),
    ],
)
def test_offsets(name: str, hours: float) -> None:
    assert datetime(2026, 1, 15, tzinfo=ZoneInfo(iana(name))).utcoffset() == timedelta(hours=hours)
