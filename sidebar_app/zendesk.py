"""Zendesk's side of the panel: the Apps framework's SDK and the words of its own interface.

https://developer.zendesk.com/documentation/apps/app-developer-guide/using-the-apps-framework/
"""

from __future__ import annotations

from sidebar_app.hosts import Host

HOST = Host(
    sdk_url="https://static.zdassets.com/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js",
    bridge="zendesk.js",
    tokens="zendesk.css",
    reload_hint="Choose “Reload all apps” at the top of the apps panel, or reload the browser page.",
)
