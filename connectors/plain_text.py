"""HTML as the text that a reader sees of it. Pure.

Not by `html.parser`: it takes quadratic time on tags that do not end (40 s for 80 kB of `<a<a<a`) and raises on some
declarations, and what is read here was written by strangers. This goes through the text once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"})
UNSEEN = frozenset({"script", "style", "head", "title"})
VERBATIM = frozenset({"script", "style"})
"""Tags in these are text, up to the element's own end."""
_OPENS = re.compile(r"<(?:(/?)([a-z][^\s/>]*)|!--|[!?/])", re.IGNORECASE)
_END_OR_QUOTE = re.compile(r">|=\s*[\"']")


def plain_text(html: str) -> str:
    """What a reader sees of `html`: a line for each block, no comments, no runs of blank lines."""
    parts: list[str] = []
    unseen = kept_lines = 0
    for ends, tag, text in pieces(html):
        if not unseen and text:
            parts.append(text if kept_lines else text.replace("\n", " "))
        if tag in UNSEEN:
            unseen = max(0, unseen + (-1 if ends else 1))
        elif tag == "body":
            unseen = 0  # a head that nobody closed
        elif tag == "pre":
            kept_lines = max(0, kept_lines + (-1 if ends else 1))
        if tag in BLOCKS and not (ends and tag == "br"):
            parts.append("\n")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def pieces(html: str) -> Iterator[tuple[bool, str, str]]:
    """The text before each tag, with the tag: (whether it ends, its name, the text). The last has no tag."""
    at = written = 0
    while (found := _OPENS.search(html, at)) is not None:
        ends, name = found[1] == "/", (found[2] or "").lower()
        if found[0] == "<!--":
            end = html.find("-->", found.start() + 2)
            after = len(html) if end < 0 else end + 3
        else:
            closed = _tag_end(html, found.end())
            if closed is None:
                break  # nothing after this is a tag
            after = closed
        yield ends, name, unescape(html[written : found.start()])
        if name in VERBATIM and not ends:
            close = re.compile(rf"</{name}\b", re.IGNORECASE).search(html, after)
            after = close.start() if close else len(html)
        at = written = after
    yield True, "", unescape(html[written:])


def _tag_end(html: str, at: int) -> int | None:
    """The place after the `>` that ends a tag; one inside a quoted value does not."""
    while (found := _END_OR_QUOTE.search(html, at)) is not None:
        if found[0] == ">":
            return found.end()
        quoted_to = html.find(found[0][-1], found.end())
        at = found.end() if quoted_to < 0 else quoted_to + 1
    return None
