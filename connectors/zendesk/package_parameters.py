"""The rules of the settings an admin fills in: `parameters` and `oauth` in a Zendesk app's manifest.

Source: https://developer.zendesk.com/documentation/apps/app-developer-guide/manifest/#parameters
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connectors.installing import PackageProblem
from connectors.packaging import error, warning

FILE = "manifest.json"
# Tuples, because an odd value in the file need not be hashable.
TYPES = ("text", "checkbox", "url", "number", "multiline", "hidden", "oauth")
# Taken only from developers whom Zendesk let in.
GATED_TYPES = ("mtls",)
SCOPES = ("header", "body", "url", "jwt_secret_key", "jwt_claim", "basic_auth_username", "basic_auth_password")
OAUTH = ("client_id", "client_secret", "authorize_uri", "access_token_uri")
_SENSITIVE = re.compile(r"(?i)token|key|pwd|password")


def check(manifest: dict[str, Any], *, allowed: bool) -> Iterator[PackageProblem]:
    """Pure. `allowed` is false for an app that is only advertised."""
    listed = manifest.get("parameters")
    if listed is not None and not isinstance(listed, list):
        yield error(FILE, "parameters", "This is not a list.", "Write [ ] around the parameters.")
        listed = None
    listed = listed or []
    if listed and not allowed:
        yield error(FILE, "parameters", "An app with marketingOnly has no settings.", "Remove them.")
        return
    known = []
    for number, parameter in enumerate(listed):
        if isinstance(parameter, dict):
            known.append((f"parameters[{number}]", parameter))
        else:
            yield error(FILE, f"parameters[{number}]", "This is not an object.", "Write name and type in { }.")
    yield from _names(known)
    for key, parameter in known:
        yield from _types(key, parameter)
        yield from _scopes(key, parameter)
        yield from _exposed(key, parameter)
    yield from _oauth(manifest.get("oauth"), [key for key, parameter in known if parameter.get("type") == "oauth"])


def _names(known: list[tuple[str, dict[str, Any]]]) -> Iterator[PackageProblem]:
    seen = set()
    for key, parameter in known:
        name = parameter.get("name")
        if name == "name":
            yield error(FILE, f"{key}.name", 'A setting cannot be called "name".', "Choose another name.")
        if str(name) in seen:
            yield error(FILE, f"{key}.name", f"Another setting is called {name!r} too.", "Choose another name.")
        seen.add(str(name))


def _types(key: str, parameter: dict[str, Any]) -> Iterator[PackageProblem]:
    kind = parameter.get("type") or "text"
    if kind in GATED_TYPES:
        yield warning(FILE, f"{key}.type", f"{kind} must be enabled by Zendesk first.", "Ask Zendesk, or use text.")
    elif kind not in TYPES:
        yield error(FILE, f"{key}.type", f"There is no type {kind!r}.", f"Use one of {', '.join(TYPES)}.")
    for flag in ("required", "secure"):
        if not isinstance(parameter.get(flag), bool | None):
            yield error(FILE, f"{key}.{flag}", f"This is {parameter[flag]!r:.60}.", "Write true or false, unquoted.")
    if kind == "hidden" and parameter.get("required"):
        yield error(FILE, f"{key}.required", "Nobody can fill in a hidden setting.", "Remove required, or hidden.")
    if kind == "oauth" and parameter.get("secure"):
        yield error(FILE, f"{key}.secure", "Zendesk keeps an oauth setting itself.", "Remove secure.")


def _scopes(key: str, parameter: dict[str, Any]) -> Iterator[PackageProblem]:
    scopes = parameter.get("scopes")
    if scopes is None:
        if parameter.get("secure") is True:
            fix = 'Add "scopes": ["header"], or where else it is sent.'
            yield warning(FILE, f"{key}.scopes", "A secure setting should say where it may be sent.", fix)
        return
    key = f"{key}.scopes"
    if parameter.get("secure") is not True:
        yield error(FILE, key, "Only a secure setting has scopes.", "Set secure to true, or remove scopes.")
    elif not isinstance(scopes, list) or not scopes:
        yield error(FILE, key, "This is not a list with at least one scope.", f"Use {', '.join(SCOPES)}.")
    elif unknown := [str(scope) for scope in scopes if scope not in SCOPES]:
        yield error(FILE, key, f"There is no scope {', '.join(unknown)}.", f"Use {', '.join(SCOPES)}.")


def _exposed(key: str, parameter: dict[str, Any]) -> Iterator[PackageProblem]:
    """Settings that every agent's browser could read."""
    kind, secure = parameter.get("type") or "text", parameter.get("secure") is True
    if kind == "text" and not secure and _SENSITIVE.search(str(parameter.get("name"))):
        yield warning(FILE, f"{key}.secure", "Agents' browsers can read this setting.", "Set secure to true.")
    if "default" in parameter and (secure or kind == "hidden"):
        yield warning(FILE, f"{key}.default", "Whoever has the package can read this.", "Remove the default.")


def _oauth(oauth: Any, keys: list[str]) -> Iterator[PackageProblem]:
    for key in keys[1:]:
        yield error(FILE, f"{key}.type", "An app has one oauth setting at most.", "Keep one.")
    if oauth is None:
        return
    if not isinstance(oauth, dict):
        yield error(FILE, "oauth", "This is not an object.", f"Write {', '.join(OAUTH)} in {{ }}.")
        return
    for name in OAUTH:
        if not oauth.get(name):
            yield error(FILE, f"oauth.{name}", "This is missing.", "Copy it from the service you sign in to.")
    if not keys:
        fix = 'Add {"name": "login", "type": "oauth"} to parameters.'
        yield error(FILE, "oauth", "No setting is of type oauth.", fix)
