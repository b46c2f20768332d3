"""The words of a text as search compares them: identifiers whole and in parts, stemmed by the language.

`getUserName`, `fs.s3a.path` and `snake_case` are found as written and by each of their parts. Scripts that write no
spaces between words are taken in pairs of characters.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer  # type: ignore[import-not-found]

LONGEST = 64  # characters of a word that is kept whole; longer ones are keys and encoded files
MOST_PARTS = 24
DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
# Vowel signs and accents that stand for themselves are no letters to `re`, and would cut Hindi and Thai words up.
_MARKS = "".join(chr(code) for code in range(0x300, 0x1D00) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_WORD = re.compile(rf"[\w{_MARKS}]+(?:[.\-/]+[\w{_MARKS}]+)*(?:\+\+|#(?!\w))?")
_ASCII_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_DENSE_PARTS = re.compile(rf"[{DENSE}]+")
_OTHER_PARTS = re.compile(rf"[^\W\d_{DENSE}](?:[^\W\d_{DENSE}]|[{_MARKS}])*|\d+")
# Languages there is a stemmer for, by the first part of a locale such as `pt-BR`.
LANGUAGES = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
_own = threading.local()


@dataclass(frozen=True, slots=True)
class Token:
    """One word at `start` to `end` of a text; `forms` is the word itself in small letters, then its parts."""

    start: int
    end: int
    forms: tuple[str, ...]


def language_of(locale: str) -> str:
    """The stemmer for a locale; empty where there is none, and words are then compared as they are."""
    language = LANGUAGES.get(re.split(r"[-_]", locale.strip().lower())[0], "")
    return language if language in Stemmer.algorithms() else ""


def tokens(text: str) -> Iterator[Token]:
    """Every word of `text` with its place."""
    for found in _WORD.finditer(text):
        if found_as := forms(found[0]):
            yield Token(found.start(), found.end(), found_as)


def written(text: str) -> list[str]:
    """Every word of `text` as it is written there."""
    return _WORD.findall(text)


@lru_cache(maxsize=50_000)
def forms(word: str) -> tuple[str, ...]:
    """The word in small letters, then its parts where it has several; none for a word too long to be one."""
    word = unicodedata.normalize("NFKC", word)
    if word.isascii():
        parts = _ASCII_PARTS.findall(word)
    else:
        parts = [pair for run in _DENSE_PARTS.findall(word) for pair in _pairs(run)] + _OTHER_PARTS.findall(word)
    whole = [] if len(word) > LONGEST or _DENSE_PARTS.search(word) else [word]
    kept = [part for part in parts if len(part) <= LONGEST][:MOST_PARTS] if len(parts) > 1 or not whole else []
    return tuple(dict.fromkeys(part.casefold() for part in whole + kept))


@lru_cache(maxsize=100_000)
def stem(form: str, language: str) -> str:
    """The form without its ending and without accents, which people leave out when they type."""
    if language:
        form = _stemmer(language).stemWord(form)
    if form.isascii():
        return form
    # Only after stemming, which needs the accents; marks of scripts that are not Latin, Greek or Cyrillic stay.
    kept = (part for part in unicodedata.normalize("NFD", form) if not "\u0300" <= part <= "\u036f")
    return unicodedata.normalize("NFC", "".join(kept))


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _stemmer(language: str) -> Stemmer.Stemmer:
    """One for each thread: they are not safe to share."""
    known: dict[str, Stemmer.Stemmer] = _own.__dict__.setdefault("known", {})
    if language not in known:
        known[language] = Stemmer.Stemmer(language, 0)
    return known[language]
