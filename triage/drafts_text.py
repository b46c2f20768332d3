"""An outline as Markdown, for an author: what was written in messages stands there as text and as nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from triage.drafts import Line, Outline

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")
_LEADING = re.compile(r"^(?:([-=])|(\d+)(\.))")
_NOT_IN_ADDRESS = re.compile(r"[\s<>]")


def as_markdown(outline: Outline) -> str:
    """The outline with the number of a ticket after each line. Nothing in it is a link but http addresses."""
    parts = [f"# {_plain(outline.title)}", "", _made_from(outline)]
    if outline.questions:
        parts += ["", "## What customers asked", "", *(f"- {_line(each)}" for each in outline.questions)]
    if outline.steps:
        parts += ["", "## What agents told them", ""]
        for number, step in enumerate(outline.steps, 1):
            if len(step.ways) == 1:
                parts.append(f"{number}. {_line(step.ways[0])}")
            else:
                parts += [f"{number}. Replies differ:", *(f"   - {_line(way)}" for way in step.ways)]
    if outline.commands:
        parts += ["", "## Commands", "", *(f"- {_code(each.text)} {_refs(each.refs)}" for each in outline.commands)]
    if outline.links:
        links = [each for each in outline.links if not _NOT_IN_ADDRESS.search(each.text)]
        parts += ["", "## Links", "", *(f"- <{each.text}> {_refs(each.refs)}" for each in links)]
    return "\n".join(parts) + "\n"


def _made_from(outline: Outline) -> str:
    if not outline.read:
        return "No solved ticket could be read."
    told = f"Made from {len(outline.read)} solved ticket{'s' if len(outline.read) > 1 else ''}."
    if not outline.steps:
        return f"{told} No step stands in replies on two of them."
    return f"{told} Each line stands in the ticket that is named with it."


def _line(line: Line) -> str:
    return f"{_plain(line.text)} {_refs(line.refs)}"


def _refs(refs: Sequence[str]) -> str:
    return f"({', '.join(f'ticket {_plain(ref)}' if at == 0 else _plain(ref) for at, ref in enumerate(refs))})"


def _plain(text: str) -> str:
    """The text so that Markdown shows it as it is."""
    shown = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _LEADING.sub(lambda found: f"{found[2] or ''}\\{found[1] or found[3]}", shown)


def _code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
