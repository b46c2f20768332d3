"""The helpdesks we speak, one line each, imported only when used."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from connectors.base import Vendor

VENDORS = {
    "zendesk": "connectors.zendesk:VENDOR",
    "freshdesk": "connectors.freshdesk:VENDOR",
}


class UnknownVendor(LookupError):
    """No connector of that name."""


def vendor(name: str) -> Vendor:
    """The connector called `name`; raises `UnknownVendor` naming those there are."""
    try:
        path = VENDORS[name]
    except KeyError:
        raise UnknownVendor(f"no connector {name!r}; there are: {', '.join(sorted(VENDORS))}") from None
    module, attribute = path.split(":")
    return cast(Vendor, getattr(import_module(module), attribute))
