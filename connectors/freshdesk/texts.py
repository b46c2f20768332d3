"""Text into the HTML that Freshdesk stores and back, and the hidden mark of a note of ours. Pure."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table"})
MARK = re.compile(r"<!--\s*hx_[0-9a-f]{10}\s*-->")
UNSEEN = frozenset({"script", "style", "head", "title"})


def marked_html(text: str, marker: str) -> str:
    """Plain text as HTML, with `marker` in a comment that no reader sees."""
    return f"{to_html(text)}<!-- {marker} -->"


def is_marked(html: str) -> bool:
    """Whether `html` still holds a mark of ours, whichever."""
    return MARK.search(html) is not None


def to_html(text: str) -> str:
    """Plain text as HTML: escaped, each line on its own."""
    return "<div>" + "<br>".join(escape(line) for line in text.splitlines()) + "</div>"


def plain_text(html: str) -> str:
    """What a reader sees of `html`: a line for each block, no comments, no runs of blank lines."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN and self._unseen > 0
        if tag in BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))
