"""Faults on the wire: the connection dies before or after the request was applied, or the answer is spoilt."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator

from flask import Response, abort, request

from connectors.simulator.knobs import Fault

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def apply_before(fault: Fault) -> None:
    """Break the connection and end the request, so that nothing of it is applied."""
    if fault.reset:
        _reset()
        abort(500)


def apply_to_answer(fault: Fault, response: Response) -> Response:
    """The answer as the fault leaves it. A drop closes the socket under the server, so nothing is sent."""
    if fault.truncate:
        response.set_data(response.get_data()[: max(1, len(response.get_data()) // 2)])
    if fault.lost_status is not None:
        response.status_code = fault.lost_status
        response.content_type = "text/html"
        response.set_data("<h1>Bad gateway (simulated)</h1>")
    if fault.drip_s is not None:
        response.response = _dripping(response.get_data(), fault.drip_s)
    if fault.late_reset:
        _reset()
    if fault.drop:
        connection = _connection()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        response.headers["Connection"] = "close"
    return response


def _dripping(content: bytes, pause_s: float) -> Iterator[bytes]:
    for position in range(len(content)):
        if position:
            time.sleep(pause_s)
        yield content[position : position + 1]


def _reset() -> None:
    """Close the connection hard: another one, whose far end is closed, takes its place under the server."""
    connection = _connection()
    if connection is None:
        return
    near, far = socket.socketpair()
    with near, far, contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        os.dup2(near.fileno(), connection.fileno())


def _connection() -> socket.socket | None:
    found = request.environ.get("werkzeug.socket")
    return found if isinstance(found, socket.socket) else None
