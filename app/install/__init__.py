"""Connecting a helpdesk, checking the connection, mending it and taking it away: one way for the command line, the
console and the clock.
"""

from app.install.checks import diagnose
from app.install.connecting import app_settings, connect
from app.install.mending import repair, set_mode, uninstall
from app.install.nouns import MODES, Connected, ConnectFailed, ConnectRequest, Step, StepState
from app.install.redirects import REDIRECT_PATH, begin, finish

__all__ = [
    "MODES",
    "REDIRECT_PATH",
    "ConnectFailed",
    "ConnectRequest",
    "Connected",
    "Step",
    "StepState",
    "app_settings",
    "begin",
    "connect",
    "diagnose",
    "finish",
    "repair",
    "set_mode",
    "uninstall",
]
