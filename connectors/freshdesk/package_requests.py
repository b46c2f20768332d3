"""The rules of a Freshdesk app's `config/requests.json`: every address the app may call, declared beforehand.

Source: https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/advanced-features/request-method/
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.installing import PackageProblem
from connectors.packaging import error, warning

FILE, MANIFEST, IPARAMS = "config/requests.json", "manifest.json", "config/iparams.json"
MOST = 100
SCHEMA = frozenset({"protocol", "method", "host", "path", "headers", "query"})
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
ATTEMPTS = range(1, 6)
DELAY_STEP_MS, LONGEST_DELAY_MS = 100, 1500
_TEMPLATE = re.compile(r"<%=.*?%>", re.DOTALL)
_HOST = re.compile(r"(?!-)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IPARAM = re.compile(r"\biparam\.(\w+)")


def check(objects: Mapping[str, dict[str, Any]], manifest: Mapping[str, Any]) -> Iterator[PackageProblem]:
    """Pure. R7, R8, R10, R11; `objects` are the package's JSON files."""
    requests = objects.get(FILE, {})
    yield from _declared(requests, manifest)
    if len(requests) > MOST:
        yield error(FILE, "", f"There are {len(requests)} templates, at most {MOST} are allowed.", "Merge some.")
    iparams = objects.get(IPARAMS)
    for name, template in requests.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield error(FILE, name, "A name has only letters, digits, - and _.", "Rename it here and in the manifest.")
        if not isinstance(template, dict) or not isinstance(template.get("schema"), dict):
            yield error(FILE, f"{name}.schema", "The schema is missing.", "Add schema with method, host and path.")
            continue
        yield from _schema(f"{name}.schema", template["schema"])
        yield from _options(f"{name}.options", template.get("options"))
        yield from _secrets(name, template, iparams)


def texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside `node` with the path of keys to it."""
    if isinstance(node, str):
        yield key, node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from texts(value, f"{key}.{name}".removeprefix("."))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from texts(value, f"{key}[{number}]")


def _declared(requests: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[PackageProblem]:
    """R7: the two lists name the same templates."""
    modules = manifest.get("modules")
    common = modules.get("common") if isinstance(modules, dict) else None
    declared = common.get("requests") if isinstance(common, dict) else None
    declared = declared if isinstance(declared, dict) else {}
    for name in requests:
        if name not in declared:
            fix = f'Add "{name}": {{}} to modules.common.requests in the manifest.'
            yield error(FILE, name, "The manifest does not declare this template.", fix)
    for name in declared:
        if name not in requests:
            fix = f"Add it to {FILE}, or remove it here."
            yield error(MANIFEST, f"modules.common.requests.{name}", "There is no such template.", fix)


def _schema(key: str, schema: dict[str, Any]) -> Iterator[PackageProblem]:
    """R8."""
    for name in sorted(set(schema) - SCHEMA):
        fix = "Give it to invokeTemplate instead." if name == "body" else f"Keep {', '.join(sorted(SCHEMA))}."
        yield error(FILE, f"{key}.{name}", "A schema has no such key.", fix)
    for name in ("method", "host", "path"):
        if not isinstance(schema.get(name), str) or not schema[name]:
            yield error(FILE, f"{key}.{name}", "This is missing.", "Add it.")
    method, host, path = (schema.get(name) for name in ("method", "host", "path"))
    if isinstance(method, str) and method and method.upper() not in METHODS:
        yield error(FILE, f"{key}.method", f"There is no method {method}.", f"Use {', '.join(sorted(METHODS))}.")
    if schema.get("protocol", "https") != "https":
        yield error(FILE, f"{key}.protocol", "The request is not encrypted.", 'Write "https", or remove it.')
    if isinstance(host, str) and host and not _is_host(host):
        fix = "Write the name alone, such as api.example.com."
        yield error(FILE, f"{key}.host", f"{host:.80} is not a bare host name.", fix)
    if isinstance(path, str) and path and not path.startswith("/"):
        yield error(FILE, f"{key}.path", "The path does not begin with /.", f"Write /{path:.40}.")


def _is_host(host: str) -> bool:
    """A name of at least two parts; a template counts as one whole name, or as a part of it."""
    if _TEMPLATE.fullmatch(host):
        return True
    plain = _TEMPLATE.sub("x", host)
    try:
        ipaddress.ip_address(plain)
    except ValueError:
        return _HOST.fullmatch(plain) is not None
    return False


def _options(key: str, options: Any) -> Iterator[PackageProblem]:
    """R11."""
    if options is None:
        return
    if not isinstance(options, dict):
        yield error(FILE, key, "This is not an object.", "Write maxAttempts and retryDelay in { }.")
        return
    attempts, delay = options.get("maxAttempts", 1), options.get("retryDelay", 0)
    if type(attempts) is not int or attempts not in ATTEMPTS:
        yield error(FILE, f"{key}.maxAttempts", f"This is {attempts!r:.40}.", "Use a whole number from 1 to 5.")
    if type(delay) is not int or delay % DELAY_STEP_MS or not 0 <= delay <= LONGEST_DELAY_MS:
        fix = f"Use a multiple of {DELAY_STEP_MS} up to {LONGEST_DELAY_MS} milliseconds."
        yield error(FILE, f"{key}.retryDelay", f"This is {delay!r:.40}.", fix)


def _secrets(name: str, template: dict[str, Any], iparams: Mapping[str, Any] | None) -> Iterator[PackageProblem]:
    """R10, and a warning for a setting that nobody is asked for."""
    for key, text in texts(template, name):
        for iparam in _IPARAM.findall(" ".join(_TEMPLATE.findall(text))):
            if iparams is None:
                continue
            asked = iparams.get(iparam)
            if asked is None:
                fix = f"Add it to {IPARAMS}, or correct the name."
                yield warning(FILE, key, f"Nobody is asked for iparam.{iparam}.", fix)
            elif isinstance(asked, dict) and asked.get("secure") is True and ".schema.headers." not in key:
                fix = "Send it in a header."
                yield error(FILE, key, f"iparam.{iparam} is secure: it goes into headers only.", fix)
