"""Freshworks' packaging rules: a good package with one thing wrong in it at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.freshdesk.package_rules import check

MANIFEST: dict[str, Any] = {
    "platform-version": "3.0",
    "modules": {
        "common": {
            "requests": {"panel": {}},
            "functions": {"compute": {"timeout": 20}},
            "events": {"onAppInstall": {"handler": "onInstall"}},
        },
        "support_ticket": {
            "location": {"ticket_sidebar": {"url": "index.html", "icon": "styles/images/icon.svg"}},
            "events": {"onTicketCreate": {"handler": "onCreate"}},
        },
    },
    "engines": {"node": "18.20.8", "fdk": "9.7.4"},
}
REQUESTS: dict[str, Any] = {
    "panel": {
        "schema": {
            "protocol": "https",
            "method": "GET",
            "host": "api.example.com",
            "path": "/tickets/<%= context.ticket_id %>",
            "headers": {"Authorization": "Bearer <%= iparam.api_token %>"},
            "query": {"region": "<%= encode(iparam.region) %>"},
        },
        "options": {"maxAttempts": 3, "retryDelay": 500},
    }
}
IPARAMS: dict[str, Any] = {
    "api_token": {"display_name": "Token", "type": "text", "secure": True},
    "region": {"display_name": "Region", "type": "dropdown", "options": ["EU", "US"], "default_value": "EU"},
}
PAGE = '<script src="{{{appclient}}}"></script>\n<fw-button>Go</fw-button>'
SERVER = """
const limit = 7;
exports = {
  onInstall: function () { renderData(); },
  onCreate: async function (args) { await helper(args.data); },
  compute(args) { renderData(null, args.x ? limit : `a${args.y}b`); },
};
async function helper(data) {
  return await $request.invokeTemplate("panel", { context: { ticket_id: data.id } });
}
"""
DROP = object()
ODD = (None, 7, "x", [], [[]], {}, {"x": []}, True)


def package(**files: Any) -> dict[str, bytes]:
    """A good package; other files by path, JSON for what is no text."""
    whole: dict[str, Any] = {
        "manifest.json": MANIFEST,
        "config/requests.json": REQUESTS,
        "config/iparams.json": IPARAMS,
        "app/index.html": PAGE,
        "app/styles/images/icon.svg": "<svg></svg>",
        "server/server.js": SERVER,
        **files,
    }
    return {
        path: (data if isinstance(data, str) else json.dumps(data)).encode()
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


M, Q, P, S, H = "manifest.json", "config/requests.json", "config/iparams.json", "server/server.js", "app/index.html"
BODIES = {M: MANIFEST, Q: REQUESTS, P: IPARAMS}
COMMON, TICKET = "modules.common", "modules.support_ticket"
SIDEBAR = f"{TICKET}.location.ticket_sidebar"


def with_change(file: str, key: str, value: Any) -> dict[str, bytes]:
    return package(**{file: changed(BODIES[file], key, value)})


def server(before: str, after: str) -> dict[str, bytes]:
    assert before in SERVER
    return package(**{S: SERVER.replace(before, after)})


def helper(body: str) -> dict[str, bytes]:
    """A good server with one more function at line 11."""
    return package(**{S: SERVER + body})


MANY = {**REQUESTS, **{f"r{number}": REQUESTS["panel"] for number in range(100)}}

BROKEN: dict[str, tuple[dict[str, bytes], str, str]] = {
    "R1 platform": (with_change(M, "platform-version", "2.3"), M, "platform-version"),
    "R1 product": (with_change(M, "product", {"freshdesk": {}}), M, "product"),
    "R1 domains": (with_change(M, "whitelisted-domains", []), M, "whitelisted-domains"),
    "R1 name": (with_change(M, "name", "An app"), M, "name"),
    "R1 no modules": (with_change(M, "modules", DROP), M, "modules"),
    "R1 no manifest": (package(**{M: DROP}), M, ""),
    "R1 in a folder": ({f"app/{path}": data for path, data in package().items()}, "app/manifest.json", ""),
    "R2 only common": (with_change(M, TICKET, DROP), M, "modules"),
    "R3 no fdk": (with_change(M, "engines.fdk", DROP), M, "engines.fdk"),
    "R3 no engines": (with_change(M, "engines", DROP), M, "engines.node"),
    "R4 empty functions": (with_change(M, f"{COMMON}.functions", {}), M, f"{COMMON}.functions"),
    "R4 empty location": (with_change(M, f"{TICKET}.location", {}), M, f"{TICKET}.location"),
    "R5 sidebar in common": (
        with_change(M, f"{COMMON}.location", {"ticket_sidebar": {"url": "index.html"}}),
        M, f"{COMMON}.location.ticket_sidebar",
    ),
    "R5 full page in a product": (
        with_change(M, f"{TICKET}.location.full_page_app", {"url": "index.html"}),
        M, f"{TICKET}.location.full_page_app",
    ),
    "R5 unknown": (with_change(M, f"{TICKET}.location.attic", {"url": "index.html"}), M, f"{TICKET}.location.attic"),
    "R6 no page": (with_change(M, f"{SIDEBAR}.url", "gone.html"), M, f"{SIDEBAR}.url"),
    "R6 no icon": (with_change(M, f"{SIDEBAR}.icon", "gone.svg"), M, f"{SIDEBAR}.icon"),
    "R6 icon is no SVG": (package(**{"app/styles/images/icon.svg": "PNG"}), M, f"{SIDEBAR}.icon"),
    "R7 not declared": (with_change(M, f"{COMMON}.requests", {"other": {}}), Q, "panel"),
    "R7 not there": (with_change(M, f"{COMMON}.requests.other", {}), M, f"{COMMON}.requests.other"),
    "R7 name": (with_change(Q, "a b", REQUESTS["panel"]), Q, "a b"),
    "R7 too many": (package(**{Q: MANY}), Q, ""),
    "R8 body": (with_change(Q, "panel.schema.body", "{}"), Q, "panel.schema.body"),
    "R8 no method": (with_change(Q, "panel.schema.method", DROP), Q, "panel.schema.method"),
    "R8 host with a path": (with_change(Q, "panel.schema.host", "api.example.com/v1"), Q, "panel.schema.host"),
    "R8 host with a scheme": (with_change(Q, "panel.schema.host", "https://api.example.com"), Q, "panel.schema.host"),
    "R8 host is an address": (with_change(Q, "panel.schema.host", "10.0.0.1"), Q, "panel.schema.host"),
    "R8 path": (with_change(Q, "panel.schema.path", "tickets"), Q, "panel.schema.path"),
    "R8 plain": (with_change(Q, "panel.schema.protocol", "http"), Q, "panel.schema.protocol"),
    "R8 no schema": (with_change(Q, "panel.schema", DROP), Q, "panel.schema"),
    "R9 braces": (with_change(Q, "panel.schema.path", "/{{iparam.region}}"), Q, "panel.schema.path"),
    "R9 unknown": (with_change(Q, "panel.schema.path", "/<%= ticket.id %>"), Q, "panel.schema.path"),
    "R9 braces in a page": (package(**{H: PAGE + "\n<p>{{name}}</p>"}), H, "line 3"),
    "R10 secure in the path": (
        with_change(Q, "panel.schema.path", "/<%= iparam.api_token %>"), Q, "panel.schema.path",
    ),
    "R10 secure in the query": (
        with_change(Q, "panel.schema.query.region", "<%= encode(iparam.api_token) %>"), Q, "panel.schema.query.region",
    ),
    "R11 attempts": (with_change(Q, "panel.options.maxAttempts", 6), Q, "panel.options.maxAttempts"),
    "R11 delay": (with_change(Q, "panel.options.retryDelay", 250), Q, "panel.options.retryDelay"),
    "R12 both": (package(**{"config/iparams.html": "<p></p>"}), "config/iparams.html", ""),
    "R12 neither": (package(**{P: DROP}), P, ""),
    "R12 no label": (with_change(P, "region.display_name", DROP), P, "region.display_name"),
    "R12 type": (with_change(P, "region.type", "colour"), P, "region.type"),
    "R12 no options": (with_change(P, "region.options", DROP), P, "region.options"),
    "R12 default": (with_change(P, "region.default_value", "eu"), P, "region.default_value"),
    "R12 attributes": (with_change(P, "site", {"display_name": "Site", "type": "domain"}), P, "site.type_attributes"),
    "R13 secret": (with_change(P, "api_token.secure", DROP), P, "api_token.secure"),
    "R14 install": (with_change(M, f"{COMMON}.events.onAppInstall", DROP), M, f"{COMMON}.events.onAppInstall"),
    "R14 uninstall": (
        server("renderData();", "$schedule.create({}); renderData();"), M, f"{COMMON}.events.onAppUninstall",
    ),
    "R15 handler": (
        with_change(M, f"{TICKET}.events.onTicketCreate.handler", "gone"), M,
        f"{TICKET}.events.onTicketCreate.handler",
    ),
    "R15 function": (with_change(M, f"{COMMON}.functions.other", {}), M, f"{COMMON}.functions.other"),
    "R15 no server": (package(**{S: DROP}), M, f"{COMMON}.events.onAppInstall.handler"),
    "R15 short name": (with_change(M, f"{COMMON}.functions.x", {}), M, f"{COMMON}.functions.x"),
    "R15 timeout": (
        with_change(M, f"{COMMON}.functions.compute.timeout", 15), M, f"{COMMON}.functions.compute.timeout",
    ),
    "R15 helper before exports": (server("const limit = 7;", "const limit = () => 7;"), S, "line 2"),
    "R16 async": (helper("async function late() { go(); }"), S, "line 11"),
    "R16 parameter": (helper("function late(_args) { go(); }"), S, "line 11"),
    "R16 unreachable": (helper("function late() { return 1; go(); }"), S, "line 11"),
    "R16 complexity": (helper("function late(x) { return x.a || x.b || x.c && x.d ? x.e ?? x.f : !x.g || x.h && x; }"),
        S, "line 11"),
    "R16 bracket": (helper("function late() {"), S, "line 11"),
    "R16 in a page's script": (package(**{"app/scripts/app.js": "async () => 1;"}), "app/scripts/app.js", "line 1"),
    "R17 get": (helper("$request.get('https://x');"), S, "line 11"),
    "R17 in a page's script": (package(**{"app/a.js": "client.request.post('x');"}), "app/a.js", "line 1"),
    "R18 button": (package(**{H: PAGE + "\n<button>Go</button>"}), H, "line 3"),
    "R18 input": (package(**{H: PAGE + "\n\n<INPUT type=text>"}), H, "line 4"),
    "R19 two objects": (package(**{P: "{}{}"}), P, ""),
    "R19 a list": (package(**{Q: []}), Q, ""),
    "R19 test data": (package(**{"server/test_data/a.json": "{"}), "server/test_data/a.json", ""),
    "path that leaves": (package(**{"app/../../x.txt": "x"}), "app/../../x.txt", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_is_refused_naming_file_and_key(name: str) -> None:
    files, file, key = BROKEN[name]
    problems = check(files)
    assert (file, key) in {(problem.file, problem.key) for problem in problems if problem.is_error}, [
        str(problem) for problem in problems
    ]
    assert all(problem.message and problem.fix for problem in problems)


TAKEN = {
    "as it is": package(),
    "a host from a setting": with_change(Q, "panel.schema.host", "<%= iparam.region %>.example.com"),
    "a host that is a setting": with_change(Q, "panel.schema.host", "<%= iparam.region %>"),
    "access token": with_change(Q, "panel.schema.headers.Authorization", "Bearer <%= access_token %>"),
    "a full page": with_change(M, f"{COMMON}.location", {"full_page_app": {"url": "index.html"}}),
    "another module": with_change(M, "modules.support_company", {}),
    "choices with labels": with_change(P, "region.options", [{"label": "Europe", "value": "EU"}]),
    "a native word in a comment": package(**{H: PAGE + "<!-- <button> {{x}} -->"}),
    "a page without a server": package(
        **{
            M: {
                **MANIFEST,
                "modules": {
                    "common": {"requests": {"panel": {}}},
                    "support_ticket": {"location": MANIFEST["modules"]["support_ticket"]["location"]},
                },
            },
            P: {},
            Q: {"panel": {"schema": {"method": "GET", "host": "api.example.com", "path": "/"}}},
            S: DROP,
        }
    ),
    "a first parameter that keeps the place": helper("function late(first, second) { go(second); }"),
    "a hoisted function": helper("function late() { return inner(); function inner() { return 1; } }"),
    "a switch": helper("function late(x) { switch (x) { case 1: return 2; default: return 3; } }"),
    "await in a loop": helper("async function late(x) { for await (const y of x) { go(y); } }"),
    "an expression after a condition": helper("function late(x) { if (x) return 1; return 2; }"),
    "brackets in texts": helper("function late() { return /[/\"{]/.test('}') || `}${go('`')}{`; } // {"),
    "a taken apart parameter": helper("const late = ({ a, b: [c] = [] }) => a + c;"),
    "exports one by one": server("exports = {", "exports.extra = { go: 1 };\nexports = {"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_is_taken_without_a_word(name: str) -> None:
    assert [str(problem) for problem in check(TAKEN[name])] == []


def test_a_setting_nobody_is_asked_for_is_a_warning() -> None:
    (problem,) = check(with_change(Q, "panel.schema.query.region", "<%= iparam.zone %>"))
    assert (problem.file, problem.key, problem.is_error) == (Q, "panel.schema.query.region", False)


def test_exports_may_be_the_modules() -> None:
    assert check(server("exports = {", "module.exports = {")) == ()


def keys(node: Any, at: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield f"{at}.{name}".removeprefix(".")
            yield from keys(value, f"{at}.{name}".removeprefix("."))


@pytest.mark.parametrize(("file", "key"), [(file, key) for file, body in BODIES.items() for key in keys(body)])
def test_no_odd_value_stops_the_check(file: str, key: str) -> None:
    for odd in ODD:
        check(with_change(file, key, odd))


def test_no_broken_script_stops_the_check() -> None:
    for end in range(len(SERVER)):
        check(package(**{S: SERVER[:end]}))
