"""The rules about a Freshdesk app's scripts: what `server/server.js` offers, and the lint that refuses a package.

Scripts are read, not run (`javascript`), so a handler put into `exports` by a computed name, or by a module it
requires, is reported as missing. Complexity is counted like the vendor's lint: one, and one for each if, for, while,
case, catch, ?, &&, || and ?? of a function's own body. Code is called unreachable only after a return, throw, break or
continue that ends with a semicolon and is a statement of its block. What is copied from a library (`app/vendor`, a
file named .min.js) is not held to our lint.

Source: https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/app-settings/
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.freshdesk.javascript import Function, Script, Unbalanced, read
from connectors.freshdesk.package_iparams import FILE as IPARAMS
from connectors.installing import PackageProblem
from connectors.packaging import error

MANIFEST, SERVER = "manifest.json", "server/server.js"
MOST_COMPLEX = 7
TIMEOUTS_S = (20, 25, 30)
_BRANCHES = frozenset({"if", "for", "while", "case", "catch"})
_CHOICES = frozenset({"?", "&&", "||", "??", "&&=", "||=", "??="})
_ENDS = frozenset({"return", "throw", "break", "continue"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An event's handler or a function that the manifest names; `handler` is its name in the script."""

    key: str
    name: str
    handler: str
    is_event: bool
    options: Any


def check(
    files: Mapping[str, bytes], objects: Mapping[str, dict[str, Any]], manifest: Mapping[str, Any]
) -> Iterator[PackageProblem]:
    """Pure. R14 to R17."""
    named = _named(manifest)
    yield from _limits(named)
    yield from _lifecycle(files, objects, {each.name for each in named if each.is_event})
    if named and SERVER not in files:
        fix = "Add it, or remove the declaration."
        yield error(MANIFEST, named[0].key, f"There is no {SERVER} to hold it.", fix)
    for path, data in files.items():
        if not path.startswith(("app/", "server/")) or not path.endswith(".js") or _is_library(path):
            continue
        try:
            script = read(data.decode("utf-8", "replace"))
        except Unbalanced as found:
            yield error(path, str(found), "A bracket, text or comment has no end here.", "Correct the script.")
            continue
        if path == SERVER:
            yield from _exports(script, named)
        yield from _lint(path, script)
        yield from _calls(path, script)


def _is_library(path: str) -> bool:
    return path.endswith(".min.js") or "/vendor/" in path or "/node_modules/" in path


def _modules(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    modules = manifest.get("modules")
    for name, module in modules.items() if isinstance(modules, dict) else ():
        if isinstance(module, dict):
            yield f"modules.{name}", module


def _named(manifest: Mapping[str, Any]) -> list[Named]:
    found = []
    for key, module in _modules(manifest):
        events, functions = module.get("events"), module.get("functions")
        for name, options in events.items() if isinstance(events, dict) else ():
            handler = options.get("handler") if isinstance(options, dict) else None
            place = f"{key}.events.{name}.handler"
            found.append(Named(key=place, name=name, handler=str(handler or ""), is_event=True, options=options))
        for name, options in functions.items() if isinstance(functions, dict) else ():
            place = f"{key}.functions.{name}"
            found.append(Named(key=place, name=name, handler=name, is_event=False, options=options))
    return found


def _limits(named: list[Named]) -> Iterator[PackageProblem]:
    """R15, as far as the manifest shows it."""
    for each in named:
        if each.is_event:
            continue
        if not 2 <= len(each.name) <= 40:
            yield error(MANIFEST, each.key, "A function's name has 2 to 40 characters.", "Rename it.")
        timeout = each.options.get("timeout") if isinstance(each.options, dict) else None
        if timeout is not None and timeout not in TIMEOUTS_S:
            fix = f"Use {', '.join(map(str, TIMEOUTS_S))} seconds, or remove it."
            yield error(MANIFEST, f"{each.key}.timeout", f"This is {timeout!r:.40}.", fix)


def _lifecycle(
    files: Mapping[str, bytes], objects: Mapping[str, dict[str, Any]], events: set[str]
) -> Iterator[PackageProblem]:
    """R14."""
    if objects.get(IPARAMS) and "onAppInstall" not in events:
        fix = "Add it to modules.common.events, with a handler that checks the parameters."
        yield error(MANIFEST, "modules.common.events.onAppInstall", "The app has installation parameters.", fix)
    server = files.get(SERVER, b"").decode("utf-8", "replace")
    makes = re.search(r"\$schedule\b|\bgenerateTargetUrl\b", server) or "onExternalEvent" in events
    if makes and "onAppUninstall" not in events:
        fix = "Add it to modules.common.events, with a handler that removes them."
        message = "The app makes schedules or webhooks and leaves them behind."
        yield error(MANIFEST, "modules.common.events.onAppUninstall", message, fix)


def _exports(script: Script, named: list[Named]) -> Iterator[PackageProblem]:
    """R15: what the manifest names is exported, and nothing is defined before `exports`."""
    at = _exports_at(script)
    offered = _offered(script)
    for each in named:
        if each.handler not in offered:
            fix = f"Add {each.handler or 'a handler'} to exports in {SERVER}."
            yield error(MANIFEST, each.key, f"{SERVER} does not export {each.handler or 'it'}.", fix)
    for function in script.functions:
        if at is not None and function.head < at and script.depth[function.head] == 0:
            key = f"line {function.line}"
            yield error(SERVER, key, f"{function.name or 'A function'} stands before exports.", "Move it below.")


def _exports_at(script: Script) -> int | None:
    """Where the first `exports =` or `exports.name =` stands at the top of the script."""
    for position, (token, after) in enumerate(itertools.pairwise(script.tokens)):
        if token.text == "exports" and script.depth[position] == 0 and after.text in ("=", "."):
            return position
    return None


def _offered(script: Script) -> set[str]:
    """Keys of `exports = {…}`, and names in `exports.name = …`."""
    names = set()
    tokens = script.tokens
    for exports, sign, opening in zip(tokens, tokens[1:], range(2, len(tokens)), strict=False):
        if exports.text != "exports" or exports.kind != "word":
            continue
        if sign.text == ".":
            names.add(tokens[opening].text)
        elif sign.text == "=" and tokens[opening].text == "{":
            names |= _keys(script, opening)
    return names


def _keys(script: Script, opening: int) -> set[str]:
    """The names an object gives to its members, nested ones left out."""
    inside = script.depth[opening] + 1
    return {
        script.tokens[position].text.strip("\"'")
        for position in range(opening + 1, script.partner[opening])
        if script.depth[position] == inside
        and script.tokens[position].kind in ("word", "string")
        and script.tokens[position + 1].text in (":", "(", ",", "}")
    }


def _lint(path: str, script: Script) -> Iterator[PackageProblem]:
    """R16."""
    for function in script.functions:
        own = [script.tokens[position] for position in script.own(function)]
        key, name = f"line {function.line}", function.name or "This function"
        if function.is_async and not any(token.text == "await" and token.kind == "word" for token in own):
            yield error(path, key, f"{name} is async and awaits nothing.", "Remove async.")
        complexity = 1 + sum(
            (token.kind == "word" and token.text in _BRANCHES) or (token.kind == "mark" and token.text in _CHOICES)
            for token in own
        )
        if complexity > MOST_COMPLEX:
            message = f"{name} has a complexity of {complexity}, at most {MOST_COMPLEX} is allowed."
            yield error(path, key, message, "Move a part into a function of its own.")
        for unused in _unused(script, function):
            yield error(path, key, f"{name} does not use its parameter {unused}.", "Remove the parameter.")
    yield from _unreachable(path, script)


def _unused(script: Script, function: Function) -> list[str]:
    """Parameters after the last one that is used; those before it only keep the places."""
    tokens = script.tokens
    used = {
        tokens[position].text
        for position in range(function.start, function.end)
        if tokens[position].kind == "word" and tokens[position - 1].text not in (".", "?.")
    }
    unused: list[str] = []
    for names in function.params:
        in_a_default = sum(token.text in names for token in tokens[function.head : function.start]) > len(names)
        unused = [] if in_a_default or set(names) & used else [*unused, ", ".join(names)]
    return unused


def _unreachable(path: str, script: Script) -> Iterator[PackageProblem]:
    tokens = script.tokens
    for position, token in enumerate(tokens):
        starts = position == 0 or (tokens[position - 1].kind == "mark" and tokens[position - 1].text in ("{", "}", ";"))
        if token.kind != "word" or token.text not in _ENDS or not starts:
            continue
        end = position + 1
        while end < len(tokens) and tokens[end].text not in (";", "}"):
            end = script.partner.get(end, end) + 1
        if end + 1 >= len(tokens) or tokens[end].text != ";":
            continue
        after = tokens[end + 1]
        if after.text not in ("}", "case", "default", "function", ";") and not _is_hoisted(script, end + 1):
            fix = f"Remove it, or the {token.text} before it."
            yield error(path, f"line {after.line}", f"Nothing gets here after {token.text}.", fix)


def _is_hoisted(script: Script, position: int) -> bool:
    """A function declared below a return exists all the same."""
    texts = [token.text for token in script.tokens[position : position + 2]]
    return texts == ["async", "function"]


def _calls(path: str, script: Script) -> Iterator[PackageProblem]:
    """R17: an address that is not declared cannot be called."""
    for first, dot, verb in zip(script.tokens, script.tokens[1:], script.tokens[2:], strict=False):
        if first.text in ("$request", "request") and dot.text == "." and verb.text in _VERBS:
            if first.text == "request" and not path.startswith("app/"):
                continue
            fix = 'Declare the address and use invokeTemplate("name", { … }).'
            yield error(path, f"line {verb.line}", f"{first.text}.{verb.text} is gone.", fix)
