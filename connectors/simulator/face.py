"""What a vendor's face offers the rest of the simulator: the only thing the shared modules know of it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

from flask import Flask

from connectors.simulator.knobs import FaultSource
from connectors.simulator.state import HelpdeskState


class Face(Protocol):
    """`host_script` is the workspace's side of the sidebar protocol, `sidebar_path` the app's page for it."""

    host_script: str
    sidebar_path: str

    def install(self, app: Flask) -> None:
        """Mount the vendor's API."""

    def connect(self, asked: Mapping[str, Any], base: str) -> dict[str, Any]:
        """Install webhooks for the app and return its credentials. Raises `ValueError`. Safe to repeat."""

    def credentials(self, base: str) -> dict[str, Any]:
        """What an admin would type into Deskhand: `address`, `sign_in` (its kind), `secrets`, and the `limits` set.

        `limits` maps the connector's endpoint families to requests a minute as the knobs have them now.
        """

    def revoke(self) -> None:
        """An admin takes our access away: every token and key of the integration's user stops working."""

    def configure_app(self, settings: Mapping[str, str]) -> None:
        """What an admin types into the installed app's settings; the others stay. Raises `ValueError`."""

    def launch(self, *, agent_id: int, base: str, color_scheme: str) -> dict[str, Any]:
        """What to post into a fresh sidebar iframe."""

    def agent_token(self, agent_id: int) -> str:
        """An Authorization header for the agent in front of the workspace."""

    def release_webhooks(self) -> int:
        """Deliver what the `webhook_hold` knob kept back."""

    def wait_idle(self, timeout_s: float) -> bool:
        """True once every webhook is delivered or given up."""

    def summary(self) -> dict[str, Any]:
        """Counts for `/_sim/state`."""

    def stop(self) -> None:
        """End the background threads."""


def build_face(vendor: str, state: HelpdeskState, faults: FaultSource, *, app_url: str, **options: Any) -> Face:
    """The face of that name; the sidebar is expected at the app's usual path for it."""
    factory = import_module(f"connectors.simulator.{vendor}").FACE
    face: Face = factory(state, faults, sidebar_url=app_url.rstrip("/") + factory.sidebar_path, **options)
    return face
