"""Why a ticket was put where it is, in a few lines: words for and against, the nearest known tickets, rules hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triage.decisions import Neighbour, Prediction
from triage.words import percent

NOTE_LIMIT = 600
"""Characters of a note: longer ones are folded away or not read."""
QUOTE, EXAMPLE = 80, 90
"""Characters quoted of a ticket's own words, and of a known example."""
WORTH_SAYING = 0.05
"""The second answer's confidence from which what speaks for it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What spoke for `answer`, what for the second answer instead, and who else was answered so.

    `pro` and `contra` are verbatim pieces of the ticket, `rules` sentences. `second` is None where there is no other
    answer worth naming.
    """

    answer: str
    confidence: float
    pro: tuple[str, ...]
    second: str | None
    second_confidence: float
    contra: tuple[str, ...]
    nearest: tuple[Neighbour, ...]
    rules: tuple[str, ...]

    @property
    def wrote(self) -> str:
        return f"They wrote {quoted(self.pro[:2])}." if self.pro else ""

    @property
    def against(self) -> str:
        if self.second is None or not self.contra:
            return ""
        return f"Against it: {quoted(self.contra[:2])} ({self.second}, {percent(self.second_confidence)})."

    @property
    def closest(self) -> str:
        """Solved tickets by their numbers, whose text not everyone may read; a shipped example by its words."""
        solved = [f"#{one.ref} ({one.category})" for one in self.nearest if one.ref]
        if solved:
            return f"Nearest solved tickets: {', '.join(solved)}."
        if not self.nearest:
            return ""
        return f"Closest known example: “{_short(self.nearest[0].text, EXAMPLE)}” ({self.nearest[0].category})."

    @property
    def lines(self) -> tuple[str, ...]:
        """One sentence each, the most telling first."""
        return tuple(line for line in (self.wrote, self.against, *self.rules, self.closest) if line)


def explain(prediction: Prediction, names: Mapping[str, str], rules: Sequence[str] = ()) -> Explanation:
    """`names` maps categories to what people call them; one that is missing keeps its key."""
    second = next((one for one in prediction.alternatives if one.category != prediction.category), None)
    if second is not None and second.confidence < WORTH_SAYING:
        second = None
    return Explanation(
        answer=names.get(prediction.category, prediction.category),
        confidence=prediction.confidence,
        pro=prediction.phrases,
        second=None if second is None else names.get(second.category, second.category),
        second_confidence=0.0 if second is None else second.confidence,
        contra=() if second is None else prediction.against,
        nearest=tuple(
            Neighbour(
                text=one.text,
                category=names.get(one.category, one.category),
                similarity=one.similarity,
                ref=one.ref,
            )
            for one in prediction.neighbours
        ),
        rules=tuple(rules),
    )


def note(lines: Sequence[str], limit: int = NOTE_LIMIT) -> str:
    """The lines under each other, without those for which there is no room; the first is always there."""
    kept: list[str] = []
    room = limit
    for line in filter(None, lines):
        shown = line if kept or len(line) <= limit else line[: limit - 1] + "…"
        if len(shown) + 1 <= room + (not kept):
            kept.append(shown)
            room = limit - len("\n".join(kept))
    return "\n".join(kept)


def quoted(pieces: Sequence[str]) -> str:
    """“one” or “one” and “two”, each on one line."""
    return " and ".join(f"“{_short(piece, QUOTE)}”" for piece in pieces)


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    if len(flat) <= most:
        return flat
    return flat[: most - 1].rsplit(" ", 1)[0][: most - 1] + "…"
