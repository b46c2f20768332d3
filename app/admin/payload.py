"""A payload as the console shows it: its structure whole, people's words only on request, secrets never. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PLAIN = frozenset(
    {"add_tags", "remove_tags", "tags", "clear", "category", "product_area", "priority", "group_id", "ticket_ref"}
    | {"incident_ref", "public", "kind", "type", "event", "event_type", "status", "channel", "id", "version"}
    | {"time", "timestamp"}
)
"""Keys whose values are our own or the helpdesk's words, not a person's."""
PLAIN_ENDS = ("_id", "_at", "_ref")
SECRET = re.compile(r"token|secret|password|authorization|signature|api_?key|credential", re.IGNORECASE)
LONGEST_PLAIN, LONGEST_TEXT, MOST_LEAVES = 80, 4000, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One value with the way to it. `hidden` says that something stands there that is not shown."""

    path: str
    value: str
    hidden: bool = False


def leaves(payload: Any, *, texts: bool = False) -> tuple[Leaf, ...]:
    """Every value of a JSON payload; at most `MOST_LEAVES`, the last of which then says how many are left out."""
    found = list(_walk(payload, "", "", texts))
    if len(found) <= MOST_LEAVES:
        return tuple(found)
    left_out = len(found) - MOST_LEAVES + 1
    return (*found[: MOST_LEAVES - 1], Leaf(path="…", value=f"{left_out} more", hidden=True))


def _walk(value: Any, path: str, key: str, texts: bool) -> Iterator[Leaf]:
    match value:
        case dict() if value:
            for name, inner in value.items():
                yield from _walk(inner, f"{path}.{name}" if path else str(name), str(name), texts)
        case list() if value and any(isinstance(each, dict | list) for each in value):
            for number, inner in enumerate(value, start=1):
                yield from _walk(inner, f"{path}[{number}]", key, texts)
        case list() if value:
            shown = [_shown(each, path, key, texts) for each in value]
            if any(hidden for _, hidden in shown):
                yield Leaf(path=path, value=f"{len(value)} texts", hidden=True)
            else:
                yield Leaf(path=path, value=", ".join(text for text, _ in shown))
        case _:
            text, hidden = _shown(value, path, key, texts)
            yield Leaf(path=path, value=text, hidden=hidden)


def _shown(value: Any, path: str, key: str, texts: bool) -> tuple[str, bool]:
    match value:
        case None | [] | {} | "":
            return "empty", False
        case bool():
            return ("yes" if value else "no"), False
    text = str(value)
    if SECRET.search(path):
        return "secret, never shown", True
    plain = (key in PLAIN or key.endswith(PLAIN_ENDS)) and len(text) <= LONGEST_PLAIN and "@" not in text
    if texts or plain:
        return text[:LONGEST_TEXT], False
    if isinstance(value, str):
        return f"text, {len(text)} character{'' if len(text) == 1 else 's'}", True
    return "number", True
