"""YAML as admins write it, to plain data that JSON can hold, and back.

Only true, false, null and numbers are anything else than text: NO is a country, 10:30 is a time and 2026-12-24 a date.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

LARGEST = 2_000_000
MOST = 200_000
DEEPEST = 40
BREAKS = frozenset("\r\x85\u2028\u2029")
"""Ends of lines to YAML, which would come back as others."""
_TAG = "tag:yaml.org,2002:"


class YamlError(ValueError):
    """The text cannot be read; the message says where and why."""


def parse(text: str) -> Any:
    """What the text holds; keys are text. Raises `YamlError`."""
    if len(text) > LARGEST:
        raise YamlError(f"The file is longer than {LARGEST} letters.")
    try:
        found = _Loader(text).get_single_data()
        _measure(found)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise YamlError(f"{where}{error.problem or error.context or 'this is no YAML'}.") from error
    except yaml.YAMLError as error:
        raise YamlError(f"The file cannot be read: {str(error)[:200]}.") from error
    except RecursionError as error:
        raise YamlError(f"The file is nested deeper than {DEEPEST} levels.") from error
    return found


def dump(data: Any) -> str:
    """As `parse` reads it, short entries in one line each, in the order of `data`."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


class _Loader(yaml.SafeLoader):
    """Reads less into plain words than YAML 1.1 does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        written = [key for key, _ in node.value]
        names: set[str] = set()
        for key in written:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key has to be a text", key.start_mark)
            if key.value in names and key.tag != f"{_TAG}merge":
                raise yaml.constructor.ConstructorError(None, None, f"“{key.value}” stands here twice", key.start_mark)
            names.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _says(name: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"{_TAG}{name}", re.compile(f"(?:{pattern})$"), list(first))


_Loader.yaml_implicit_resolvers = {}
_says("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_says("int", "[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789")
_says("float", r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789")
_says("null", "~|null|Null|NULL|", "~nN\0")
_Loader.yaml_implicit_resolvers[""] = [(f"{_TAG}null", re.compile("$"))]
_says("merge", "<<", "<")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = '"' if BREAKS & set(value) else "|" if "\n" in value else None
    return dumper.represent_scalar(f"{_TAG}str", value, style=style)


_Dumper.add_representer(str, _text)


def _measure(data: Any) -> None:
    """Aliases make much of little, or something without end."""
    left = MOST
    waiting = [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if left < 0 or depth > DEEPEST:
            raise YamlError(f"The file is too large, or nested deeper than {DEEPEST} levels.")
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
        elif not isinstance(value, str | int | float | bool | None):
            raise YamlError(f"The file holds a value of a kind that is not taken: {type(value).__name__}.")
