"""From solved tickets to rows worth learning from: what is left out, merged or doubtful is said, never silently done.

Nothing here fits a model; `triage.classify` does, `triage.measuring` measures it on the rows held out here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from triage.words import percent

RARE = 5
"""A label with fewer tickets is not learned: it cannot be measured either."""
HELD_OUT, HELD_OUT_SHARE, FEWEST_HELD_OUT = 500, 0.2, 50
FEWEST = 100
"""Tickets in all below which nothing is learned: a holdout of 50 and as many to learn from."""
COPY = 0.9
"""Cosine of letter counts from which two texts count as one; the same as when folds are made."""
COPY_READS = 1_500
"""Characters of each text compared: copies differ in their first lines or not at all."""
LEAK_SHARE = 0.8
OUR_MARKS = ("deskhand_", "hx_")
"""How the tags begin that we leave on tickets."""
_NESTED = re.compile(r"::|__| > ")
_TOKEN = re.compile(r"[\w:-]{3,60}")
_LISTED = 8


class TrainingError(ValueError):
    """The history cannot be learned from; the message says why and what to do."""


class TooFewTickets(TrainingError):
    """Less than a model and its measurement need."""


class OneLabel(TrainingError):
    """All tickets have the same label: there is nothing to tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One solved ticket with the label to be learned; `at` is when it came in."""

    ref: str
    text: str
    label: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A word that gives a label away: `share` of that label's tickets have it, and no other ticket."""

    token: str
    label: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`rows` oldest first; the first `learned` of them are learned before measuring, the others are the holdout.

    `copies` (held out,) is True for a near copy of a row that is learned from. `notes` are sentences for the card.
    """

    rows: tuple[Labelled, ...]
    learned: int
    copies: NDArray[np.bool_]
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]

    @property
    def known(self) -> tuple[Labelled, ...]:
        return self.rows[: self.learned]

    @property
    def held_out(self) -> tuple[Labelled, ...]:
        return self.rows[self.learned :]


def prepare(found: Iterable[Labelled], *, keys: Mapping[str, str] | None = None) -> Prepared:
    """Rows to learn from and rows to measure on, split by time.

    `keys` maps the keys a label should have to their names: a label written as a name, in any case, becomes the key.
    Raises `TooFewTickets` or `OneLabel`.
    """
    notes: list[str] = []
    rows = sorted(found, key=lambda row: (row.at, row.ref))
    written = [row for row in rows if row.text.strip()]
    if len(written) < len(rows):
        notes.append(f"{_tickets(len(rows) - len(written))} without any text left out.")
    rows = keyed(written, keys or {}, notes)
    _check(rows)
    rows = common(rows, notes)
    _check(rows)
    size = held_out_size(len(rows))
    learned = len(rows) - size
    known, held = rows[:learned], rows[learned:]
    if len({row.label for row in known}) < 2:
        raise OneLabel(
            f"All {len(known)} older tickets are labelled {known[0].label}: only the newest ones have other labels. "
            "Train again when more tickets with other labels are solved."
        )
    copies = copies_of([row.text for row in known], [row.text for row in held])
    if copies.any():
        notes.append(
            f"Near copies of learned tickets in the holdout: {int(copies.sum())}. Accuracy without them is given too."
        )
    leaks = find_leaks(known, keys or {})
    notes += [
        f"“{leak.token}” stands in {percent(leak.share)} of the tickets labelled {leak.label} and in no other: it "
        "looks like something written after the label was known. If so, these figures are too good."
        for leak in leaks
    ]
    return Prepared(rows=tuple(rows), learned=learned, copies=copies, leaks=leaks, notes=tuple(notes))


def held_out_size(count: int) -> int:
    """How many of the newest tickets measure the model: 500, or a fifth of a short history, at least 50."""
    return min(HELD_OUT, max(FEWEST_HELD_OUT, round(count * HELD_OUT_SHARE)))


def parent(label: str) -> str | None:
    """The label above a nested one: `billing` for `billing::refund`."""
    cuts = [match.start() for match in _NESTED.finditer(label)]
    return label[: cuts[-1]] if cuts and cuts[-1] > 0 else None


def copies_of(known: Sequence[str], held: Sequence[str]) -> NDArray[np.bool_]:
    """(held,) True where a text is a near copy of a known one: cosine of its letter counts above `COPY`."""
    if not held or not known:
        return np.zeros(len(held), dtype=bool)
    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), n_features=1 << 18, alternate_sign=False)
    ours = letters.transform([_plain(text) for text in known])
    theirs = letters.transform([_plain(text) for text in held])
    nearest = (theirs @ ours.T).max(axis=1)
    return np.asarray(nearest.toarray()).ravel() > COPY


def find_leaks(rows: Sequence[Labelled], keys: Mapping[str, str]) -> tuple[Leak, ...]:
    """Words that stand in most tickets of one label and nowhere else, and that are its name or a mark of ours.

    The word alone is no proof: whoever wants a refund writes "refund". So it is reported and left in.
    """
    sizes = Counter(row.label for row in rows)
    names = {label: _names(label, keys) for label in sizes}
    everywhere: Counter[str] = Counter()
    within: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for token in set(_TOKEN.findall(row.text.casefold())):
            everywhere[token] += 1
            within[row.label, token] += 1
    found = [
        Leak(token=token, label=label, share=count / sizes[label])
        for (label, token), count in within.items()
        if count == everywhere[token] and count >= LEAK_SHARE * sizes[label] and sizes[label] >= RARE
        if token.startswith(OUR_MARKS) or any(name in _folded(token) for name in names[label])
    ]
    return tuple(sorted(found, key=lambda leak: (-leak.share, leak.label, leak.token)))


def keyed(rows: Sequence[Labelled], keys: Mapping[str, str], notes: list[str] | None = None) -> list[Labelled]:
    """Labels by their keys, as far as they have one; `notes` gets a sentence about those that have none."""
    if not keys:
        return list(rows)
    by_name = {_folded(name): key for key, name in keys.items()} | {_folded(key): key for key in keys}
    found = [replace(row, label=by_name.get(_folded(row.label), row.label)) for row in rows]
    if notes is not None and (strangers := sorted({row.label for row in found} - set(keys))):
        count = sum(row.label not in keys for row in found)
        notes.append(
            f"{_tickets(count)} with labels that Deskhand's list does not know ({_listed(strangers)}): what belongs "
            "there goes to a human."
        )
    return found


def common(rows: list[Labelled], notes: list[str] | None = None) -> list[Labelled]:
    """Rows of labels that are common enough; a rare nested one is merged into the label above it. `notes` gets a
    sentence about either.
    """
    notes = [] if notes is None else notes
    sizes = Counter(row.label for row in rows)
    merged: dict[str, str] = {}
    # The deepest first: what was merged once may still be rare and go up further.
    for label in sorted(sizes, key=lambda name: -len(_NESTED.findall(name))):
        _lift(label, sizes, merged)
    if merged:
        into = [
            f"{label} into {_target(label, merged)}" for label in sorted(merged) if label in {r.label for r in rows}
        ]
        notes.append(f"Labels with fewer than {RARE} tickets, merged into the one above: {_listed(into)}.")
        rows = [replace(row, label=_target(row.label, merged)) for row in rows]
    rare = sorted(label for label, count in Counter(row.label for row in rows).items() if count < RARE)
    if rare:
        count = sum(row.label in rare for row in rows)
        notes.append(
            f"Labels with fewer than {RARE} tickets, left out with their {_tickets(count)}: {_listed(rare)}. Tickets "
            "that belong there go to a human."
        )
        rows = [row for row in rows if row.label not in rare]
    return rows


def _lift(label: str, sizes: Counter[str], merged: dict[str, str]) -> None:
    """Move a rare nested label's tickets up until they are common enough or there is nothing above."""
    while 0 < sizes[label] < RARE and (above := parent(label)) is not None:
        merged[label] = above
        sizes[above] += sizes.pop(label)
        label = above


def _target(label: str, merged: Mapping[str, str]) -> str:
    while label in merged:
        label = merged[label]
    return label


def _check(rows: Sequence[Labelled]) -> None:
    if len(rows) < FEWEST:
        raise TooFewTickets(
            f"{_tickets(len(rows))} with a usable label: at least {FEWEST} are needed to learn and to measure. The "
            "shipped model answers until then; train again when more tickets are solved."
        )
    if len({row.label for row in rows}) < 2:
        raise OneLabel(
            f"All {len(rows)} tickets are labelled {rows[0].label}: there is nothing to tell apart. Choose another "
            "field, or train again when tickets have other labels too."
        )


def _names(label: str, keys: Mapping[str, str]) -> tuple[str, ...]:
    """How a label may appear inside a word."""
    wanted = {_folded(label), _folded(keys.get(label, label))}
    return tuple(name for name in wanted if len(name) >= 3)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())[:COPY_READS]


def _tickets(count: int) -> str:
    return f"{count:,} ticket{'' if count == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
