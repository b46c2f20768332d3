"""Every exchange with a simulated helpdesk, recorded at its WSGI door."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    status: int
    asked: Any
    answered: Any


@dataclass
class Recorder:
    """Wraps a WSGI application; bodies that are not JSON are kept as None."""

    app: Any
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen["status"] = int(status.split()[0])
            return start_response(status, headers, *more)

        answer = self.app(environ, start)
        try:
            content = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        # The path is read after the application: it may have taken the suffix off.
        path = environ["PATH_INFO"]
        self.exchanges.append(Exchange(environ["REQUEST_METHOD"], path, seen["status"], _json(body), _json(content)))
        return [content]


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
