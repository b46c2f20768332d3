"""The Freshdesk face of the simulated helpdesk: its API, automation rules and app events."""

from __future__ import annotations

from connectors.simulator.freshdesk.face import FreshdeskFace

FACE = FreshdeskFace

__all__ = ["FACE"]
