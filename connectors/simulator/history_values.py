"""The made-up values in a ticket's text: names, dates, numbers, job and invoice references."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

SLOT = re.compile(r"\{([a-z]+)\}")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
TAGE = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONATE = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni"),
    *("Juli", "August", "September", "Oktober", "November", "Dezember"),
)
CURRENCIES = ("EUR", "USD", "GBP", "€", "$")


class Values:
    """Fills `{slots}`; `about` says who writes and when, so that dates lie shortly before."""

    def __init__(self, common: Mapping[str, Sequence[str]], rng: random.Random) -> None:
        self._common = common
        self._rng = rng
        self._domain = "example.example"
        self._at = datetime(2000, 1, 1, tzinfo=UTC)
        self.german = False
        self._makers: dict[str, Callable[[], str]] = {
            "n": lambda: str(rng.randint(2, 48)),
            "nn": lambda: str(rng.randint(60, 9800)),
            "pct": lambda: str(rng.randint(3, 97)),
            "time": lambda: f"{rng.randint(5, 19):02}:{rng.randint(0, 59):02}",
            "day": self._day,
            "date": self._date,
            "month": self._month,
            "job": lambda: f"J-{rng.randint(10_000, 99_999)}",
            "inv": lambda: f"FL-{self._at.year}-{rng.randint(1000, 9999):05}",
            "money": self._money,
            "tech": lambda: rng.choice(common["first_names"]),
            "colleague": self._name,
            "mail": self._mail,
            "host": lambda: self._domain,
            "company": lambda: self._domain.partition(".")[0].title(),
            "ver": lambda: f"5.{rng.randint(0, 14)}.{rng.randint(0, 9)}",
            "req": lambda: f"{rng.getrandbits(48):012x}",
            "depot": lambda: rng.choice(common["depots"]),
            "browser": lambda: rng.choice(common["browsers"]),
            "device": lambda: rng.choice(common["devices"]),
            "file": lambda: self.fill(rng.choice(common["files"])).replace(" ", "_").lower(),
        }

    def about(self, domain: str, at: datetime, *, german: bool) -> None:
        self._domain, self._at, self.german = domain, at, german

    def fill(self, text: str, said: dict[str, str] | None = None) -> str:
        """`text` with a value in each slot; braces around anything else stay.

        What `said` has for a slot is used first, once; what is made up is put there, for the text that goes with it.
        """
        given = {} if said is None else dict(said)

        def value(slot: re.Match[str]) -> str:
            name = slot[1]
            if name not in self._makers:
                return slot[0]
            made = given.pop(name, None) or self._makers[name]()
            if said is not None:
                said[name] = made
            return made

        return SLOT.sub(value, text)

    def _earlier(self) -> datetime:
        return self._at - timedelta(days=self._rng.randint(1, 20))

    def _day(self) -> str:
        return (TAGE if self.german else DAYS)[self._rng.randrange(5)]

    def _month(self) -> str:
        return (MONATE if self.german else MONTHS)[(self._at.month - self._rng.randint(1, 4)) % 12]

    def _date(self) -> str:
        at = self._earlier()
        if self.german:
            return f"{at.day:02}.{at.month:02}.{at.year}"
        name = MONTHS[at.month - 1]
        return self._rng.choice((f"{at.day} {name}", f"{name} {at.day}", f"{at:%d/%m/%Y}", f"{at:%Y-%m-%d}"))

    def _money(self) -> str:
        amount = f"{self._rng.randint(40, 4900):,}.{self._rng.choice(('00', '50', '90', '25'))}"
        currency = self._rng.choice(CURRENCIES)
        return f"{currency}{amount}" if len(currency) == 1 else f"{amount} {currency}"

    def _name(self) -> str:
        return f"{self._rng.choice(self._common['first_names'])} {self._rng.choice(self._common['last_names'])}"

    def _mail(self) -> str:
        return f"{self._name().lower().replace(' ', '.')}@{self._domain}"
