"""The mail that lists tickets: as plain text, and as restrained HTML with the digest's tokens.

Every word is escaped; the only links are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from triage.escalation.step import Kind
from triage.escalation.wording import Block

FONT = "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
TEXT, MUTED, LINE, ACCENT = "#1a2028", "#57616e", "#e0e4e8", "#2358c4"
BAD, WARN = "#c52f3b", "#9c5410"
DARK = (
    ":root{color-scheme:light dark;supported-color-schemes:light dark}"
    "@media (prefers-color-scheme:dark){.bg{background:#0e1217!important}.cd{background:#151a21!important}"
    ".tx{color:#e5e9ee!important}.mu{color:#a5afbb!important}.ln{border-color:#29313b!important}"
    ".ac{color:#82abfa!important}.bd{color:#f58a93!important}.wn{color:#f0a651!important}"
    ".bt{background:#82abfa!important;color:#0a1730!important}}"
)


def text_of(blocks: Sequence[Block], rest: str) -> str:
    """`rest` names what is not listed."""
    return "\n\n\n".join([*(_as_text(each) for each in blocks), *([rest] if rest else [])]) + "\n"


def html_of(subject: str, blocks: Sequence[Block], rest: str) -> str:
    """A whole page: one column, one button for each ticket."""
    parts = "".join(_as_html(each) for each in blocks)
    more = _paragraph(rest, "mu", f"margin:18px 0 0;color:{MUTED}") if rest else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(subject)}</title><style>{DARK}</style></head>"
        '<body class="bg" style="margin:0;padding:0;background:#f6f7f8;"><div role="main">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
        '<tr><td align="center" style="padding:20px 0;">'
        '<table role="presentation" class="cd" width="600" cellpadding="0" cellspacing="0" border="0" '
        'style="width:100%;max-width:600px;background:#ffffff;"><tr><td style="padding:24px;">'
        f"{_paragraph('Deskhand', 'tx', f'margin:0;font-weight:600;color:{TEXT}')}{parts}{more}"
        "</td></tr></table></td></tr></table></div></body></html>"
    )


def _as_text(block: Block) -> str:
    links = [f"{text}: {address}" for address, text in block.links]
    return "\n".join([*block.headlines, "", block.title, *block.lines, "", *links]).rstrip()


def _as_html(block: Block) -> str:
    mark, colour, shape = ("wn", WARN, "◆") if block.worst.kind is Kind.REMIND else ("bd", BAD, "■")
    look = f"margin:0;font-weight:600;color:{colour}"
    heads = "".join(_paragraph(f"{shape} {line}", mark, look) for line in block.headlines)
    title = (
        f'<h2 class="tx" style="margin:0 0 4px;{FONT};font-size:16px;line-height:22px;font-weight:600;color:{TEXT};">'
        f"{escape(block.title)}</h2>"
    )
    lines = "".join(_paragraph(line, "mu", f"margin:0;color:{MUTED}") for line in block.lines)
    links = "".join(_link(address, text, first=not place) for place, (address, text) in enumerate(block.links))
    return (
        f'<div class="ln" style="margin:18px 0 0;padding:18px 0 0;border-top:1px solid {LINE};">'
        f'{title}{heads}{lines}<p style="margin:14px 0 0;">{links}</p></div>'
    )


def _paragraph(text: str, mark: str, style: str) -> str:
    return f'<p class="{mark}" style="{style};{FONT};font-size:14px;line-height:21px;">{escape(text)}</p>'


def _link(address: str, text: str, *, first: bool) -> str:
    look = (
        f"display:inline-block;margin:0 12px 0 0;padding:12px 20px;border-radius:6px;background:{ACCENT};color:#ffffff;"
        "text-decoration:none;font-weight:600"
        if first
        else f"color:{ACCENT}"
    )
    mark = "bt" if first else "ac"
    href = escape(address, quote=True)
    return f'<a class="{mark}" href="{href}" style="{look};{FONT};font-size:14px;line-height:20px;">{escape(text)}</a>'
