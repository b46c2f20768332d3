"""The installed app as the platform treats it: its package, its settings, and the proxy its requests go through."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from connectors.simulator.server import Running

SETTINGS = {"panel_token": "token-of-the-panel", "webhook_path": "path-of-events", "webhook_secret": "secret"}
CONTEXT = {"ticket_id": "1001", "agent_id": 7}


@dataclass
class Backend:
    """What the app's own server was asked, and what it answers next."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)


@pytest.fixture
def backend() -> Iterator[Backend]:
    made, app = Backend(), Flask("backend", static_folder=None)

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def anything(path: str) -> Response:
        headers = {key.lower(): value for key, value in request.headers.items()}
        made.asked.append((request.method, request.environ["RAW_URI"], headers, request.get_data()))
        return made.answers.pop(0) if made.answers else Response("<p>panel</p>")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(backend: Backend) -> Iterator[Running]:
    with Running(vendor="freshdesk", app_url=backend.url) as running:
        configure(running, SETTINGS)
        yield running


def configure(desk: Running, settings: dict[str, str]) -> requests.Response:
    return requests.post(f"{desk.base_url}/_sim/app_settings", json=settings, timeout=5)


def invoke(desk: Running, template: str = "panel", context: Any = CONTEXT, **more: Any) -> dict[str, Any]:
    asked = {"template": template, "context": context, **more}
    answer = requests.post(f"{desk.base_url}/agent/freshworks/invoke", json=asked, timeout=20)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_template_is_filled_and_sent_to_the_apps_own_server(desk: Running, backend: Backend) -> None:
    assert invoke(desk) == {"status": 200, "response": "<p>panel</p>"}
    [(method, path, headers, body)] = backend.asked
    assert (method, path, body) == ("GET", "/sidebar/panel/1001", b"")
    assert headers["authorization"] == "Bearer token-of-the-panel"
    assert headers["x-deskhand-agent"] == "7"


def test_a_body_travels_as_it_is(desk: Running, backend: Backend) -> None:
    invoke(desk, "correct", body='{"category":"Ü"}')
    [(method, path, headers, body)] = backend.asked
    assert (method, path) == ("POST", "/sidebar/panel/1001/correction")
    assert headers["content-type"] == "application/json"
    assert body == '{"category":"Ü"}'.encode()


def test_an_answer_that_is_not_well_comes_back_with_its_status_and_text(desk: Running, backend: Backend) -> None:
    backend.answers = [Response("<p>no</p>", status=409), Response("", status=302, headers={"Location": "/elsewhere"})]
    assert invoke(desk) == {"status": 409, "response": "<p>no</p>"}
    assert invoke(desk)["status"] == 302
    assert len(backend.asked) == 2


@pytest.mark.parametrize(
    ("template", "context"),
    [
        ("nothing", CONTEXT),
        ("panel", {}),
        ("panel", None),
        ("panel", {"ticket_id": None, "agent_id": 7}),
        ("panel", {"ticket_id": {"a": 1}, "agent_id": 7}),
        ("panel", {"ticket_id": "1", "agent_id": "7\r\nAuthorization: Bearer mine"}),
        ("panel", {"ticket_id": "1\n", "agent_id": "7"}),
        ("panel", {"ticket_id": True, "agent_id": 7}),
    ],
)
def test_what_cannot_be_filled_in_is_not_sent(
    desk: Running, backend: Backend, template: str, context: dict[str, Any]
) -> None:
    assert invoke(desk, template, context)["status"] == 400
    assert backend.asked == []


def test_no_value_leaves_its_part_of_the_path(desk: Running, backend: Backend) -> None:
    invoke(desk, context={"ticket_id": "../session?x=1#", "agent_id": 7})
    assert backend.asked[0][1] == "/sidebar/panel/..%2Fsession%3Fx%3D1%23"


def test_the_fifty_first_request_of_a_minute_is_refused(desk: Running, backend: Backend) -> None:
    assert [invoke(desk)["status"] for _ in range(51)] == [200] * 50 + [429]
    assert len(backend.asked) == 50


def test_a_body_over_the_limit_is_refused(desk: Running, backend: Backend) -> None:
    assert invoke(desk, "correct", body="x" * 102_401)["status"] == 413
    assert backend.asked == []


def test_an_app_that_is_down_is_a_gateways_answer(backend: Backend) -> None:
    with Running(vendor="freshdesk", app_url="http://127.0.0.1:9") as desk:
        configure(desk, SETTINGS)
        assert invoke(desk)["status"] == 502


def test_settings_are_the_packages_and_come_back_nowhere(desk: Running) -> None:
    assert configure(desk, {"no_such": "x"}).status_code == 400
    assert configure(desk, {"panel_token": "another"}).content == b""
    for path in ("agent/app/index.html", "agent/app/scripts/freshdesk.js", "agent", "_sim/state"):
        assert "another" not in requests.get(f"{desk.base_url}/{path}", timeout=5).text
    for path in ("config/requests.json", "../config/iparams.json", "%2e%2e/manifest.json", "nothing.js"):
        assert requests.get(f"{desk.base_url}/agent/app/{path}", timeout=5).status_code == 404


def test_without_settings_nothing_is_sent(backend: Backend) -> None:
    with Running(vendor="freshdesk", app_url=backend.url) as desk:
        assert invoke(desk)["status"] == 400
        assert backend.asked == []


def test_a_form_from_another_page_is_no_request(desk: Running, backend: Backend) -> None:
    answer = requests.post(f"{desk.base_url}/agent/freshworks/invoke", data={"template": "panel"}, timeout=5)
    assert answer.status_code == 415
    assert backend.asked == []


def test_the_page_names_the_client_and_may_ask_nobody(desk: Running) -> None:
    answer = requests.get(f"{desk.base_url}/agent/app/index.html", timeout=5)
    assert "{{{" not in answer.text
    assert 'src="/agent/static/freshworks_client.js"' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert "frame-ancestors 'self'" in policy
    script = requests.get(f"{desk.base_url}/agent/app/scripts/panel.js", timeout=5)
    assert script.headers["Content-Type"].startswith("text/javascript")
