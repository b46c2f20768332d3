"""What `manifests/freshdesk` makes: a package by the platform's rules, whose server script runs in its sandbox."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from typing import Any

import jwt
import pytest

from connectors import packaging
from connectors.freshdesk import package_rules
from tests.conftest import ROOT

FOLDER = ROOT / "manifests" / "freshdesk"
APP_URL = "https://deskhand.fieldline.example"
# The platform's sandbox: no Buffer, process or timers, and only what the manifest's dependencies name can be required.
SANDBOX = """
const { readFileSync } = require("fs"), vm = require("vm"), crypto = require("crypto");
const [handler, payload, fails] = JSON.parse(readFileSync(0, "utf8"));
const seen = { sent: [], rendered: 0, errors: [] };
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jsonwebtoken = { sign(claims, secret, { algorithm }) {
  const text = `${part({ alg: algorithm, typ: "JWT" })}.${part(claims)}`;
  return `${text}.${crypto.createHmac("sha256", secret).update(text).digest("base64url")}`;
} };
const sandbox = {
  require(name) { if (name !== "jsonwebtoken") throw new Error(`no ${name} here`); return jsonwebtoken; },
  $request: { async invokeTemplate(name, options) {
    if (fails) throw { status: 503 };
    seen.sent.push([name, options]); return { response: "{}" };
  } },
  renderData() { seen.rendered += 1; },
  console: { error(...words) { seen.errors.push(words.join(" ")); } },
};
vm.createContext(sandbox);
vm.runInContext(readFileSync(process.argv[1], "utf8"), sandbox);
Promise.resolve(sandbox.exports[handler](payload)).then(() => process.stdout.write(JSON.stringify(seen)));
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return packaging.source("freshdesk", values=packaging.address_values(APP_URL))


def run(event: str, module: str = "support_ticket", *, fails: bool = False, **changes: Any) -> dict[str, Any]:
    """What the handler of `event` does with the package's own sample of it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH: the server script cannot be run")
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    handler = manifest["modules"][module]["events"][event]["handler"]
    payload = json.loads((FOLDER / "server" / "test_data" / module / f"{event}.json").read_text(encoding="utf-8"))
    done = subprocess.run(
        [node, "-e", SANDBOX, str(FOLDER / "server" / "server.js")],
        input=json.dumps([handler, payload | changes, fails]),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_package_breaks_no_rule_of_the_platform(files: dict[str, bytes]) -> None:
    assert [str(problem) for problem in package_rules.check(files)] == []


def test_every_file_the_page_names_is_in_it(files: dict[str, bytes]) -> None:
    page = files["app/index.html"].decode()
    named = re.findall(r'(?:src|href)="([^"{]+)"', page)
    assert len(named) == 9
    assert {f"app/{name}" for name in named} <= set(files)
    assert not re.search(r"<style|\sstyle=|\son\w+=|https?://", page.replace("http://www.w3.org/2000/svg", ""))


def test_its_requests_go_to_this_install_alone(files: dict[str, bytes]) -> None:
    templates = json.loads(files["config/requests.json"])
    assert {each["schema"]["host"] for each in templates.values()} == {"deskhand.fieldline.example"}
    assert "build.json" not in files


@pytest.mark.parametrize(
    ("event", "event_id", "actor", "changes"),
    [
        ("onTicketCreate", "onTicketCreate:205:1763386001.25", {"id": 129, "type": "contact"}, {}),
        (
            "onTicketUpdate",
            "onTicketUpdate:205:1763386002.5",
            {"id": 23, "type": "agent"},
            {"status": [2, 4], "custom_fields": {"cf_bereich_13": ["Geräte", "Zugänge"]}},
        ),
        ("onConversationCreate", "onConversationCreate:205:5", {"id": 129, "type": "contact"}, {}),
    ],
)
def test_an_event_is_forwarded_with_ids_and_changes_alone(
    event: str, event_id: str, actor: dict[str, Any], changes: dict[str, Any]
) -> None:
    [[template, options]] = run(event)["sent"]
    body = options["body"]
    assert template == "postEvent"
    assert json.loads(body) == {
        "v": 1,
        "source": "app",
        "event": event,
        "event_id": event_id,
        "timestamp": json.loads(body)["timestamp"],
        "ticket_id": 205,
        "actor": actor,
        "changes": changes,
    }
    assert body.isascii()
    assert "Webhooks" not in body
    assert "Thank you" not in body
    assert "fieldline" not in body


def test_an_event_is_signed_over_its_very_bytes() -> None:
    [[_, options]] = run("onTicketUpdate")["sent"]
    claims = jwt.decode(options["context"]["jwt"], "secret-of-the-test-32-bytes-long", algorithms=["HS256"])
    assert claims["body"] == hashlib.sha256(options["body"].encode()).hexdigest()
    assert 0 < claims["exp"] - claims["iat"] <= 300


@pytest.mark.parametrize("length", [0, 1, 7, 8, 55, 56, 63, 64, 119, 1000])
def test_the_digest_is_right_at_every_edge_of_a_block(length: int) -> None:
    """An actor's type is the one free text; whatever its length, the receiver's digest is the same."""
    actor = {"id": 1, "type": "é" * length}
    ticket = {"id": 205}
    [[_, options]] = run("onTicketCreate", data={"ticket": ticket, "actor": actor})["sent"]
    claims = jwt.decode(options["context"]["jwt"], "secret-of-the-test-32-bytes-long", algorithms=["HS256"])
    assert claims["body"] == hashlib.sha256(options["body"].encode()).hexdigest()


def test_an_event_without_an_actor_is_forwarded_too() -> None:
    [[_, options]] = run("onTicketCreate", data={"ticket": {"id": 205}})["sent"]
    assert json.loads(options["body"])["actor"] == {}


def test_a_refused_event_ends_quietly_and_names_no_secret() -> None:
    done = run("onTicketUpdate", fails=True)
    assert done["errors"] == ["Deskhand did not take onTicketUpdate of ticket 205: 503"]


def test_installing_is_let_through() -> None:
    assert run("onAppInstall", "common")["rendered"] == 1
