"""The words of a change that tell what it is about: names, paths through menus, code, codes, limits; and where
articles have them.

A marked name (quoted, bold, code) was marked by whoever wrote the notes, so it counts more than one that only looks
like a name, and that more than two ordinary words that stand together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from triage.everyday import EVERYDAY
from triage.reviews.amounts import NUMBER_WORDS, amounts
from triage.search.words import stem, tokens

LONGEST = 80  # characters of a term; more is a sentence
MOST_TERMS = 60  # of one change
_MARKED = re.compile(
    r"\*\*(?=\S)([^*\n]{1,80})\*\*|__(?=\S)([^_\n]{1,80})__|``?([^`\n]{1,80})``?"
    r'|[“„"]([^“”„"\n]{1,80})[”“"]|«([^«»\n]{1,80})»|‘([^‘’\n]{1,80})’|(?<!\w)\'([^\'\n]{1,80})\'(?!\w)'
    r"|[「『]([^」』\n]{1,80})[」』]"
)
_SEPARATOR = re.compile(r"\s*(?:>|›|→|»|->)\s*")
_PATH = re.compile(r"[^\W\d_][\w'&-]*(?: [\w'&-]+){0,3}(?:\s?(?:>|›|→|»|->)\s?[^\W\d_][\w'&-]*(?: [\w'&-]+){0,3}){1,5}")
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w&-]*"
_NAMED = re.compile(rf"(?<![\w-]){_CAPITAL}(?: (?:(?:of|and|to|for|the|in|by) )?{_CAPITAL})*")
_IDENTIFIER = re.compile(
    r"(?<![\w/.-])(?:"
    r"/?[\w{}-]+(?:[/._:][\w{}-]+)+/?"  # a path, a dotted or underscored name
    r"|[a-z]+(?:[A-Z][a-z0-9]+)+|[A-Z][A-Z0-9]+(?:-[A-Z0-9]+)*|X-[\w-]+"
    r"|[A-Za-z]+[-_]?\d+[\w-]*"
    r")(?![\w])"
)
_AFTER_NUMBER = re.compile(r"\d\s?$")
_STATUS = re.compile(
    r"\b(?:answers?|status|errors?|codes?|http|with) ([45]\d\d)(?![\w.,]*\w)"
    r"|(?<![\w.,])([45]\d\d)(?=[:;)]| (?:answers?|errors?|status|responses?)\b)",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n)[\"'“(*`]*$")


class Sort(Enum):
    """What makes a term one, and so how much it tells."""

    MARKED = "marked"
    LIMIT = "limit"
    CODE = "code"
    NAME = "name"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Term:
    """`text` is as the notes write it."""

    text: str
    sort: Sort


def marked(text: str) -> Iterator[str]:
    """What stands in quotes, bold or code."""
    for found in _MARKED.finditer(text):
        yield next(group for group in found.groups() if group is not None)


def unmarked(text: str) -> str:
    """The text without the marks of bold and code; quotes stay."""
    return re.sub(r"\*\*|__(?=\S)|(?<=\S)__|`+", "", text)


def terms_of(text: str) -> tuple[Term, ...]:
    """The telling terms of a change, each once, in the order of how much they tell."""
    bare = unmarked(text)
    found: dict[str, Term] = {}
    for written, sort in (*_marks(text), *_paths(bare), *_limits(bare), *_codes(bare), *_names(bare), *_pairs(bare)):
        clean = " ".join(written.split()).strip(".,;:!?()[]\"'“”*` ")
        key = clean.casefold()
        if clean and len(clean) <= LONGEST and key not in found and any(letter.isalnum() for letter in clean):
            if sort is not Sort.LIMIT and all(word in EVERYDAY for word in key.split()):
                continue
            found[key] = Term(clean, sort)
    return tuple(found.values())[:MOST_TERMS]


def flat(text: str, language: str) -> list[str]:
    """The words of `text` as terms are compared: stemmed, identifiers in their parts, small numbers as digits."""
    return [
        stem(NUMBER_WORDS.get(part, part), language)
        for token in tokens(text)
        for part in (token.forms[1:] or token.forms)
    ]


def steps_of(text: str) -> set[str]:
    """The menu entries that paths in `text` lead through, in small letters; where a path ends in a sentence cannot be
    seen, so its last entry is taken with fewer words, too."""
    found: set[str] = set()
    for path in _PATH.finditer(text):
        steps = _SEPARATOR.split(path[0])
        first, last = steps[0].split(), steps[-1].split()
        found |= {" ".join(first[at:]).casefold() for at in range(len(first)) if first[at][0].isupper()}
        found |= {step.casefold() for step in steps[1:-1]}
        found |= {" ".join(last[:size]).casefold() for size in range(1, len(last) + 1)}
    return found


def _marks(text: str) -> Iterator[tuple[str, Sort]]:
    for name in marked(text):
        yield name, Sort.MARKED
        steps = [step for step in _SEPARATOR.split(name) if step]
        if len(steps) > 1:
            yield " > ".join(steps[-2:]), Sort.MARKED
            yield steps[-1], Sort.NAME


def _paths(text: str) -> Iterator[tuple[str, Sort]]:
    """A way through menus that is not marked may run on into the sentence, so it is tried with fewer words, too."""
    for found in _PATH.finditer(text):
        steps = _SEPARATOR.split(found[0])
        words = steps[-1].split()
        for size in range(len(words), 0, -1):
            last = " ".join(words[:size])
            yield f"{steps[-2].split()[-1]} > {last}", Sort.MARKED
            yield last, Sort.NAME


def _limits(text: str) -> Iterator[tuple[str, Sort]]:
    for amount in amounts(text):
        yield amount.text, Sort.LIMIT


def _codes(text: str) -> Iterator[tuple[str, Sort]]:
    """Identifiers and answers of a server; the unit of an amount is none."""
    for found in _IDENTIFIER.finditer(text):
        if any(map(str.isalpha, found[0])) and not _AFTER_NUMBER.search(text, max(0, found.start() - 3), found.start()):
            yield found[0], Sort.CODE
    for found in _STATUS.finditer(text):
        yield found[1] or found[2], Sort.CODE


def _names(text: str) -> Iterator[tuple[str, Sort]]:
    """Words with a capital; a single one where a sentence begins has it for that."""
    for found in _NAMED.finditer(text):
        words = found[0].split()
        begins = _SENTENCE_START.search(text, max(0, found.start() - 8), found.start()) is not None
        while words and words[0].lower() in EVERYDAY:
            words, begins = words[1:], False
        if words and not (begins and len(words) == 1 and words[0].istitle()):
            yield " ".join(words), Sort.NAME


def _pairs(text: str) -> Iterator[tuple[str, Sort]]:
    """Two telling words next to each other: "recovery codes", "certificate pinning"."""
    before = None
    for token in tokens(text):
        word = token.forms[0]
        telling = word not in EVERYDAY and len(word) > 2 and not word.isdigit()
        if telling and before is not None and text[before.end : token.start] in (" ", "-", "\n"):
            yield text[before.start : token.end], Sort.WORDS
        before = token if telling else None
