"""What of a message must not go into an article: anything by which a person, a company or an order could be told.

A line is left out as a whole, never mended. Names nobody listed are found by a rule that needs no list: every word with
a capital letter in it must stand in messages of at least two tickets, as menus and products do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from triage.drafts_reading import VERBS
from triage.metadata.urls import HIDDEN, urls
from triage.search.words import written

LEAST_PEOPLE = 2
_PROVIDERS = "gmail googlemail outlook hotmail live msn yahoo icloud me aol gmx web proton protonmail mail t-online"
FREE_MAIL = frozenset(_PROVIDERS.split())
"""Mail providers: such a domain is no company's."""
_PERSONAL = re.compile(
    r"[^\s@]@[^\s@]"  # a mail address, or what is left of one
    r"|\b(?:\d[ .()/-]{0,2}){7,}"  # phone, card and account numbers
    r"|\d{6,}"
    r"|\+\d"
    r"|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b"  # network addresses
    r"|\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){3,}\b"  # IBAN
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-|\b[0-9a-f]{16,}\b|\b(?=[a-z0-9_-]*\d)(?=[a-z0-9_-]*[a-z])[a-z0-9_-]{14,}\b"  # keys
    r"|(?:#|\b(?:no|nr|num|number|nummer|id|ref|reference)\b\.?)\s{0,2}:?\s{0,2}#?\w{0,6}-?\d{2,}"
    r"|\b(?:order|ticket|invoice|contract|booking|tracking|serial|bestellung|rechnung|auftrag|vertrag)\w{0,10}"
    r"\W{1,4}(?:\w{1,10}\W{1,3}){0,2}[a-z]{0,6}-?\d{2,}"
    r"|\b(?:case|customer|account|licen[cs]e|kunde)\w{0,10}\W{1,4}[a-z]{0,6}-?\d{2,}"
    r"|\b(?:password|passcode|passwort|kennwort|pin|otp|token|secret|api[ -]key)\b\W{0,3}(?:is|was|ist|lautet|[:=])"
    r"|\b\d{1,5}[a-z]?,? (?:\w{1,30} ){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|square|boulevard|blvd|way)\b"
    r"|\b\w{2,30}(?:straße|strasse|str\.|gasse|weg|allee|platz) \d"
    r"|\b(?:mr|mrs|ms|miss|dr|prof|herr|frau|monsieur|madame|señora?)\b\.? \w"
    r"|\b(?:born on|date of birth|geboren|diagnos\w*|passport|ssn|social security)\b"
    r"|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}-\d\d-\d\d\b",
    re.I,
)
_SIGN_OFF = re.compile(
    r"^(?:(?:best|kind|warm|many)? ?(?:regards|wishes|thanks)|thank you|thanks|cheers|sincerely|yours|best|viele grüße"
    r"|mit freundlichen|cordialement|saludos|let (?:me|us) know|feel free|sorry|apolog|hope|glad|happy to"
    r"|your \w+ team)\b",
    re.I,
)
_NAMES_TOO = "it support team desk help service services admin office customer info the and will may can mark grant"
_NOT_ONLY_NAMES = frozenset(_NAMES_TOO.split())
_EVERYDAY = """
a after also an and are at before but by can cannot could did do does for from finally first firstly here how i if in is
it my next no not now of on once or our please same since so some that the then there these they this to we what when
where which while who why with without you your wie was warum wo wann bitte dann zuerst wir ich die der das comment
pourquoi quand
"""
_NOBODY_IS_CALLED = VERBS | frozenset(_EVERYDAY.split())
_OWNED = re.compile(r"(\w+)['’]s\b")


@dataclass(frozen=True, slots=True)
class Shared:
    """How many people's tickets each word stands in, in small letters."""

    people: dict[str, int]

    @classmethod
    def of(cls, messages: Iterable[tuple[str, Iterable[str]]]) -> Shared:
        """From the texts of each person's tickets."""
        known: dict[str, set[str]] = {}
        for person, texts in messages:
            for text in texts:
                for word in written(text):
                    known.setdefault(word.lower(), set()).add(person)
        return cls({word: len(people) for word, people in known.items()})

    def has(self, word: str) -> bool:
        return self.people.get(word.lower(), 0) >= LEAST_PEOPLE


def is_personal(text: str, names: frozenset[str], shared: Shared) -> bool:
    """Whether the line must be left out; `names` are those of the people who wrote."""
    if _PERSONAL.search(_without_urls(text)) or _SIGN_OFF.match(text):
        return True
    if any(HIDDEN in value for (_, value, _, _), _ in urls(text)):
        return True
    known = {part.lower() for name in names for part in re.split(r"[\W_]+", name) if len(part) >= 2}
    if any(not shared.has(owner) for owner in _OWNED.findall(text)):
        return True
    for word in written(text):
        parts = {word.lower(), *(part.lower() for part in re.split(r"[.\-_/]+", word))}
        if parts & known - (_NOT_ONLY_NAMES if word.islower() else frozenset()):
            return True
        if word.islower() or not any(map(str.isalpha, word)) or word.lower() in _NOBODY_IS_CALLED:
            continue
        if not shared.has(word):
            return True
    return False


def _without_urls(text: str) -> str:
    """Addresses of pages are looked at by `urls`, which knows which of their numbers are secrets."""
    for _, (start, end) in reversed(list(urls(text))):
        text = f"{text[:start]} {text[end:]}"
    return text
