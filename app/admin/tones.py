"""The shape and colour of a state word."""

from __future__ import annotations

from enum import Enum


class Tone(Enum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    OFF = "off"
