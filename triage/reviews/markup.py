"""Release notes as lines of Markdown, whatever they were written in: the marks say which words are names.

Release notes come as Markdown, plain text or HTML, often mixed. Tags that say something become their Markdown marks,
the others go. One pass; no pattern here takes more than linear time, since anybody with an API key may send notes.
"""

from __future__ import annotations

import re
from html import unescape

MOST = 400_000  # characters of notes that are read
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})(?:\s[^<>]{0,2000})?/?>")
_COMMENT = re.compile(r"<!--[^>]{0,5000}-->")
_MARKS = {"b": "**", "strong": "**", "code": "`", "kbd": "`", "tt": "`"}
_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "dl", "table", "blockquote", "section", "article", "br", "tr", "hr", "details", "summary"}
)
_ITEMS = frozenset({"li", "dt", "dd"})
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,500}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\n]{0,500}\)")
_UNDERLINED = re.compile(r"[=-]{3,}\s*")


def lines_of(notes: str) -> list[str]:
    """The notes line by line, with `#` before headings, `- ` before list items, `**` and backticks around names."""
    text = notes[:MOST].encode("utf-8", "replace").decode()
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    text = _TAG.sub(_as_mark, _COMMENT.sub(" ", text))
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", unescape(text)))
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.rstrip()
        if lines and lines[-1].strip() and _UNDERLINED.fullmatch(bare) and not lines[-1].lstrip().startswith("#"):
            lines[-1] = f"## {lines[-1].strip()}"
        else:
            lines.append(bare)
    return lines


def _as_mark(found: re.Match[str]) -> str:
    ends, name = bool(found[1]), found[2].lower()
    if name in _MARKS:
        return _MARKS[name]
    if len(name) == 2 and name[0] == "h" and name[1] in "123456":
        return "\n\n" if ends else f"\n\n{'#' * int(name[1])} "
    if name in _ITEMS:
        return "\n" if ends else "\n- "
    if name in ("td", "th"):
        return " | " if ends else ""
    return "\n\n" if name in _BLOCKS else ""
