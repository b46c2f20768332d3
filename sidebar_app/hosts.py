"""What differs between the helpdesks that frame the panel; one module named after each vendor holds its values."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlsplit

from connectors.registry import VENDORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One helpdesk's front end. `sdk_url` is the vendor's own script, `bridge` and `tokens` are ours.

    Without an `sdk_url` the panel's page ships inside the vendor's app package: there is none of ours to open.
    """

    sdk_url: str | None
    bridge: str
    tokens: str
    reload_hint: str


def host(vendor: str) -> Host | None:
    """The front end of `vendor`; None for a name that is not registered or that has no panel."""
    if vendor not in VENDORS:
        return None
    try:
        module = import_module(f"sidebar_app.{vendor}")
    except ModuleNotFoundError:
        return None
    found = module.HOST
    return found if isinstance(found, Host) else None


def origin_of(url: str) -> str:
    """Scheme, host and port of `url`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
