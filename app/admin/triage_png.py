"""The model card as one picture: the page's charts and figures without any ticket's words."""

from __future__ import annotations

import re
from textwrap import wrap

from flask import render_template

from app.admin import triage_charts, triage_view
from app.admin.triage_model import TriagePage
from triage.model_card import ModelCard

ZOOM = 2
LINE, ROW = 18, 24
LETTERS = 150
"""How many letters of the sentences at the end fit into a line."""
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, even escaped."""


def png(page: TriagePage, card: ModelCard) -> bytes:
    """Bytes of the picture, twice as large as its units so that small text stays sharp."""
    from resvg_py import svg_to_bytes  # here: few requests need it

    return svg_to_bytes(svg_string=svg(page, card), zoom=ZOOM, background="#ffffff")


def svg(page: TriagePage, card: ModelCard) -> str:
    rows = triage_view.worst_first(card)
    start = triage_charts.label_scale(rows)
    accuracy = triage_charts.accuracy(card)
    promised = triage_charts.at_floor(card, card.automation.floor)
    risk = triage_charts.risk(card)
    shown = rows[: triage_view.MOST_LABELS]
    charts_y = 150 + accuracy.height
    table_y = charts_y + 340
    notes_y = table_y + 30 + ROW * len(shown) + LINE
    sentences = [line for note in (card.automation.why, *card.notes) for line in wrap(note, LETTERS)]
    text = render_template(
        "admin/triage_card.svg",
        page=page,
        card=card,
        accuracy=accuracy,
        risk=risk,
        here=next((mark for mark in risk.marks if mark.point == promised), None) if risk else None,
        reliability=triage_charts.reliability(card),
        labels=[(row, triage_charts.label_whisker(row, start)) for row in shown],
        left_out=len(rows) - len(shown),
        label_start=start,
        weak=triage_view.weak(card),
        charts_y=charts_y,
        table_y=table_y,
        notes_y=notes_y,
        sentences=sentences,
        line=LINE,
        row_height=ROW,
        height=notes_y + LINE * (len(sentences) + 1) + 16,
    )
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
