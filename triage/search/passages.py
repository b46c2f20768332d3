"""An article's text cut into passages of about 120 words, by heading; each knows its headings and its place.

The text is plain, with the few signs of Markdown that say what a line is: `#` headings, ``` around code, `|` between
the cells of a table. Why 120 words: the encoder reads 256 word pieces, and 180 words of technical text are more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from triage.search.words import DENSE

WORDS = 120
BLOCK_WORDS = 200  # a table or a piece of code stays whole up to here
SECTION_WORDS = 40  # a section that is shorter goes on with the next
HEADING = 200  # characters of a heading; a longer line is text
HEADINGS_IN_A_ROW = 10  # more without a word between them are text
HEADINGS = 120  # characters of the headings that are encoded with each passage
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_RULE = re.compile(r"(?:=+|-{3,})[ \t]*")
_SENTENCE_END = re.compile(r"[.!?…](?=[\"')\]]?\s)|[。！？।]|\n")
_DENSE = re.compile(f"[{DENSE}]")


class Kind(Enum):
    HEADING = "heading"
    TEXT = "text"
    BLOCK = "block"
    """Code or a table."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of lines of one kind; `name` and `level` are a heading's."""

    kind: Kind
    start: int
    end: int
    level: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an article: `text` is what stands at `start` to `end` of the article's text."""

    text: str
    headings: tuple[str, ...]
    start: int
    end: int

    def to_encode(self, title: str) -> str:
        """What the encoder reads: the title and the headings say what the passage is about where it does not."""
        parts = (title.strip(), " / ".join(self.headings)[:HEADINGS], self.text)
        return ". ".join(part for part in parts if part)


def passages(text: str) -> tuple[Passage, ...]:
    """The passages of `text` in their order, none for an empty one.

    A passage begins with text; the headings above it are in `headings`. Short sections go together, and then the
    later headings stand in the text. Every word is in a passage or in its headings.
    """
    found: list[Passage] = []
    path: list[Part] = []
    opened: list[Part] = []  # headings since the last text
    headings: tuple[str, ...] = ()
    start = end = -1
    words = 0.0

    def close() -> None:
        nonlocal start, words
        if start >= 0:
            found.append(Passage(text[start:end], headings, start, end))
        start, words = -1, 0.0

    for part in _cut(text):
        if part.kind is Kind.HEADING and len(opened) < HEADINGS_IN_A_ROW:
            path = [above for above in path if above.level < part.level] + [part]
            opened.append(part)
            continue
        more = length(text[part.start : part.end])
        if words + more > WORDS or (opened and words >= SECTION_WORDS):
            close()
        if any(heading not in path for heading in opened) and start < 0:
            # A heading without text of its own, and not above this one: it would be lost.
            opened, start, headings = [], opened[0].start, ()
        elif start < 0:
            start, headings = part.start, tuple(heading.name for heading in path)
        end, words, opened = part.end, words + more, []
    if opened:
        start, end = (start if start >= 0 else opened[0].start), opened[-1].end
    close()
    return tuple(found)


def length(text: str) -> float:
    """Words of `text`, counted longer where the encoder would need more pieces for them."""
    dense = 0 if text.isascii() else len(_DENSE.findall(text))
    return max(len(text.split()), len(text) / 8) + dense / 3


def _cut(text: str) -> Iterator[Part]:
    """The parts of `text`, those that are too long cut at sentences or lines."""
    for part in parts(text):
        most = BLOCK_WORDS if part.kind is Kind.BLOCK else WORDS
        if part.kind is Kind.HEADING or length(text[part.start : part.end]) <= most:
            yield part
        else:
            yield from _shorter(text, part)


def _shorter(text: str, part: Part) -> Iterator[Part]:
    """The part as pieces of at most WORDS: sentences together, lines of code together, the rest at any space."""
    ends = (found.end() for found in _SENTENCE_END.finditer(text, part.start, part.end))
    if part.kind is Kind.BLOCK:
        ends = (found.end() for found in re.compile(r"\n").finditer(text, part.start, part.end))
    start = at = part.start
    words = 0.0
    for stop in [*ends, part.end]:
        for last in _spaces(text, at, stop):
            more = length(text[at:last])
            if words and words + more > WORDS:
                yield from _trimmed(text, part.kind, start, at)
                start, words = at, 0.0
            at, words = last, words + more
    yield from _trimmed(text, part.kind, start, part.end)


def _spaces(text: str, start: int, stop: int) -> Iterator[int]:
    """Where a sentence may end: at its end, or before that after every so many characters, at a space if there is."""
    while stop - start > WORDS * 8 or length(text[start:stop]) > WORDS:
        dense = bool(_DENSE.search(text, start, min(stop, start + 40)))
        reach = start + (WORDS * 2 if dense else WORDS * 6)
        if reach >= stop:
            break
        space = text.rfind(" ", start + 1, reach)
        start = space + 1 if space > 0 else reach
        yield start
    yield stop


def _trimmed(text: str, kind: Kind, start: int, end: int) -> Iterator[Part]:
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    if end > start:
        yield Part(kind, start, end)


def parts(text: str) -> Iterator[Part]:
    """Headings, paragraphs, code and tables of `text`, in their order; without the empty lines between them."""
    kind: Kind | None = None
    start = end = at = 0
    fenced = False
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        bare = line.strip()
        stop = at + len(line.rstrip())
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        fence = bare.startswith("```")
        found: Kind | None = Kind.TEXT if bare else None
        level, name = 0, ""
        if fenced or fence:
            found = Kind.BLOCK
        elif len(bare) <= HEADING and (heading := _HEADING.match(bare)):
            found, level, name = Kind.HEADING, len(heading[1]), heading[2].strip("# \t")
        elif bare and len(bare) <= HEADING and kind is None and _RULE.fullmatch(following):
            found, level, name = Kind.HEADING, 1 if following[0] == "=" else 2, bare
        elif bare and " | " in bare:
            found = Kind.BLOCK
        if (found is not kind or found is Kind.HEADING or (fence and not fenced)) and kind is not None:
            yield from _trimmed(text, kind, start, end)
            kind = None
        if found is Kind.HEADING:
            yield Part(Kind.HEADING, at + len(line) - len(line.lstrip()), stop, level, name)
        elif found is not None and not (bare and kind is None and _RULE.fullmatch(bare)):
            start, kind = (at if kind is None else start), found
            end = stop if bare else end
        if fence:
            fenced = not fenced
        at += len(line)
    if kind is not None:
        yield from _trimmed(text, kind, start, end)
