"""The security headers of every answer the sidebar gives.

Source: OWASP ASVS 5.0 chapter 3 (web front end), and the framing rules of the helpdesks' app platforms.
"""

from __future__ import annotations

import re

from flask import Response

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


def policy(*, ancestors: str | None = None, sdk_origin: str | None = None) -> str:
    """The Content-Security-Policy of a page that only `ancestors` may frame (nobody by default).

    Raises `ValueError` for anything that is not an origin, so that no value can add a directive.
    """
    for origin in (ancestors, sdk_origin):
        if origin is not None and not _ORIGIN.fullmatch(origin):
            raise ValueError(f"not an origin: {origin!r}")
    framed_by = ancestors or "'none'"
    scripts = f"'self' {sdk_origin}" if sdk_origin else "'self'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {framed_by}",
        )
    )


def protect(response: Response) -> Response:
    """Add what every answer carries; a view that set its own policy keeps it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy())
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    return response
