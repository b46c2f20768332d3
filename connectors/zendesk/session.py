"""Each thread's open connections to each tenant's Zendesk."""

from __future__ import annotations

import threading
from collections import OrderedDict

from connectors.base import Connection
from connectors.http import Session, basic, bearer, build_session
from connectors.limits import OPEN, Gate
from connectors.zendesk.answers import raise_for_refusal
from connectors.zendesk.limits import families, limits_in

TIMEOUT_S = (5.0, 10.0)
KEPT_SESSIONS = 16

_kept = threading.local()


def session_for(connection: Connection, gate: Gate = OPEN) -> Session:
    """This thread's session for the tenant; a new token gets a new one, the longest unused is closed.

    The session is kept for its connections only: each caller brings the gate that its requests pass from now on, so
    of two clients for one tenant in one thread the later one's gate counts.
    """
    sessions: OrderedDict[tuple[str, ...], Session] = _kept.__dict__.setdefault("sessions", OrderedDict())
    place = (connection.tenant, connection.base_url, connection.scheme, connection.token)
    session = sessions.pop(place, None)
    if session is None:
        session = new_session(connection)
    session.gate = gate
    sessions[place] = session
    while len(sessions) > KEPT_SESSIONS:
        sessions.popitem(last=False)[1].close()
    return session


def new_session(connection: Connection) -> Session:
    """A session that is nobody else's and passes no gate until it is given one."""
    token, header = connection.token, basic if connection.scheme == "basic" else bearer
    session = build_session(
        authorization=lambda: header(token),
        timeout_s=TIMEOUT_S,
        origin=connection.base_url,
        families=families,
        limits_in=limits_in,
        guarded=True,
    )
    session.hooks["response"].append(raise_for_refusal)
    return session
