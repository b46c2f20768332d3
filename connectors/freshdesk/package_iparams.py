"""The rules of a Freshdesk app's installation parameters, `config/iparams.json`.

Source: https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/app-settings/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.installing import PackageProblem
from connectors.packaging import error

FILE, PAGE = "config/iparams.json", "config/iparams.html"
# Tuples, because an odd value in the file need not be hashable.
TYPES = (
    "text", "paragraph", "dropdown", "email", "number", "phone_number", "date", "url", "radio", "checkbox",
    "multiselect", "domain", "api_key",
)  # fmt: skip
CHOICES = ("dropdown", "radio", "multiselect")
ATTRIBUTES = ("domain", "api_key")
_SENSITIVE = re.compile(r"(?i)key|token|secret|password|auth")


def check(files: Mapping[str, bytes], objects: Mapping[str, dict[str, Any]]) -> Iterator[PackageProblem]:
    """Pure. R12 and R13."""
    if FILE in files and PAGE in files:
        yield error(PAGE, "", f"The app has {FILE} too.", "Keep one of the two.")
    elif FILE not in files and PAGE not in files:
        yield error(FILE, "", "The app has no installation parameters.", "Add the file; {} will do.")
    for name, asked in objects.get(FILE, {}).items():
        if not isinstance(asked, dict):
            yield error(FILE, name, "This is not an object.", "Write display_name and type in { }.")
            continue
        yield from _described(name, asked)
        yield from _chosen(name, asked)
        if _SENSITIVE.search(name) and asked.get("secure") is not True:
            yield error(FILE, f"{name}.secure", "The name says that this is a secret.", 'Add "secure": true.')


def _described(name: str, asked: dict[str, Any]) -> Iterator[PackageProblem]:
    kind, title = asked.get("type"), asked.get("display_name")
    if not isinstance(title, str) or not title:
        yield error(FILE, f"{name}.display_name", "The label is missing.", "Add it.")
    if kind not in TYPES:
        yield error(FILE, f"{name}.type", f"There is no type {kind!r:.40}.", f"Use one of {', '.join(TYPES)}.")
    if not isinstance(asked.get("secure"), bool | None):
        yield error(FILE, f"{name}.secure", f"This is {asked['secure']!r:.40}.", "Write true or false, unquoted.")
    attributes = asked.get("type_attributes")
    if kind in ATTRIBUTES and not (isinstance(attributes, dict) and attributes.get("product")):
        fix = 'Add "type_attributes": {"product": "freshdesk"}.'
        yield error(FILE, f"{name}.type_attributes", f"A {kind} says of which product it is.", fix)


def _chosen(name: str, asked: dict[str, Any]) -> Iterator[PackageProblem]:
    """A drop-down offers something, and its default is among it."""
    if asked.get("type") not in CHOICES:
        return
    options = asked.get("options")
    if not isinstance(options, list) or not options:
        yield error(FILE, f"{name}.options", "There is nothing to choose from.", "List the choices.")
        return
    values = [option.get("value") if isinstance(option, dict) else option for option in options]
    for key in ("default_value", "default"):
        default = asked.get(key)
        if default is None:
            continue
        for each in default if isinstance(default, list) else [default]:
            if each not in values:
                yield error(FILE, f"{name}.{key}", f"{each!r:.40} is not a choice.", "Use a choice's value exactly.")
