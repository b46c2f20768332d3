"""Between the HTML that Freshdesk's API speaks and the plain text that the state keeps beside it."""

from __future__ import annotations

import html
import re

BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^>]*>", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
BLANK = re.compile(r"\n{3,}")


def text_of(markup: str) -> str:
    plain = html.unescape(TAG.sub("", BREAK.sub("\n", COMMENT.sub("", markup))))
    return BLANK.sub("\n\n", "\n".join(line.rstrip() for line in plain.splitlines())).strip()


def markup_of(text: str, markup: str | None = None) -> str:
    """The markup as it was written, or the text put into a `div`."""
    if markup is not None:
        return markup
    return f"<div>{html.escape(text, quote=False).replace(chr(10), '<br>')}</div>"
