"""The admin console: log-in, Overview, Triage, SLA, Knowledge, Deliveries and Connect, for who runs Deskhand."""

from __future__ import annotations

from app.admin.deliveries_model import Deliveries, Delivery, Parked, Promise, Stage
from app.admin.pages import create_blueprint
from app.admin.tones import Tone
from app.admin.views_model import (
    Attempts,
    ConsoleDeps,
    Overview,
    Part,
    Shell,
    Todo,
    UserRecord,
)

__all__ = [
    "Attempts",
    "ConsoleDeps",
    "Deliveries",
    "Delivery",
    "Overview",
    "Parked",
    "Part",
    "Promise",
    "Shell",
    "Stage",
    "Todo",
    "Tone",
    "UserRecord",
    "create_blueprint",
]
