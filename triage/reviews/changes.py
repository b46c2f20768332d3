"""Release notes as the single changes they tell of, each with its kind and its telling terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from triage.reviews.kinds import IDLE, MENU, Kind, kind_of, said
from triage.reviews.markup import lines_of
from triage.reviews.terms import Term, terms_of, unmarked

MOST = 300  # changes of one release; who writes more has pasted a log
LONGEST = 1_000  # characters of one change
LEAD = 80  # characters of a line that ends in a colon and stands above a list


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `text` without markup, what the encoder reads; `heading` is what stood above it."""

    text: str
    kind: Kind
    terms: tuple[Term, ...]
    heading: str = ""

    def to_encode(self, title: str) -> str:
        """What the encoder reads: the release's title, last, says what a short line is about."""
        return f"{self.text} {title.strip()}".strip()


_SKIPPED = re.compile(
    r"\b(?:contributors?|thanks to|acknowledgements?|downloads?|checksums?|full changelog|assets|known issues"
    r"|coming (?:soon|next)|what's next|roadmap)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(\S.*)")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|__)([^*\n]{1,80}?)(?:\*\*|__):?\s*")
_ITEM = re.compile(r"(\s*)(?:[-*+•–·]|\d{1,3}[.)])\s+(\S.*)")
_CREDIT = re.compile(r"\s+(?:by @[\w-]{1,60} in |in )?(?:https?://\S{1,300}|\(?#\d{1,8}\)?|\([0-9a-f]{7,40}\))", re.I)
_LINK_ONLY = re.compile(r"(?:\*\*)?[\w ]{0,40}:?(?:\*\*)?:?\s*https?://\S+")
_SENTENCE = re.compile(
    r"(?:(?<=[^\W\d_][^\W_])|(?<=[\d`*\"”»)]))[.!?](?:[\"”»)]|\*\*)?\s+(?=[\"“«(*`]{0,3}[A-ZÀ-Þ0-9])|(?<=[。！？])"
)
_GOES_ON = re.compile(
    r"[\"“(]{0,2}(?:it|they|this|that|these|those|both|each|there|here|then|so|also"
    r"|the (?:same|first|second))\b",
    re.IGNORECASE,
)
_IS_NOW = re.compile(
    r"(?:\*\*|[\"”»'`])(?: [^\W\d_]+){0,5}(?: (?:is|are) (?:now|from now on)| becomes?| instead of|,? formerly| →| ->)"
    r"(?: [^\W\d_]+){0,2} (?:\*\*|[\"“«'`])"
)
"""One name in marks for another; a few words may stand between: where the thing is, or what it is called."""
_UNCHANGED = re.compile(
    r"\bnothing (?:else )?changes\b|\b(?:is|are|remains?|stays?|was|were) (?:unchanged|not affected|unaffected)\b"
    r"|\b(?:remains?|stays?) (?:the same|as|part|where|in place|available|possible|supported)\b"
    r"|\b(?:is|are|works?|stays?) (?:the same )?as (?:before|it was|they were|always)\b"
    r"|^[^,;]{3,60}\b(?:stays?|remains?)$"
    r"|\bkeeps? (?:its|their|your) (?!own)\w+\b|\bno changes? (?:is|are) needed\b|\b(?:no|without) action\b"
    r"|\bno downtime\b|\bnothing to do\b|\bbleibt (?:gleich|unverändert|wie)",
    re.IGNORECASE,
)
"""What did not change; notes say so to calm, and it would find the very articles that are still right."""


def changes_of(notes: str, title: str = "") -> tuple[Change, ...]:
    """The changes that release notes tell of, in their order: list items, rows of tables and sentences.

    `title` is the release's. A sentence that goes on about the one before it stays with it. Thanks, downloads and bare
    links are left out.
    """
    found: dict[tuple[str, str], Change] = {}
    # A title such as "Fieldline Go gets a new name" may be the only place that names it.
    titled = [("", title)] if said(title) in MENU else []
    for heading, text in chain(titled, _pieces(notes)):
        text = _CREDIT.sub("", text).strip(" |")[:LONGEST]
        if not any(letter.isalpha() for letter in text):
            continue
        for part in _split(text):
            plain = " ".join(unmarked(part).split())
            kind = kind_of(plain, heading, title)
            if kind not in IDLE and _IS_NOW.search(part):
                kind = Kind.RENAMED
            change = Change(plain, kind, terms_of(part), heading)
            found.setdefault((heading, plain), change)
        if len(found) >= MOST:
            break
    return tuple(found.values())[:MOST] if len(found) > len(titled) else ()


def _pieces(notes: str) -> Iterator[tuple[str, str]]:
    """List items, table rows and paragraphs, each with the heading above it; an item's further lines belong to it."""
    heading, lead = "", ""
    skipped = fenced = False
    piece: list[str] = []
    for line in [*lines_of(notes), ""]:
        bare = line.strip()
        if bare.startswith("```"):
            fenced = not fenced
            continue
        title = None if fenced else _HEADING.fullmatch(line) or _BOLD_LINE.fullmatch(line)
        item = None if fenced else _ITEM.fullmatch(line)
        if piece and (title or item or not bare):
            text = " ".join(piece)
            if not skipped and not _LINK_ONLY.fullmatch(text):
                # "Limits:" above a list is a heading, however it is set.
                lead = text.rstrip(":") if text.endswith(":") and len(text) <= LEAD else lead
                if not text.endswith(":") or len(text) > LEAD:
                    yield " / ".join(part for part in (heading, lead) if part), text
            piece = []
        if title:
            heading, lead = title[title.lastindex or 1].strip(" #:*"), ""
            skipped = _SKIPPED.search(heading) is not None
        elif item:
            piece = [item[2]]
        elif bare:
            piece.append(bare)


def _split(text: str) -> Iterator[str]:
    """The sentences of a piece; one that goes on about the one before it, with "it" or "this", stays with that."""
    together = ""
    for sentence in map(_only_changes, _sentences(text)):
        if together and not _GOES_ON.match(unmarked(sentence)):
            yield together
            together = ""
        together = f"{together} {sentence}".strip()
    if together:
        yield together


def _only_changes(sentence: str) -> str:
    """The sentence without those clauses that say what stays."""
    clauses = re.split(r"(;\s+|, but )", sentence)
    kept = [
        joint + clause
        for joint, clause in zip(["", *clauses[1::2]], clauses[::2], strict=True)
        if not _UNCHANGED.search(unmarked(clause).rstrip(" .!"))
    ]
    return re.sub(r"^(?:;\s+|, but )", "", "".join(kept))


def _sentences(text: str) -> Iterator[str]:
    at = 0
    for found in _SENTENCE.finditer(text):
        yield text[at : found.end()].strip()
        at = found.end()
    if text[at:].strip():
        yield text[at:].strip()
