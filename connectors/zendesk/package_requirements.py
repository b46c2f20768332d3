"""The rules of a Zendesk app's `requirements.json`: what an installation makes in the account.

Source: https://developer.zendesk.com/documentation/apps/app-developer-guide/apps_requirements/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.installing import PackageProblem
from connectors.packaging import DuplicateKeys, UnreadableJson, error, parsed
from connectors.zendesk.package_manifest import Manifest

FILE = "requirements.json"
MOST, MOST_CUSTOM_OBJECTS = 5_000, 50
# What each entry of a type must have; every type that is not here has a `title`.
WANTED = {
    "user_fields": ("title", "key"),
    "organization_fields": ("title", "key"),
    "webhooks": ("name", "status", "endpoint", "http_method", "request_format"),
    "channel_integrations": ("manifest_url",),
}
CUSTOM_OBJECTS = {
    "custom_object_types": ("key", "schema"),
    "custom_object_relationship_types": ("key", "source", "target"),
}
CUSTOM_OBJECT_V2 = ("key", "include_in_list_view", "title", "title_pluralized")
TYPES = frozenset(
    {
        "automations", "macros", "targets", "views", "ticket_fields", "triggers", "user_fields", "organization_fields",
        "webhooks", "custom_objects", "custom_objects_v2", "channel_integrations",
    }
)  # fmt: skip
RETIRED_TARGETS = ("http_target", "url_target_v2")


def check(files: Mapping[str, bytes], manifest: Manifest | None) -> Iterator[PackageProblem]:
    """Pure."""
    if FILE not in files:
        if manifest is not None and manifest.requirements_only:
            yield error(FILE, "", "An app with requirementsOnly needs this file.", "Add it.")
        return
    if manifest is not None and (manifest.marketing_only or manifest.products == {"chat"}):
        yield error(FILE, "", "This kind of app cannot require anything.", "Remove the file.")
        return
    try:
        body = parsed(files[FILE], unique_keys=True)
    except DuplicateKeys as found:
        yield error(FILE, str(found), "The key stands there twice.", "Keep one of them.")
        return
    except UnreadableJson as found:
        yield error(FILE, "", f"This is not JSON: {found}.", "Correct the file.")
        return
    if not isinstance(body, dict):
        yield error(FILE, "", "The file is not a JSON object.", 'Write {"ticket_fields": { }}.')
        return
    yield from _amount(body)
    for kind, entries in body.items():
        if kind not in TYPES:
            yield error(FILE, kind, "There is no such type.", f"Use one of {', '.join(sorted(TYPES))}.")
        elif not isinstance(entries, dict):
            yield error(FILE, kind, "This is not an object.", 'Write {"identifier": { }} for each entry.')
        elif kind == "custom_objects":
            yield from _custom_objects(entries)
        elif kind == "custom_objects_v2":
            yield from _listed(kind, "objects", entries.get("objects"), CUSTOM_OBJECT_V2)
        else:
            yield from _entries(kind, entries)


def _amount(body: dict[str, Any]) -> Iterator[PackageProblem]:
    count = sum(_count(entries) for entries in body.values())
    if count > MOST:
        yield error(FILE, "", f"The app requires {count} things, at most {MOST} are allowed.", "Require fewer.")


def _count(entries: Any) -> int:
    values = list(entries.values()) if isinstance(entries, dict) else [entries]
    return sum(len(value) if isinstance(value, list) else 1 for value in values)


def _entries(kind: str, entries: dict[str, Any]) -> Iterator[PackageProblem]:
    if kind == "channel_integrations" and len(entries) > 1:
        yield error(FILE, kind, "An app has one channel integration at most.", "Keep one.")
    for name, entry in entries.items():
        key = f"{kind}.{name}"
        # Zendesk skips an entry that is null.
        if entry is None and kind not in WANTED:
            continue
        if not isinstance(entry, dict):
            yield error(FILE, key, "This is not an object.", "Write its properties in { }.")
            continue
        yield from _missing(key, entry, WANTED.get(kind, ("title",)))
        if kind == "targets" and entry.get("type") in RETIRED_TARGETS:
            yield error(FILE, f"{key}.type", f"{entry['type']} is retired.", "Require a webhook instead.")


def _custom_objects(entries: dict[str, Any]) -> Iterator[PackageProblem]:
    kind = "custom_objects"
    yield from _missing(kind, entries, ("custom_object_types",))
    count = _count(entries)
    if count > MOST_CUSTOM_OBJECTS:
        message = f"The app requires {count} custom objects, at most {MOST_CUSTOM_OBJECTS} are allowed."
        yield error(FILE, kind, message, "Require fewer.")
    for name, wanted in CUSTOM_OBJECTS.items():
        yield from _listed(kind, name, entries.get(name), wanted)


def _listed(kind: str, name: str, listed: Any, wanted: tuple[str, ...]) -> Iterator[PackageProblem]:
    if listed is None:
        return
    if not isinstance(listed, list):
        yield error(FILE, f"{kind}.{name}", "This is not a list.", "Write [ ] around the objects.")
        return
    for number, entry in enumerate(listed):
        yield from _missing(f"{kind}.{name}[{number}]", entry if isinstance(entry, dict) else {}, wanted)


def _missing(key: str, entry: dict[str, Any], wanted: tuple[str, ...]) -> Iterator[PackageProblem]:
    for name in wanted:
        if name not in entry:
            yield error(FILE, f"{key}.{name}", "This is missing.", "Add it.")
