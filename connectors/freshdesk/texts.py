"""Text into the HTML that Freshdesk stores, and the hidden mark of a note of ours. Pure."""

from __future__ import annotations

import re
from html import escape

MARK = re.compile(r"<!--\s*hx_[0-9a-f]{10}\s*-->")


def marked_html(text: str, marker: str) -> str:
    """Plain text as HTML, with `marker` in a comment that no reader sees."""
    return f"{to_html(text)}<!-- {marker} -->"


def is_marked(html: str) -> bool:
    """Whether `html` still holds a mark of ours, whichever."""
    return MARK.search(html) is not None


def to_html(text: str) -> str:
    """Plain text as HTML: escaped, each line on its own."""
    return "<div>" + "<br>".join(escape(line) for line in text.splitlines()) + "</div>"
