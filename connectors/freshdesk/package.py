"""The Freshdesk app for this install: the panel and the event functions, which call back to our address alone.

Freshworks' proxy reaches the public internet only, so the address must be https under a name; the account's own
secrets are asked for at installation and are in no file.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors import packaging
from connectors.installing import Place

UPLOAD_STEPS = (
    "In the Freshworks developer portal choose New app, Custom app, and upload the file for your Freshdesk account.",
    "In Freshdesk open Admin, then Apps, Custom apps, and install Deskhand.",
    "It asks for the settings that Deskhand shows under Connect: copy them from there.",
    "Should the portal want a file made by its own tool, unzip this one and run fdk pack in the folder.",
)


def build(place: Place) -> Mapping[str, bytes]:
    """The app's files by path. Raises `connectors.packaging.PackagingError`."""
    return packaging.source("freshdesk", values=packaging.address_values(place.app_url))
