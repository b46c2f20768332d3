"""How far a category's decisions go: written, only recorded, or written for half of the tickets to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from typing import Any

SETTING = "category_modes"
"""A tenant's setting: category key to the value of a `Mode`; a category that is missing is on."""


class Mode(Enum):
    ON = "on"
    SHADOW = "shadow"
    """Decided and recorded, nothing written."""
    HALF = "half"
    """Every other ticket is left to people, so that outcomes can be compared."""


class Arm(Enum):
    AUTOMATED = "automated"
    CONTROL = "control"


def modes_of(settings: Mapping[str, Any]) -> dict[str, Mode]:
    """The tenant's modes by category. Raises `ValueError` naming the category whose mode is none."""
    asked = settings.get(SETTING) or {}
    if not isinstance(asked, Mapping):
        raise ValueError(f"{SETTING}: expected categories with their modes, found {asked!r:.60}.")
    modes = {}
    for category, value in asked.items():
        try:
            modes[str(category)] = Mode(value)
        except ValueError:
            known = ", ".join(mode.value for mode in Mode)
            raise ValueError(f"{SETTING}.{category}: expected one of {known}, found {value!r:.60}.") from None
    return modes


def arm_of(tenant: str, ticket_ref: str) -> Arm:
    """The same for the same ticket, however often it is decided and by which model."""
    digest = hashlib.sha256(f"{tenant}\0{ticket_ref}".encode()).digest()
    return Arm.AUTOMATED if digest[0] % 2 == 0 else Arm.CONTROL
