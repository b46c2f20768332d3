"""An article as plain text for search: HTML, Markdown or text in, headings, code and tables still told apart. Pure.

What comes out is what `triage.search.passages` reads: `#` before headings, ``` around code, ` | ` between cells.
"""

from __future__ import annotations

import re
from html import unescape

from connectors.plain_text import UNSEEN, pieces

_HTML = re.compile(r"</(?:p|div|li|ul|ol|h[1-6]|table|tr|td|pre|span|a|strong|em|b)\s*>|<(?:br|p|hr)\s*/?>", re.I)
_CELL = frozenset({"td", "th"})
_PARAGRAPHS = frozenset({"p", "div", "ul", "ol", "dl", "table", "blockquote", "section", "article", "hr", "figure"})
_LINES = frozenset({"br", "tr", "li", "dt", "dd", "figcaption", "caption"})
_IMAGE = re.compile(r"!\[([^\]\n]{0,300})\]\([^)\n]{0,500}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\n]{0,500}\)")
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,300})\*\*")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
_TABLE_RULE = re.compile(r"\|?(?:\s{0,20}:?-{3,}:?\s{0,20}\|){1,50}\s{0,20}(?::?-{3,}:?)?\s{0,20}")


def article_text(body: str) -> str:
    """The text of an article's body. HTML is told from Markdown by its tags: one pair, or one in 50 words."""
    body = body.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    tags = len(_HTML.findall(body))
    if tags and (body.lstrip().startswith("<") or (tags > 1 and tags * 50 >= body.count(" "))):
        return html_text(body)
    return markdown_text(body)


def html_text(html: str) -> str:
    """What a reader sees, with the few signs of Markdown that say what a line is."""
    out: list[str] = []
    unseen = verbatim = 0
    for ends, tag, text in pieces(html):
        if text and not unseen:
            out.append(text if verbatim else re.sub(r"\s+", " ", text))
        if tag in UNSEEN:
            unseen = max(0, unseen + (-1 if ends else 1))
        elif tag == "body":
            unseen = 0
        elif tag == "pre":
            verbatim = max(0, verbatim + (-1 if ends else 1))
            out.append("\n```\n\n" if ends else "\n\n```\n")
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            out.append("\n\n" if ends else f"\n\n{'#' * int(tag[1])} ")
        elif tag in _CELL:
            out.append(" | " if ends else "")
        elif tag in _PARAGRAPHS:
            out.append("\n\n")
        elif tag in _LINES and not (ends and tag != "br"):
            out.append("\n- " if tag == "li" else "\n")
    return _tidy("".join(out))


def markdown_text(text: str) -> str:
    """Markdown without link targets, bold signs and escapes; what is in code stays as it is."""
    fenced = False
    lines: list[str] = []
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            if _TABLE_RULE.fullmatch(line.strip()):
                continue
            line = _LINK.sub(r"\1", _IMAGE.sub(r"\1", line))
            line = unescape(_ESCAPED.sub(r"\1", _BOLD.sub(r"\1", line)))
        lines.append(line)
    return _tidy("\n".join(lines))


def _tidy(text: str) -> str:
    """Without blanks at line ends and runs of empty lines; empty cells at a row's end go too."""
    lines = [line.rstrip(" \t|") for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
