"""An article's text and its changes, cut into pieces that a template writes one by one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_BLOCKS, MOST_LINES = 600, 400
"""What is shown of one article and of one change; the page says when there is more."""
_HEADING = re.compile(r"(#{1,6}) +(\S.*)")
_FENCE = "```"
CELL = " | "
"""What stands between the cells of a table (`connectors.article_text`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`kind` is heading, code, list, table or text. A heading has a `level` of 1 to 6. Lines are as they stand, those
    of a table with `CELL` between their cells.
    """

    kind: str
    lines: tuple[str, ...]
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """`kind` is ins, del, same, or gap where lines that stayed are left out."""

    kind: str
    text: str


def blocks(text: str) -> tuple[tuple[Block, ...], bool]:
    """The text in pieces, and whether there is more of it than is shown."""
    found = list(_blocks(text.split("\n")))
    return tuple(found[:MOST_BLOCKS]), len(found) > MOST_BLOCKS


def diff_lines(changed: Sequence[str]) -> tuple[tuple[DiffLine, ...], bool]:
    """A unified diff without its head, line by line, and whether there is more of it than is shown."""
    shown = tuple(_diff_line(line) for at, line in enumerate(changed[:MOST_LINES]) if at or not line.startswith("@@"))
    return shown, len(changed) > MOST_LINES


def _diff_line(line: str) -> DiffLine:
    if line.startswith("@@"):
        return DiffLine(kind="gap", text="")
    kind = {"+": "ins", "-": "del"}.get(line[:1], "same")
    return DiffLine(kind=kind, text=line[1:])


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    run: list[str] = []
    fenced = False
    for line in (*lines, None):
        if fenced:
            if line is None or line.lstrip().startswith(_FENCE):
                yield Block(kind="code", lines=tuple(run))
                run, fenced = [], False
            else:
                run.append(line)
            continue
        heading = _HEADING.fullmatch(line.strip()) if line else None
        if line is None or not line.strip() or heading or line.lstrip().startswith(_FENCE) or _changes(run, line):
            if run:
                yield _paragraph(run)
            run = []
        if line is None or not line.strip():
            continue
        if heading:
            yield Block(kind="heading", lines=(heading[2],), level=len(heading[1]))
        elif line.lstrip().startswith(_FENCE):
            fenced = True
        else:
            run.append(line)


def _changes(run: Sequence[str], line: str) -> bool:
    """Whether a list begins or ends here."""
    return bool(run) and _is_item(run[0]) != _is_item(line)


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ")


def _paragraph(run: Sequence[str]) -> Block:
    if _is_item(run[0]):
        return Block(kind="list", lines=tuple(line.lstrip().removeprefix("- ") for line in run))
    is_table = len(run) > 1 and all(CELL in line for line in run)
    return Block(kind="table" if is_table else "text", lines=tuple(run))
