"""Faults that happen to an answer after the request was applied: the connection dies, or the body is cut."""

from __future__ import annotations

import contextlib
import socket

from flask import Response, request

from connectors.simulator.knobs import Fault


def apply_to_answer(fault: Fault, response: Response) -> Response:
    """The answer as the fault leaves it. A drop closes the socket under the server, so nothing is sent."""
    if fault.truncate:
        response.set_data(response.get_data()[: max(1, len(response.get_data()) // 2)])
    if fault.drop:
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        response.headers["Connection"] = "close"
    return response
