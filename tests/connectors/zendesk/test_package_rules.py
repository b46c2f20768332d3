"""Zendesk's packaging rules: a good package with one thing wrong in it at a time."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.installing import PackageProblem
from connectors.zendesk.package_rules import PNG, check

SIDEBAR = "location.support.ticket_sidebar"
MANIFEST: dict[str, Any] = {
    "name": "An app",
    "author": {"name": "Ada", "email": "ada@example.com", "url": "https://example.com"},
    "defaultLocale": "en",
    "private": True,
    "frameworkVersion": "2.0",
    "version": "1.0",
    "location": {"support": {"ticket_sidebar": {"url": "https://example.com/panel"}}},
}
ENGLISH: dict[str, Any] = {"app": {"name": "An app", "parameters": {"colour": {"label": "Colour"}}}}
REQUIREMENTS: dict[str, Any] = {"ticket_fields": {"one": {"title": "One", "type": "text"}}}
DROP = object()
ODD = (None, 7, "x", [], [[]], {}, {"x": []}, True)


def png(width: int, height: int) -> bytes:
    return PNG + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\0\0\0"


def package(**files: Any) -> dict[str, bytes]:
    """A good package; other files by path, JSON for what is no bytes."""
    whole: dict[str, Any] = {
        "manifest.json": MANIFEST,
        "translations/en.json": ENGLISH,
        "assets/logo.png": png(320, 320),
        "assets/logo-small.png": png(128, 128),
        "assets/index.html": b"<p>Hello</p>",
        **files,
    }
    return {
        path: data if isinstance(data, bytes) else json.dumps(data).encode()
        for path, data in whole.items()
        if data is not DROP
    }


def changed(body: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of `body` with `value` at the dotted `key`."""
    fresh = copy.deepcopy(body)
    *path, last = key.split(".")
    node = fresh
    for name in path:
        node = node[name]
    if value is DROP:
        del node[last]
    else:
        node[last] = value
    return fresh


def manifest(key: str, value: Any) -> dict[str, bytes]:
    return package(**{"manifest.json": changed(MANIFEST, key, value)})


def parameters(*listed: Any) -> dict[str, bytes]:
    return manifest("parameters", list(listed))


def requirements(body: Any) -> dict[str, bytes]:
    return package(**{"requirements.json": body})


def english(body: Any) -> dict[str, bytes]:
    return package(**{"translations/en.json": body})


def found(problems: tuple[PackageProblem, ...], *, errors: bool) -> set[tuple[str, str]]:
    return {(problem.file, problem.key) for problem in problems if problem.is_error is errors}


M, E, R = "manifest.json", "translations/en.json", "requirements.json"
SECURE = {"name": "code", "type": "text", "secure": True, "scopes": ["header"]}
OAUTH = {"client_id": "a", "client_secret": "b", "authorize_uri": "https://c", "access_token_uri": "https://d"}

BROKEN: dict[str, tuple[dict[str, bytes], str, str]] = {
    "no manifest": (package(**{M: DROP}), M, ""),
    "manifest in a folder": ({f"app/{path}": data for path, data in package().items()}, "app/manifest.json", ""),
    "manifest is no JSON": (package(**{M: b"{"}), M, ""),
    "manifest is a list": (package(**{M: []}), M, ""),
    "key twice": (package(**{M: b'{"private": true, "private": false}'}), M, "private"),
    "no author": (manifest("author", DROP), M, "author"),
    "author's name is a number": (manifest("author.name", 7), M, "author.name"),
    "author's address": (manifest("author.url", "example.com"), M, "author.url"),
    "no language": (manifest("defaultLocale", DROP), M, "defaultLocale"),
    "odd language": (manifest("defaultLocale", "english"), M, "defaultLocale"),
    "language without a file": (manifest("defaultLocale", "fr"), M, "defaultLocale"),
    "no framework": (manifest("frameworkVersion", DROP), M, "frameworkVersion"),
    "old framework": (manifest("frameworkVersion", "1.0"), M, "frameworkVersion"),
    "version is a number": (manifest("version", 1.0), M, "version"),
    "private is text": (manifest("private", "yes"), M, "private"),
    "private is null": (manifest("private", None), M, "private"),
    "signedUrls is text": (manifest("signedUrls", "true"), M, "signedUrls"),
    "domainWhitelist is text": (manifest("domainWhitelist", "example.com"), M, "domainWhitelist"),
    "terms": (manifest("termsConditionsURL", "terms.html"), M, "termsConditionsURL"),
    "experiment": (manifest("experiments", {"flying": True}), M, "experiments.flying"),
    "templates": (manifest("noTemplate", True), M, "noTemplate"),
    "no location": (manifest("location", DROP), M, "location"),
    "location of the first framework": (manifest("location", "ticket_sidebar"), M, "location"),
    "unknown product": (manifest("location.garden", {"top_bar": "https://a.example"}), M, "location.garden"),
    "unknown location": (manifest("location.support.attic", "https://a.example"), M, "location.support.attic"),
    "plain address": (manifest(f"{SIDEBAR}.url", "http://example.com"), M, f"{SIDEBAR}.url"),
    "page that is not there": (manifest(f"{SIDEBAR}.url", "assets/gone.html"), M, f"{SIDEBAR}.url"),
    "page outside assets": (manifest(f"{SIDEBAR}.url", "manifest.json"), M, f"{SIDEBAR}.url"),
    "blank address": (manifest(f"{SIDEBAR}.url", ""), M, f"{SIDEBAR}.url"),
    "address with a space": (manifest(f"{SIDEBAR}.url", "https://exa mple.com"), M, f"{SIDEBAR}.url"),
    "flexible is text": (manifest(f"{SIDEBAR}.flexible", "yes"), M, f"{SIDEBAR}.flexible"),
    "requirementsOnly with a location": (manifest("requirementsOnly", True), M, "location"),
    "marketingOnly and private": (manifest("marketingOnly", True), M, "private"),
    "parameters is an object": (manifest("parameters", {}), M, "parameters"),
    "parameter twice": (parameters({"name": "a"}, {"name": "a"}), M, "parameters[1].name"),
    "parameter called name": (parameters({"name": "name"}), M, "parameters[0].name"),
    "parameter type": (parameters({"name": "a", "type": "colour"}), M, "parameters[0].type"),
    "required is text": (parameters({"name": "a", "required": "no"}), M, "parameters[0].required"),
    "hidden and required": (
        parameters({"name": "a", "type": "hidden", "required": True}), M, "parameters[0].required",
    ),
    "scopes without secure": (parameters({"name": "a", "scopes": ["header"]}), M, "parameters[0].scopes"),
    "no scope": (parameters({**SECURE, "scopes": []}), M, "parameters[0].scopes"),
    "unknown scope": (parameters({**SECURE, "scopes": ["cookie"]}), M, "parameters[0].scopes"),
    "two oauth": (
        parameters({"name": "a", "type": "oauth"}, {"name": "b", "type": "oauth"}), M, "parameters[1].type",
    ),
    "secure oauth": (
        parameters({"name": "a", "type": "oauth", "secure": True, "scopes": ["header"]}), M, "parameters[0].secure",
    ),
    "oauth without a key": (manifest("oauth", {**OAUTH, "client_secret": ""}), M, "oauth.client_secret"),
    "oauth without its parameter": (manifest("oauth", OAUTH), M, "oauth"),
    "translation is no JSON": (english(b"{"), E, ""),
    "translation is a list": (english([]), E, ""),
    "translation without a name": (english({"app": {}}), E, "app.name"),
    "translation of another product": (english({"app": {"chat": {"name": "x"}}}), E, "app.chat"),
    "label missing": (english({"app": {"name": "x", "parameters": {"a": {}}}}), E, "app.parameters.a"),
    "texts beside app.package": (english({"app": {"package": "x", "name": "An app"}}), E, "app.name"),
    "language of a translation": (package(**{"translations/english.json": {}}), "translations/english.json", ""),
    "public app without its texts": (manifest("private", False), E, "app.long_description"),
    "requirements are no JSON": (requirements(b"}"), R, ""),
    "requirements are a list": (requirements([]), R, ""),
    "requirement twice": (requirements(b'{"macros": {}, "macros": {}}'), R, "macros"),
    "unknown requirement": (requirements({"gardens": {}}), R, "gardens"),
    "requirement without a title": (requirements({"ticket_fields": {"one": {}}}), R, "ticket_fields.one.title"),
    "user field without a key": (requirements({"user_fields": {"one": {"title": "x"}}}), R, "user_fields.one.key"),
    "webhook": (requirements({"webhooks": {"one": {"name": "x"}}}), R, "webhooks.one.endpoint"),
    "retired target": (
        requirements({"targets": {"one": {"title": "x", "type": "url_target_v2"}}}), R, "targets.one.type",
    ),
    "too many requirements": (requirements({"macros": {str(n): {"title": "x"} for n in range(5001)}}), R, ""),
    "requirementsOnly without them": (manifest("requirementsOnly", True), R, ""),
    "forbidden file": (package(**{"assets/manual.pdf": b"x"}), "assets/manual.pdf", ""),
    "forbidden file with another name": (package(**{"assets/x.dat": b"PK\x03\x04"}), "assets/x.dat", ""),
    "path that leaves": (package(**{"../evil.txt": b"x"}), "../evil.txt", ""),
    "banner": (package(**{"assets/banner.png": png(830, 201)}), "assets/banner.png", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_is_refused_naming_file_and_key(name: str) -> None:
    files, file, key = BROKEN[name]
    problems = check(files)
    assert (file, key) in found(problems, errors=True), [str(problem) for problem in problems]
    assert all(problem.message and problem.fix for problem in problems)
    assert problems[0].is_error


WARNED: dict[str, tuple[dict[str, bytes], str, str]] = {
    "secure without scopes": (parameters({"name": "a", "secure": True}), M, "parameters[0].scopes"),
    "readable key": (parameters({"name": "apiKey", "type": "text"}), M, "parameters[0].secure"),
    "default of a hidden one": (
        parameters({"name": "a", "type": "hidden", "default": "x"}), M, "parameters[0].default",
    ),
    "no e-mail": (manifest("author.email", DROP), M, "author.email"),
    "no logo": (package(**{"assets/logo.png": DROP}), "assets/logo.png", ""),
    "logo of another size": (package(**{"assets/logo-small.png": png(127, 128)}), "assets/logo-small.png", ""),
    "icon where none shows": (package(**{"assets/icon_modal.svg": b"<svg/>"}), "assets/icon_modal.svg", ""),
    "picture with a script": (package(**{"assets/a.svg": b"<svg onload='x()'/>"}), "assets/a.svg", ""),
    "plain address in a page": (
        package(**{"assets/index.html": b"<p>\n<a href='http://example.com/x'>"}), "assets/index.html", "line 2",
    ),
    "private key": (package(**{"assets/a.js": b"-----BEGIN RSA PRIVATE KEY-----"}), "assets/a.js", "line 1"),
    "token": (package(**{"assets/a.js": b'let a;\nconst token = "abcdef123456";'}), "assets/a.js", "line 2"),
    "the word alone": (package(**{"assets/a.html": b"<p>Your password</p>"}), "assets/a.html", "line 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNED)
def test_is_taken_with_a_warning(name: str) -> None:
    files, file, key = WARNED[name]
    problems = check(files)
    assert found(problems, errors=True) == set()
    assert (file, key) in found(problems, errors=False)


TAKEN = {
    "as it is": package(),
    "with requirements": requirements(REQUIREMENTS),
    "a page of its own": manifest(f"{SIDEBAR}.url", "assets/index.html"),
    "an address alone": manifest("location.support.ticket_sidebar", "https://example.com"),
    "localhost": manifest(f"{SIDEBAR}.url", "http://localhost:4567/x"),
    "a setting in the address": manifest(f"{SIDEBAR}.url", "http://{{setting.host}}/x"),
    "loaded later": manifest("location.support.background", {"autoLoad": False}),
    "another product": manifest("location.sell", {"deal_card": "https://example.com"}),
    "the product's older name": manifest("location", {"zendesk": {"top_bar": "https://example.com"}}),
    "a longer language": package(
        **{M: changed(MANIFEST, "defaultLocale", "pt-br"), "translations/pt-br.json": ENGLISH}
    ),
    "a secure setting": parameters(SECURE),
    "oauth": manifest("parameters", [{"name": "login", "type": "oauth"}]),
    "null where null means no": manifest("signedUrls", None),
    "an app that only requires": package(
        **{
            M: {**{key: MANIFEST[key] for key in ("author", "defaultLocale", "private")}, "requirementsOnly": True},
            R: REQUIREMENTS,
        }
    ),
    "pairs for translators": english(
        {"app": {"package": "an_app", "name": {"title": "Name", "value": "An app"}}},
    ),
    "a large banner": package(**{"assets/banner.png": png(1660, 400)}),
}


@pytest.mark.parametrize("name", TAKEN)
def test_is_taken_without_a_word(name: str) -> None:
    assert [str(problem) for problem in check(TAKEN[name])] == []


def keys(node: Any, at: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield f"{at}.{name}".removeprefix(".")
            yield from keys(value, f"{at}.{name}".removeprefix("."))


RICH = {
    M: {
        **MANIFEST,
        "oauth": OAUTH,
        "parameters": [SECURE, {"name": "login", "type": "oauth"}],
        "experiments": {"a": 1},
    },
    E: ENGLISH,
    R: {
        **REQUIREMENTS,
        "targets": {"a": {"title": "x", "type": "y"}},
        "custom_objects": {"custom_object_types": [{"key": "a", "schema": {}}]},
        "custom_objects_v2": {"objects": [{"key": "a"}]},
        "channel_integrations": {"a": {"manifest_url": "x"}},
    },
}


@pytest.mark.parametrize(("file", "key"), [(file, key) for file, body in RICH.items() for key in keys(body)])
def test_no_odd_value_stops_the_check(file: str, key: str) -> None:
    for odd in ODD:
        check(package(**{**RICH, file: changed(RICH[file], key, odd)}))


@pytest.mark.parametrize("odd", [None, 7, [], {"name": [], "type": [], "scopes": [[]], "secure": True}], ids=repr)
def test_no_odd_parameter_stops_the_check(odd: Any) -> None:
    check(parameters(odd))
