"""Freshdesk's side of the panel: its page ships in the Freshworks app, made from `manifests/freshdesk`.

https://developers.freshworks.com/docs/app-sdk/v3.0/support_ticket/front-end-apps/
"""

from __future__ import annotations

from sidebar_app.hosts import Host

HOST = Host(
    sdk_url=None,  # the platform puts its client's address into the package's page
    bridge="freshdesk.js",
    tokens="freshdesk.css",
    reload_hint="Open the ticket again, or reload the browser page.",
)
