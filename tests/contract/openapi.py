"""A vendor's OpenAPI 3.0 file, asked one thing: does this exchange fit?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.contract.traffic import Exchange

SPEC = "urn:spec"


class _Loader(yaml.CSafeLoader):
    """YAML with the bare `=` that YAML 1.1 gives a type of its own."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


@dataclass(frozen=True)
class Operation:
    """One method on one path template; `pointer` is where it stands in the file."""

    template: str
    pattern: re.Pattern[str]
    pointer: str
    item: Mapping[str, Any]


class Contract:
    """`misfits` says, for one exchange, everything the file would not allow."""

    def __init__(self, path: Path) -> None:
        self.spec = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506
        self.registry = Registry().with_resource(SPEC, Resource.from_contents(self.spec, default_specification=DRAFT4))
        # Templates with fewer variables first: `/tickets/count` is not ticket "count".
        ordered = sorted(self.spec["paths"].items(), key=lambda entry: entry[0].count("{"))
        self.operations = [
            Operation(
                template,
                re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in _parts(template))),
                f"/paths/{template.replace('~', '~0').replace('/', '~1')}",
                item,
            )
            for template, item in ordered
        ]

    def find(self, path: str) -> Operation | None:
        plain = path.removesuffix(".json")
        return next((each for each in self.operations if each.pattern.fullmatch(plain)), None)

    def misfits(self, exchange: Exchange) -> Iterator[str]:
        operation = self.find(exchange.path)
        place = f"{exchange.method} {operation.template if operation else exchange.path}"
        if operation is None:
            yield f"{place}: no such path"
            return
        method = operation.item.get(exchange.method.lower())
        if method is None:
            yield f"{place}: no such method"
            return
        where = f"{operation.pointer}/{exchange.method.lower()}"
        if exchange.asked is not None:
            yield from self._fit(f"{place}: request", method.get("requestBody"), f"{where}/requestBody", exchange.asked)
        answer = method["responses"].get(str(exchange.status)) or method["responses"].get("default")
        if answer is None:
            # The file lists few refusals: what a 4xx looks like is held by the connector's own tests.
            if exchange.status < 400:
                yield f"{place}: status {exchange.status} is not listed"
            return
        if exchange.answered is not None:
            pointer = f"{where}/responses/{exchange.status}"
            yield from self._fit(f"{place}: answer {exchange.status}", answer, pointer, exchange.answered, read=True)

    def _fit(self, what: str, part: Any, pointer: str, body: Any, *, read: bool = False) -> Iterator[str]:
        part, pointer = self._followed(part, pointer)
        content = (part or {}).get("content") or {}
        if "application/json" not in content or "schema" not in content["application/json"]:
            yield f"{what}: the file states no body"
            return
        schema = {"$ref": f"{SPEC}#{pointer}/content/application~1json/schema"}
        kind = OAS30ReadValidator if read else OAS30WriteValidator
        for error in kind(schema, registry=self.registry).iter_errors(body):
            yield f"{what}: {error.json_path}: {error.message[:200]}"

    def _followed(self, part: Any, pointer: str) -> tuple[Any, str]:
        while isinstance(part, Mapping) and "$ref" in part:
            pointer = part["$ref"].removeprefix("#")
            part = self.spec
            for step in pointer.strip("/").split("/"):
                part = part[step.replace("~1", "/").replace("~0", "~")]
        return part, pointer


@lru_cache
def contract(path: Path) -> Contract:
    """The file, read once for all tests."""
    return Contract(path)


def _parts(template: str) -> list[str]:
    return re.findall(r"\{[^}]+\}|[^{]+", template)
