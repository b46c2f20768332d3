"""The simulated helpdesk as a process: `python -m connectors.simulator --port N --app-url URL`."""

from __future__ import annotations

import json
import signal
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask import Flask, redirect
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from connectors.registry import VENDORS
from connectors.simulator import control, seed, workspace
from connectors.simulator.arrivals import Arrivals
from connectors.simulator.face import Face, build_face
from connectors.simulator.knobs import FaultSource, Knobs
from connectors.simulator.seed import Seed
from connectors.simulator.state import HelpdeskState

DEFAULT_VENDOR = next(iter(VENDORS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """Everything that runs: `app` is the WSGI application."""

    state: HelpdeskState
    faults: FaultSource
    face: Face
    arrivals: Arrivals
    app: Flask
    base_url: str

    def stop(self) -> None:
        self.faults.stop()
        self.arrivals.stop()
        self.face.stop()


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open, sends at once (no 40 ms Nagle wait) and logs nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def create_app(
    state: HelpdeskState,
    *,
    base_url: str,
    app_url: str,
    tickets: Seed | None = None,
    knobs: Knobs | None = None,
    vendor: str = DEFAULT_VENDOR,
    company: str = "Fieldline",
    **face_options: Any,
) -> Simulator:
    """Wire a helpdesk around `state`. `base_url` is its own address, `app_url` that of the app it hosts."""
    faults = FaultSource(knobs)
    face = build_face(vendor, state, faults, app_url=app_url, **face_options)
    arrivals = Arrivals(state, tickets or Seed(tickets=(), people={}))
    app = Flask(__name__, static_folder=None)
    face.install(app)
    app.register_blueprint(control.create_blueprint(state, faults, face, arrivals))
    app.register_blueprint(workspace.create_blueprint(state, face, base_url=base_url, app_url=app_url, company=company))
    app.add_url_rule("/", "root", lambda: redirect("/agent"))
    app.add_url_rule("/healthz", "healthz", lambda: {"ok": True})
    return Simulator(state=state, faults=faults, face=face, arrivals=arrivals, app=app, base_url=base_url)


class Running:
    """A server in a thread, bound before the app is built so that its links know the port."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        app_url: str = "http://127.0.0.1:5000",
        seed_folder: Path | None = seed.FOLDER,
        **options: Any,
    ) -> None:
        self._socket = socket.create_server((host, port), backlog=256, reuse_port=False)
        self.base_url = f"http://{host}:{self._socket.getsockname()[1]}"
        state = options.pop("state", None) or HelpdeskState()
        tickets = seed.load(state, seed_folder) if seed_folder else None
        if tickets is None:
            seed.install_fields(state)
        self.simulator = create_app(state, base_url=self.base_url, app_url=app_url, tickets=tickets, **options)
        self._server: BaseWSGIServer = make_server(
            host, port, self.simulator.app, threaded=True, request_handler=QuietHandler, fd=self._socket.fileno()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="helpdesk", daemon=True)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.simulator.stop()
        self._server.shutdown()
        self._server.server_close()
        self._socket.close()
        self._thread.join(5)


@click.command()
@click.option("--port", type=int, default=8390, show_default=True, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--app-url", default="http://127.0.0.1:5000", show_default=True, help="Where the app answers.")
@click.option("--vendor", type=click.Choice(list(VENDORS)), default=DEFAULT_VENDOR, show_default=True)
@click.option("--seed/--no-seed", "seeded", default=True, show_default=True, help="Load the invented company.")
@click.option("--arrivals", type=int, default=0, show_default=True, help="Tickets to let arrive; -1 for all seeded.")
@click.option("--pace", type=float, default=4.0, show_default=True, help="Seconds between arrivals, about.")
@click.option("--tickets-per-second", type=float, default=None, help="Let them arrive evenly at this rate instead.")
@click.option("--fast", is_flag=True, help="No rate limits and no export delay, for benchmarks.")
@click.option("--knob", "turned", multiple=True, metavar="NAME=VALUE", help="Start with this knob set; repeatable.")
def main(
    port: int, app_url: str, vendor: str, seeded: bool, arrivals: int, pace: float,
    tickets_per_second: float | None, fast: bool, turned: tuple[str, ...],
) -> None:  # fmt: skip
    """Run a whole helpdesk on loopback: its API, its webhooks and an agent workspace."""
    knobs = Knobs(export_delay_s=1).unlimited() if fast else Knobs()
    try:
        knobs = knobs.changed({name: json.loads(value) for name, _, value in (each.partition("=") for each in turned)})
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--knob") from None
    folder = seed.FOLDER if seeded else None
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    with Running(port=port, app_url=app_url, vendor=vendor, seed_folder=folder, knobs=knobs) as running:
        click.echo(f"Helpdesk on {running.base_url}/agent")
        if arrivals:
            count = None if arrivals < 0 else arrivals
            running.simulator.arrivals.start(count=count, per_second=tickets_per_second, pace_s=pace)
        stop.wait()
