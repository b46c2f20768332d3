"""The Freshworks platform's packaging rules for a Freshdesk app, as far as they can be checked without its tool.

The vendor publishes no schema; these are the rules its documentation and its tool's messages state, numbered R1 to R19
for the comments. R1 to R6, R9, R18 and R19 are here; R7, R8, R10 and R11 in `package_requests`; R12 and R13 in
`package_iparams`; R14 to R17 in `package_code`, which says what reading scripts without running them cannot see.

Source: https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/app-manifest/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.freshdesk import package_code, package_iparams, package_requests
from connectors.installing import PackageProblem
from connectors.packaging import DuplicateKeys, UnreadableJson, bad_paths, error, errors_first, parsed

MANIFEST = "manifest.json"
PLATFORM = "3.0"
# Keys of older platforms, or of the developer portal, and where their content goes now.
FOREIGN_KEYS = {
    "product": "Move it into modules.",
    "whitelisted-domains": "Declare each address in config/requests.json.",
    "name": "Give the app its name in the developer portal.",
}
BLOCKS = ("requests", "functions", "events", "location")
COMMON_LOCATIONS = frozenset({"full_page_app", "cti_global_sidebar"})
LOCATIONS = {
    "common": COMMON_LOCATIONS,
    "support_ticket": frozenset(
        {
            "ticket_sidebar", "ticket_requester_info", "ticket_top_navigation", "ticket_background",
            "time_entry_background", "ticket_attachment", "ticket_conversation_editor", "new_ticket_requester_info",
            "new_ticket_background",
        }
    ),
    "support_contact": frozenset({"contact_sidebar"}),
}  # fmt: skip
OWN_CONTROLS = {"button": "fw-button", "input": "fw-input", "select": "fw-select", "textarea": "fw-textarea"}
_TEMPLATE = re.compile(r"<%=\s*(.*?)\s*%>", re.DOTALL)
_VALUE = r"(?:iparam|context)\.\w+(?:\.\w+)*"
_KNOWN_TEMPLATE = re.compile(rf"{_VALUE}|access_token|encode\(\s*{_VALUE}\s*\)")


def check(files: Mapping[str, bytes]) -> tuple[PackageProblem, ...]:
    """Pure. Every breach, errors first."""
    objects, problems = _json_files(files)
    manifest = objects.get(MANIFEST, {})
    return errors_first(
        [
            *bad_paths(files),
            *problems,
            *_manifest(files, manifest),
            *_templates(objects),
            *_pages(files),
            *package_requests.check(objects, manifest),
            *package_iparams.check(files, objects),
            *package_code.check(files, objects, manifest),
        ]
    )


def _json_files(files: Mapping[str, bytes]) -> tuple[dict[str, dict[str, Any]], list[PackageProblem]]:
    """R19: every JSON file is one object. Those that are, by path."""
    objects, problems = {}, []
    for path, data in files.items():
        if not path.endswith(".json"):
            continue
        try:
            body = parsed(data, unique_keys=True)
        except DuplicateKeys as found:
            problems.append(error(path, str(found), "The key stands there twice.", "Keep one of them."))
        except UnreadableJson as found:
            fix = "Correct the file; it holds one { } only."
            problems.append(error(path, "", f"This is not one JSON object: {found}.", fix))
        else:
            if isinstance(body, dict):
                objects[path] = body
            else:
                problems.append(error(path, "", "This is not a JSON object.", "Put everything into one { }."))
    return objects, problems


def _manifest(files: Mapping[str, bytes], manifest: dict[str, Any]) -> Iterator[PackageProblem]:
    """R1, R2, R3."""
    if MANIFEST not in files:
        nested = next((path for path in files if re.fullmatch(r"[^/]+/manifest\.json", path)), None)
        fix = "Zip the files inside the folder, not the folder." if nested else "Add manifest.json at the top."
        yield error(nested or MANIFEST, "", "There is no manifest at the top of the package.", fix)
        return
    if not manifest:
        return
    if manifest.get("platform-version") != PLATFORM:
        found = manifest.get("platform-version")
        fix = f'Write "platform-version": "{PLATFORM}".'
        yield error(MANIFEST, "platform-version", f"This is {found!r:.40}, not {PLATFORM!r}.", fix)
    for key, fix in FOREIGN_KEYS.items():
        if key in manifest:
            yield error(MANIFEST, key, f"Platform {PLATFORM} has no such key here.", fix)
    engines = manifest.get("engines")
    for name in ("node", "fdk"):
        if not isinstance(engines, dict) or not isinstance(engines.get(name), str) or not engines[name]:
            yield error(MANIFEST, f"engines.{name}", "The version is missing.", f'Add "{name}" with a version.')
    modules = manifest.get("modules")
    if not isinstance(modules, dict):
        yield error(MANIFEST, "modules", "The modules are missing.", 'Write {"common": {}, "support_ticket": {}}.')
        return
    if not set(modules) - {"common"}:
        fix = 'Add "support_ticket"; it may be empty.'
        yield error(MANIFEST, "modules", "There is no module besides common.", fix)
    for name, module in modules.items():
        yield from _module(files, name, module)


def _module(files: Mapping[str, bytes], name: str, module: Any) -> Iterator[PackageProblem]:
    """R4 and, for its locations, R5 and R6."""
    key = f"modules.{name}"
    if not isinstance(module, dict):
        yield error(MANIFEST, key, "This is not an object.", "Write { }.")
        return
    for block in BLOCKS:
        content = module.get(block, {"": ""})
        if not isinstance(content, dict) or not content:
            fix = f"Remove {block}, or declare something in it."
            yield error(MANIFEST, f"{key}.{block}", "This is empty or not an object.", fix)
    locations = module.get("location")
    for place, options in locations.items() if isinstance(locations, dict) else ():
        where = f"{key}.location.{place}"
        yield from _placed(where, name, place)
        yield from _shown(files, where, place, options)


def _placed(key: str, module: str, place: str) -> Iterator[PackageProblem]:
    """R5."""
    if module != "common" and place in COMMON_LOCATIONS:
        yield error(MANIFEST, key, "This location belongs to the module common.", "Move it there.")
    elif module == "common" and place not in COMMON_LOCATIONS:
        known = ", ".join(sorted(COMMON_LOCATIONS))
        yield error(MANIFEST, key, f"The module common has only {known}.", "Move it to its product's module.")
    elif module in LOCATIONS and place not in LOCATIONS[module]:
        known = ", ".join(sorted(LOCATIONS[module]))
        yield error(MANIFEST, key, "There is no such location.", f"Use one of {known}.")


def _shown(files: Mapping[str, bytes], key: str, place: str, options: Any) -> Iterator[PackageProblem]:
    """R6."""
    if not isinstance(options, dict):
        yield error(MANIFEST, key, "This is not an object.", "Write url and icon in { }.")
        return
    url, icon = options.get("url"), options.get("icon")
    if not isinstance(url, str) or f"app/{url}" not in files:
        yield error(MANIFEST, f"{key}.url", f"There is no page app/{url or '…'}.", "Name a page under app/.")
    if icon is None:
        return
    picture = files.get(f"app/{icon}")
    if picture is None:
        yield error(MANIFEST, f"{key}.icon", f"There is no picture app/{icon}.", "Name a picture under app/.")
    elif not str(icon).endswith(".svg") or b"<svg" not in picture:
        yield error(MANIFEST, f"{key}.icon", f"app/{icon} is not an SVG.", "Save the picture as SVG.")


def _templates(objects: Mapping[str, dict[str, Any]]) -> Iterator[PackageProblem]:
    """R9 in the configuration."""
    for path, body in objects.items():
        if not path.startswith("config/"):
            continue
        for key, text in package_requests.texts(body):
            if "{{" in text:
                yield error(path, key, "{{ }} is not filled in here.", "Write <%= iparam.x %> or <%= context.x %>.")
            for found in _TEMPLATE.findall(text):
                if not _KNOWN_TEMPLATE.fullmatch(found):
                    fix = "Use iparam.x, context.x, access_token or encode(iparam.x)."
                    yield error(path, key, f"<%= {found} %> is not known.", fix)


def _pages(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    """R18, and R9 in pages."""
    for path, data in files.items():
        if not path.endswith((".html", ".htm")):
            continue
        text = re.sub(
            r"<!--.*?-->", lambda gone: "\n" * gone.group().count("\n"), data.decode("utf-8", "replace"), flags=re.S
        )
        for found in re.finditer(r"<(button|input|select|textarea)[\s>/]", text, re.IGNORECASE):
            name = found[1].lower()
            key = f"line {text.count(chr(10), 0, found.start()) + 1}"
            yield error(path, key, f"A native {name} is refused.", f"Use {OWN_CONTROLS[name]}.")
        for found in re.finditer(r"\{\{\{?\s*([^{}]*?)\s*\}?\}\}", text):
            if found.group() != "{{{appclient}}}":
                key = f"line {text.count(chr(10), 0, found.start()) + 1}"
                yield error(path, key, f"{found.group():.40} is not filled in.", "Only {{{appclient}}} is.")
