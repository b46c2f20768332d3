"""Every pair of colours that meets on a page can be read: text 4.5 to 1, borders and marks 3 to 1 (WCAG 2.2)."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

STATIC = ROOT / "sidebar_app" / "static"
HOSTS = ("console", "zendesk", "freshdesk")
THEMES = ("light", "dark")
GROUNDS = ("bg", "surface", "sunken")
TEXT = [
    *[(text, ground) for text in ("text", "muted", "accent", "good", "warn", "bad") for ground in GROUNDS],
    ("on-accent", "accent"),
    ("text", "mark"),
    *[(f"{tone}-ink", f"{tone}-soft") for tone in ("accent", "good", "warn", "bad")],
]
MARKS = [(mark, ground) for mark in ("edge", "focus") for ground in ("surface", "bg")]  # controls never lie on sunken
CHARTS = [(f"c{number}", "surface") for number in range(1, 7)]


def rules() -> list[tuple[str, dict[str, str]]]:
    found = []
    for path in sorted(STATIC.glob("*.css")):
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", path.read_text(encoding="utf-8")):
            values = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", body))
            if values:
                found.append((selector, values))
    return found


def tokens(host: str, theme: str) -> dict[str, str]:
    """What applies to a page with these attributes; later and more specific rules win."""
    values: dict[str, str] = {}
    for selector, given in rules():
        named = re.search(r"data-host=(\w+)", selector)
        if named and named[1] != host:
            continue
        if f"data-theme={theme}" in selector or "data-theme" not in selector:
            values |= given
    return values


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("host", HOSTS)
def test_colours_that_meet_can_be_told_apart(host: str, theme: str) -> None:
    values = tokens(host, theme)
    wanted = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in (*MARKS, *CHARTS)]
    weak = {
        pair: round(ratio, 2) for pair, least in wanted if (ratio := contrast(values[pair[0]], values[pair[1]])) < least
    }
    assert weak == {}


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
