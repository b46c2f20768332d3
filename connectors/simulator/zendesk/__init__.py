"""The Zendesk face of the simulated helpdesk: its API, webhooks, OAuth and sidebar signature."""

from __future__ import annotations

from connectors.simulator.zendesk.face import ZendeskFace

FACE = ZendeskFace

__all__ = ["FACE"]
