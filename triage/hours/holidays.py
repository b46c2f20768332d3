"""Days on which a desk is closed: public holidays of a country, and calendars as other programs export them."""

from __future__ import annotations

import warnings
from datetime import date
from difflib import get_close_matches
from functools import lru_cache

from triage.hours.schedule import Holiday

FIRST_YEAR, LAST_YEAR = 2000, 2075
"""Of public holidays. All these years of the slowest country take 20 ms of processor time, once in a process."""


class HolidayError(ValueError):
    """The holidays cannot be read; the message says why and what to write instead."""


@lru_cache(maxsize=64)
def public(country: str, subdivision: str | None = None) -> tuple[Holiday, ...]:
    """Public holidays, days in lieu included, by date. `country` is an ISO 3166 code, `subdivision` a code or name.

    Those of calendars that follow the moon are known as far ahead as they were calculated, for some countries less
    than `LAST_YEAR`. Raises `HolidayError` for what is not known.
    """
    import holidays  # here: it takes longer to import than most commands take

    known = holidays.list_supported_countries(include_aliases=True)
    code = country.strip().upper()
    if code not in known:
        raise HolidayError(
            f"no holidays are known of country {country[:40]!r}. Use a code such as DE, or list the days one by one."
        )
    region = None if subdivision is None else _subdivision(code, subdivision.strip(), known[code])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it knows fewer years than were asked for
        spoken = holidays.country_holidays(code)
        english = [each for each in spoken.supported_languages if each.startswith("en")]
        found = holidays.country_holidays(
            code,
            subdiv=region,
            years=range(FIRST_YEAR, LAST_YEAR + 1),
            # Without one the names depend on the language of the machine.
            language="en_US" if "en_US" in english else next(iter(english), spoken.default_language),
        )
    days: list[tuple[date, str]] = sorted(found.items())
    return tuple(Holiday(name=name, starts_on=day, ends_on=day) for day, name in days)


def _subdivision(code: str, asked: str, known: list[str]) -> str:
    import holidays

    names: dict[str, str] = dict(getattr(holidays.country_holidays(code), "subdivisions_aliases", {}))
    by_name = {name.casefold(): region for name, region in (*((each, each) for each in known), *names.items())}
    found = by_name.get(asked.casefold())
    if found is not None:
        return found
    near = get_close_matches(asked.casefold(), list(by_name), n=1)
    some = f"Did you mean {by_name[near[0]]}?" if near else f"Use one of: {', '.join(known) or 'none is known'}."
    raise HolidayError(f"country {code} has no subdivision {asked[:40]!r}. {some}")
