"""The taxonomy, example tickets and rules that ship, read from the package's own YAML files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from connectors.yaml_text import parse
from triage.taxonomy import Taxonomy

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads the examples in a tenth of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A ticket whose category is known. `category` is a key of the taxonomy."""

    subject: str
    body: str
    category: str


def load_taxonomy() -> Taxonomy:
    """The default taxonomy. Raises `TaxonomyError` when the file is wrong."""
    return Taxonomy.from_mapping(_read(_folder() / "taxonomy.yaml"))


def load_sla() -> Mapping[str, Any]:
    """The default service-level rules as written, for `triage.sla.reading.rules_from`."""
    found: Mapping[str, Any] = parse(sla_text())
    return found


def sla_text() -> str:
    """The same as text, with the comments that explain it."""
    return (_folder() / "sla.yaml").read_text(encoding="utf-8")


def load_knowledge() -> Mapping[str, Any]:
    """The default knowledge rules as written, for `triage.knowledge_reading.rules_from`."""
    found: Mapping[str, Any] = parse(knowledge_text())
    return found


def knowledge_text() -> str:
    """The same as text, with the comments that explain it."""
    return (_folder() / "knowledge.yaml").read_text(encoding="utf-8")


def load_examples() -> tuple[Example, ...]:
    """The default example tickets, by category and then in the order of their file.

    A file is named after its category; each entry has `subject` and `body`. Raises `ValueError` naming the file
    and entry that has neither.
    """
    found = []
    for file in sorted((_folder() / "examples").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".yaml"):
            continue
        for number, row in enumerate(_read(file), start=1):
            subject, body = (str(row.get(name) or "").strip() for name in ("subject", "body"))
            if not subject and not body:
                raise ValueError(f"{file.name}, entry {number}: write a subject or a body.")
            found.append(Example(subject=subject, body=body, category=file.name.removesuffix(".yaml")))
    return tuple(found)


def _folder() -> Traversable:
    return files("triage") / "defaults"


def _read(file: Traversable) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
