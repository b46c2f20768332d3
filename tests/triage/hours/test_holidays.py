"""Public holidays by country and subdivision."""

from __future__ import annotations

from datetime import date

import pytest

from triage.hours.holidays import FIRST_YEAR, LAST_YEAR, HolidayError, public


def days(country: str, subdivision: str | None = None, year: int = 2026) -> dict[date, str]:
    return {each.starts_on: each.name for each in public(country, subdivision) if each.starts_on.year == year}


def test_a_subdivision_adds_its_own_days() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany not in days("DE")
    assert days("DE", "BY")[epiphany] == "Epiphany"
    assert days("DE", "Bayern") == days("DE", "by") == days("DE", "BY")
    assert days("DE")[date(2026, 10, 3)] == "German Unity Day"


def test_days_in_lieu_are_closed_too() -> None:
    """https://www.gov.uk/bank-holidays: Boxing Day 2026 is a Saturday."""
    assert {date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 28)} <= set(days("GB", "England"))


def test_names_do_not_depend_on_the_language_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    public.cache_clear()
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert days("DE")[date(2026, 1, 1)] == "New Year's Day"


def test_decades_back_and_ahead_are_known_once() -> None:
    found = public("US")
    assert (found[0].starts_on.year, found[-1].starts_on.year) == (FIRST_YEAR, LAST_YEAR)
    assert all(each.starts_on == each.ends_on for each in found)
    assert public("US") is found


def test_a_country_whose_days_are_known_for_few_years_is_read_without_a_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    assert days("LK", year=2025)
    assert not list(recwarn)


@pytest.mark.parametrize(
    ("country", "subdivision", "said"),
    [
        ("XX", None, "no holidays are known of country 'XX'. Use a code such as DE"),
        ("", None, "no holidays are known of country ''"),
        ("Germany", None, "no holidays are known of country 'Germany'"),
        ("DE", "Bayer", "country DE has no subdivision 'Bayer'. Did you mean BY?"),
        ("DE", "", "country DE has no subdivision ''. Use one of: BB, BE, BW"),
    ],
)
def test_what_is_not_known_is_said(country: str, subdivision: str | None, said: str) -> None:
    with pytest.raises(HolidayError) as error:
        public(country, subdivision)
    assert said in str(error.value)
