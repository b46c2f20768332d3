"""The rules of the files under `translations/` in a Zendesk app.

Source: https://developer.zendesk.com/documentation/apps/app-developer-guide/manifest/#app-translations
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.installing import PackageProblem
from connectors.packaging import UnreadableJson, error, parsed
from connectors.zendesk.package_manifest import LOCALE, PRODUCTS, Manifest

ENGLISH = "translations/en.json"
PRIVATE_KEYS = ("name",)
PUBLIC_KEYS = ("name", "short_description", "long_description", "installation_instructions")


def check(files: Mapping[str, bytes], manifest: Manifest | None) -> Iterator[PackageProblem]:
    """Pure. Only English is searched for the texts of the marketplace, as the vendor does."""
    for path, data in files.items():
        found = re.fullmatch(r"translations/(.*)\.json", path)
        if not found:
            continue
        problems = [*_language(path, found[1]), *_file(path, data)]
        yield from problems
        if path == ENGLISH and not problems and manifest is not None:
            yield from _marketplace(parsed(data).get("app"), manifest)


def _language(path: str, locale: str) -> Iterator[PackageProblem]:
    if not LOCALE.fullmatch(locale):
        yield error(path, "", f"{locale!r} is not a language.", "Name the file like en.json, de.json or pt-br.json.")


def _file(path: str, data: bytes) -> Iterator[PackageProblem]:
    try:
        body = parsed(data)
    except UnreadableJson as found:
        yield error(path, "", f"This is not JSON: {found}.", "Correct the file.")
        return
    if not isinstance(body, dict):
        yield error(path, "", "The file is not a JSON object.", 'Put everything into {"app": { }}.')
        return
    app = body.get("app")
    if isinstance(app, dict):
        yield from _parameters(path, app.get("parameters"))
        if app.get("package"):
            rest = {**body, "app": {key: value for key, value in app.items() if key != "package"}}
            yield from _pairs(path, "", rest)


def _parameters(path: str, parameters: Any) -> Iterator[PackageProblem]:
    if not parameters:
        return
    if not isinstance(parameters, dict):
        yield error(path, "app.parameters", "This is not an object.", 'Write {"name": {"label": "…"}}.')
        return
    for name, texts in parameters.items():
        if not isinstance(texts, dict) or "label" not in texts:
            fix = 'Write {"label": "…", "helpText": "…"}.'
            yield error(path, f"app.parameters.{name}", "The setting's label is missing.", fix)


def _pairs(path: str, key: str, node: dict[str, Any]) -> Iterator[PackageProblem]:
    """A file with `app.package` is for translators: each text is a pair of title and value."""
    for name, value in node.items():
        place = f"{key}.{name}".removeprefix(".")
        if not isinstance(value, dict):
            fix = 'Write {"title": "what it is", "value": "the text"}, or remove app.package.'
            yield error(path, place, "With app.package each text is a pair of title and value.", fix)
        elif set(value) != {"title", "value"} or not all(isinstance(text, str) for text in value.values()):
            yield from _pairs(path, place, value)


def _marketplace(app: Any, manifest: Manifest) -> Iterator[PackageProblem]:
    app = app if isinstance(app, dict) else {}
    products = [name for name in app if name in set(PRODUCTS.values())]
    if not products:
        yield from _wanted("app", app, manifest)
    for name in products:
        if name not in manifest.products:
            fix = "Remove it, or give the app a location there."
            yield error(ENGLISH, f"app.{name}", "The manifest has no location in this product.", fix)
        yield from _wanted(f"app.{name}", app[name], manifest)


def _wanted(key: str, texts: Any, manifest: Manifest) -> Iterator[PackageProblem]:
    have = set(texts) if isinstance(texts, dict) else set()
    if "description" in have:
        have.add("short_description")
    for name in PRIVATE_KEYS if manifest.is_private else PUBLIC_KEYS:
        if name not in have:
            kind = "private" if manifest.is_private else "public"
            yield error(ENGLISH, f"{key}.{name}", f"A {kind} app needs this text.", "Add it in English.")
