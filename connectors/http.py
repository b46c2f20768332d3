"""One HTTP session for every helpdesk: time-outs, size caps, and errors that say whether a write may have happened.

A job asks one question after a failure: was it applied? So every failure leaves here as one of

    Unavailable       not applied (refused connection, failed look-up) or a read that changed nothing: retry
    OutcomeUnknown    a write was sent and no readable answer came: verify before any retry, after `retry_after_s`
    RateLimited       429: come back after `retry_after_s`
    OverBudget        our own gate: nothing was sent

A look that finds no trace proves nothing while the write may still land. So `retry_after_s` of an unknown outcome is
how long the helpdesk may be at work on what it did not answer, unless a version check refuses what lands late.

Answers below 500 that are complete are returned as they are; what they mean is the vendor's business.
"""

from __future__ import annotations

import base64
import json
import logging
import math
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.models import PreparedRequest, Response

from connectors.errors import AuthFailed, ConnectorError, OutcomeUnknown, RateLimited, Unavailable
from connectors.limits import EVERYTHING, OPEN, Gate

logger = logging.getLogger(__name__)

READS = frozenset({"GET", "HEAD", "OPTIONS"})
GATEWAYS = frozenset({502, 504, 520, 524})
"""Answers of somebody in between who gave up on the helpdesk, which may be at work on the request all the same.

The last two are Cloudflare's: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/
"""
DEFAULT_RETRY_AFTER_S = 30.0
LONGEST_RETRY_AFTER_S = 24 * 3600.0
JSON_STATUSES = frozenset(range(200, 300)) - {204, 205}
CHUNK_BYTES = 64 * 1024
DEADLINE_S = 30.0
"""Well below what a job has, or a helpdesk that drips its answers would look like a job that hangs."""


class Session(requests.Session):
    """What `build_session` returns. `gate` may be replaced between two requests: the next one enters the new gate,
    so that a session kept for its connections serves urgent and other work in turn."""

    gate: Gate = OPEN

    def get_redirect_target(self, resp: Response) -> None:
        """Nowhere: a redirect could carry the token to another host, and turns a write into a read."""
        return None


def build_session(
    *,
    authorization: Callable[[], str],
    timeout_s: tuple[float, float] = (5.0, 10.0),
    origin: str | None = None,
    max_body_bytes: int = 20_000_000,
    deadline_s: float = DEADLINE_S,
    gate: Gate = OPEN,
    families: Callable[[str, str], tuple[str, ...]] = lambda method, path: (EVERYTHING,),
    limits_in: Callable[[Mapping[str, str]], Mapping[str, float]] = lambda headers: {},
    guarded: bool = False,
) -> Session:
    """A session that sends `authorization()`, made by `bearer` or `basic`; use it from one thread at a time.

    `timeout_s` is (connect, silence between two reads), `deadline_s` bounds a whole answer. With `origin` a
    request to any other scheme, host or port is refused before it is sent. Redirects are never followed.
    Each request first enters `gate` for the `families` of its method, path and query. `limits_in` reads
    requests a minute by family from an answer's headers; the gate hears of those that changed. `guarded` says that a
    write names the version it is made for or carries a key, so that one which lands late is refused by the helpdesk.
    """
    session = Session()
    session.gate = gate
    session.auth = _Authorization(authorization)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(
        timeout_s=timeout_s,
        origin=_origin(origin) if origin else None,
        max_body_bytes=max_body_bytes,
        deadline_s=deadline_s,
        gate=lambda: session.gate,
        families=families,
        limits_in=limits_in,
        landing_s=None if guarded else timeout_s[1],
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def bearer(token: str) -> str:
    """The Authorization header's value for an access token; raises `AuthFailed` for one that no header can carry."""
    token = token.strip()
    if not token or not all("!" <= character <= "~" for character in token):
        raise AuthFailed("the access token is empty or holds characters that a header cannot carry")
    return f"Bearer {token}"


def basic(user_colon_password: str) -> str:
    """The Authorization header's value for `user:password`; raises `AuthFailed` for what RFC 7617 does not allow."""
    text = user_colon_password.strip()
    user, colon, _ = text.partition(":")
    if not user or not colon or not text.isprintable():
        raise AuthFailed("the user name or key is empty or holds control characters")
    return f"Basic {base64.b64encode(text.encode()).decode('ascii')}"


def parse_retry_after(value: str | None, *, now: float) -> float:
    """Seconds to wait: a number (fractions too) or an HTTP date; 30 when missing or unreadable.

    `now` is seconds since the epoch. Source: RFC 9110 section 10.2.3; some helpdesks send fractions.
    """
    text = (value or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return DEFAULT_RETRY_AFTER_S
    if not math.isfinite(seconds):
        return DEFAULT_RETRY_AFTER_S
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


class _Authorization(AuthBase):
    def __init__(self, value: Callable[[], str]) -> None:
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        value = self._value().strip()
        # http.client would name the value in its error message, so it never gets to see a bad one.
        if not value or not all(" " <= character <= "~" for character in value):
            raise AuthFailed("the credentials are empty or hold characters that a header cannot carry")
        request.headers["Authorization"] = value
        return request


class _Adapter(HTTPAdapter):
    def __init__(
        self,
        *,
        timeout_s: tuple[float, float],
        origin: tuple[str, str, int | None] | None,
        max_body_bytes: int,
        deadline_s: float,
        gate: Callable[[], Gate],
        families: Callable[[str, str], tuple[str, ...]],
        limits_in: Callable[[Mapping[str, str]], Mapping[str, float]],
        landing_s: float | None,
    ) -> None:
        super().__init__(max_retries=0)
        self._timeout_s = timeout_s
        self._origin = origin
        self._max_body_bytes = max_body_bytes
        self._deadline_s = deadline_s
        self._gate = gate
        self._families = families
        self._limits_in = limits_in
        self._landing_s = landing_s
        self._told_gate: Gate | None = None
        self._told: dict[str, float] = {}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """The whole answer, or one of the errors named in this module's docstring."""
        if self._origin and _origin(request.url or "") != self._origin:
            raise _error(Unavailable, request, "refused: the address is not this helpdesk's")
        kwargs["stream"] = True
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout_s
        gate, families = self._gate(), self._families(request.method or "", request.path_url)
        gate.enter(families)
        started = time.monotonic()
        response: Response | None = None
        try:
            response = self._exchange(request, started + self._deadline_s, args, kwargs)
            if response.status_code < 500 or _refused_at_door(response):
                gate.answered(families)
            self._tell(gate, response)
            _raise_for_server(request, response, self._landing_s)
        except (Unavailable, OutcomeUnknown) as error:
            if response is None or not _refused_at_door(response):
                error.probe_s = gate.failed(families, time.monotonic() - started)
            raise
        finally:
            self._report(request, response, time.monotonic() - started)
        return response

    def _tell(self, gate: Gate, response: Response) -> None:
        """What the answer says about limits; the door is shut before the error is raised, so nobody follows."""
        if gate is not self._told_gate:
            self._told_gate, self._told = gate, {}
        for family, per_minute in self._limits_in(response.headers).items():
            if self._told.get(family) != per_minute:
                gate.limit_seen(family, per_minute)
                self._told[family] = per_minute
        asked_to_wait = response.headers.get("Retry-After")
        if response.status_code == 429 or _refused_at_door(response):
            gate.close(parse_retry_after(asked_to_wait, now=time.time()))

    def _exchange(self, request: PreparedRequest, deadline: float, args: Any, kwargs: Any) -> Response:
        try:
            response = super().send(request, *args, **kwargs)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if _failed_before_sending(error):
                raise _error(Unavailable, request, f"could not connect ({_reason(error)})") from error
            landing_s = self._landing_s
            if landing_s and isinstance(error, requests.exceptions.ReadTimeout):
                landing_s *= 2  # slow already, it gets longer than one whose connection broke
            raise _lost(request, f"no answer ({_reason(error)})", retry_after_s=landing_s) from error
        try:
            self._read_body(request, response, deadline)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            _keep_refusal(request, response, f"the answer broke off ({_reason(error)})", error)
        return response

    def _read_body(self, request: PreparedRequest, response: Response, deadline: float) -> None:
        # read1 returns what has arrived, so a server that drips bytes cannot outlive the deadline.
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_body_bytes or time.monotonic() > deadline:
                response.close()
                broken = "is too large" if size > self._max_body_bytes else "took too long"
                _keep_refusal(request, response, f"the answer {broken}", None)
                return
        response.raw.release_conn()
        response._content = b"".join(chunks)
        response._content_consumed = True  # type: ignore[attr-defined]
        if response.status_code in JSON_STATUSES and "json" in response.headers.get("Content-Type", ""):
            try:
                json.loads(response._content)
            except (ValueError, RecursionError) as error:
                raise _lost(request, "the answer is not readable JSON", response) from error

    def _report(self, request: PreparedRequest, response: Response | None, seconds: float) -> None:
        status = response.status_code if response is not None else None
        logger.debug("%s %s answered %s in %.3f s", request.method, _path(request), status, seconds)


def _refused_at_door(response: Response) -> bool:
    """A 503 that says when to come back; any other 5xx may have been applied."""
    return response.status_code == 503 and "Retry-After" in response.headers


def _raise_for_server(request: PreparedRequest, response: Response, landing_s: float | None) -> None:
    status = response.status_code
    asked_to_wait = response.headers.get("Retry-After")
    wait_s = parse_retry_after(asked_to_wait, now=time.time())
    if status == 429:
        raise _error(RateLimited, request, f"over the rate limit, retry after {wait_s:g} s", response, wait_s)
    if status < 500:
        return
    if request.method in READS or _refused_at_door(response):
        wait = wait_s if asked_to_wait is not None else None
        raise _error(Unavailable, request, f"answered {status}", response, wait)
    wait = landing_s if status in GATEWAYS else None
    raise _error(OutcomeUnknown, request, f"answered {status}; it may have been applied", response, wait)


def _keep_refusal(request: PreparedRequest, response: Response, what: str, cause: Exception | None) -> None:
    """A refusal is clear without its body; any other answer that cannot be read is lost."""
    if not 400 <= response.status_code < 600:
        raise _lost(request, what, response) from cause
    response._content = b""
    response._content_consumed = True  # type: ignore[attr-defined]


def _lost(
    request: PreparedRequest, what: str, response: Response | None = None, retry_after_s: float | None = None
) -> ConnectorError:
    """`retry_after_s` is until a lost write has landed; a lost read may be repeated at once."""
    if request.method in READS:
        return _error(Unavailable, request, what, response)
    return _error(OutcomeUnknown, request, f"{what}; it may have been applied", response, retry_after_s)


def _error(
    kind: type[ConnectorError],
    request: PreparedRequest,
    what: str,
    response: Response | None = None,
    retry_after_s: float | None = None,
) -> ConnectorError:
    return kind(
        f"{_operation(request)}: {what}",
        operation=_operation(request),
        status=response.status_code if response is not None else None,
        request_id=response.headers.get("X-Request-Id") if response is not None else None,
        retry_after_s=retry_after_s,
    )


def _operation(request: PreparedRequest) -> str:
    return f"{request.method} {_path(request)}"


def _path(request: PreparedRequest) -> str:
    """Without the query, which may hold a person's address."""
    return urlsplit(request.url or "").path


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    ports = {"http": 80, "https": 443}
    return parts.scheme, parts.hostname or "", parts.port or ports.get(parts.scheme)


def _failed_before_sending(error: BaseException) -> bool:
    """True when no byte of the request can have reached the helpdesk."""
    return any(
        isinstance(
            cause,
            (
                urllib3.exceptions.NewConnectionError,
                urllib3.exceptions.ConnectTimeoutError,
                urllib3.exceptions.ProxyError,
                requests.exceptions.ConnectTimeout,
                requests.exceptions.InvalidURL,
                ssl.SSLCertVerificationError,
            ),
        )
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything that requests and urllib3 wrapped into it."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__]
    return found


def _reason(error: BaseException) -> str:
    """The innermost error's class: its text could quote what was sent."""
    return type(_causes(error)[-1]).__name__
