"""Numbers with their units, which is what limits and periods are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triage.everyday import EVERYDAY

_WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"  # in order from 1
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_WORDS.split(), start=1)} | {
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100",
    "eins": "1", "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "zehn": "10",
}  # fmt: skip
_TIME = (
    "second minute hour day week month quarter year night sekunde minuten stunde stunden tag tage tagen woche wochen"
    " monat monate monaten jahr jahre jahren"
)
_SIZE = "b kb mb gb tb kib mib gib byte"
_MONEY = "eur usd gbp chf euro dollar cent pound"
_DIMENSIONS = {
    unit: name for name, units in (("time", _TIME), ("size", _SIZE), ("money", _MONEY)) for unit in units.split()
}
NUMBER = rf"(?:\d[\d.,]*\d|\d|(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})(?!\w))"
_AMOUNT = re.compile(
    rf"(?<![\w.,])({NUMBER})(?:(?: to | → |-| - |–| and | or |/| rather than | instead of )({NUMBER}))?[ -]?"
    r"(%|[^\W\d_]{1,24})(?!\w)",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:.])(?:[01]?\d|2[0-4]):[0-5]\d(?![\d:])")
_SIGNED = re.compile(r"[€$£]\s?\d|\d\s?[€$£]")
_NO_UNITS = frozenset({"he", "third", "them", "und", "oder"})


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit as it is written; `dimension` is what can be compared: time, size, money, else the unit's
    own word."""

    text: str
    dimension: str


def amounts(text: str) -> Iterator[Amount]:
    """Every number with a unit in `text`; "from 60 to 120 minutes" is two."""
    for found in _AMOUNT.finditer(text):
        unit = found[3].lower()
        if unit in _NO_UNITS or unit in EVERYDAY:
            continue
        dimension = _dimension(unit)
        for number in (found[1], found[2]):
            # "One file" counts nothing, "one hour" does.
            if number and (number.lower() != "one" or dimension in ("time", "size", "money")):
                yield Amount(f"{number} {found[3]}", dimension)
    for found in _CLOCK.finditer(text):
        yield Amount(found[0], "clock")
    for found in _SIGNED.finditer(text):
        yield Amount(found[0], "money")


def dimensions(text: str) -> frozenset[str]:
    """What the amounts in `text` measure; a span that is named without a number ("a month") counts, too."""
    found = {amount.dimension for amount in amounts(text)}
    if _SPAN.search(text):
        found.add("time")
    return frozenset(found)


def _dimension(unit: str) -> str:
    singular = unit[:-1] if unit.endswith("s") and len(unit) > 2 else unit
    return _DIMENSIONS.get(unit) or _DIMENSIONS.get(singular) or singular


_SPAN = re.compile(
    r"\b(?:an?|half an?|every|each|once an?|per) (?:second|minute|hour|day|night|week|month|quarter|year)\b"
    r"|\b(?:hourly|daily|nightly|weekly|monthly|yearly|at once|within seconds)\b",
    re.IGNORECASE,
)
