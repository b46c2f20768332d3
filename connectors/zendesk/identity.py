"""Who opened the sidebar: the token of Zendesk's signed first load, checked. Pure, no I/O.

Source: https://developer.zendesk.com/documentation/apps/build-an-app/build-your-first-support-app/part-5-securing-the-app/
Stricter than PyJWT alone: the time is an argument, a list of audiences is refused, and nothing in the
token's header chooses the key. Every refusal is a `BadSignature` with a plain reason.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

import jwt

from connectors.base import AgentIdentity
from connectors.errors import BadSignature

MAX_LIFE = timedelta(minutes=5)
LEEWAY = timedelta(seconds=30)
LONGEST_TOKEN = 8192
LONGEST_TOKEN_ID = 200
# Headers that point to, or carry, a key; `crit` and `b64` change what the signature covers.
REFUSED_HEADERS = ("jku", "jwk", "x5u", "x5c", "crit", "b64")
USER_PATH = re.compile(r"/api/v2/users/([1-9][0-9]{0,19})(?:\.json)?\Z")
PORTS = {"http": 80, "https": 443}


def verify_agent(token: str, *, public_key: str, audience: str, origin: str, now: datetime) -> AgentIdentity:
    """The agent that Zendesk signed for, or `BadSignature`.

    `audience` is this tenant's installation URL, `origin` the page that frames us. `token_id` is `jti`, or a
    hash of the signed part: the signature's last letter can be changed without changing the signature.
    """
    claims = _signed_claims(token, public_key)
    expires_at = _check_times(claims, now)
    if not audience or claims["aud"] != audience:
        raise _bad("it is meant for another installation")
    subject = _split(claims["sub"], "sub")
    user = USER_PATH.match(subject.path)
    if user is None or subject.query or subject.fragment:
        raise _bad("its subject is not a user")
    addresses = {"aud": audience, "iss": claims["iss"], "origin": origin}
    if any(_host(_split(address, name)) != _host(subject) for name, address in addresses.items()):
        raise _bad("its hosts differ")
    return AgentIdentity(user_id=user.group(1), token_id=_token_id(token, claims), expires_at=expires_at)


def _signed_claims(token: str, public_key: str) -> Mapping[str, Any]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise _bad("it is not a token")
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != "RS256":
            raise _bad("its algorithm is not RS256")
        named = [name for name in REFUSED_HEADERS if name in header]
        if named:
            raise _bad(f"its header brings its own {named[0]}")
        # The claims are checked below, against `now`.
        claims = jwt.decode(
            token,
            public_key,
            algorithms=["RS256"],
            options={
                "verify_signature": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise _bad("its signature does not verify") from error
    for name in ("aud", "iss", "sub"):
        if not isinstance(claims.get(name), str) or not claims[name]:
            raise _bad(f"it has no single {name}")
    return claims


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    issued_at = _instant(claims, "iat")
    expires_at = _instant(claims, "exp")
    if expires_at <= issued_at or expires_at - issued_at > MAX_LIFE:
        raise _bad("its life is longer than 5 minutes or not positive")
    if issued_at > now + LEEWAY:
        raise _bad("it was issued in the future")
    if expires_at <= now - LEEWAY:
        raise _bad("it has expired")
    if "nbf" in claims and _instant(claims, "nbf") > now + LEEWAY:
        raise _bad("it is not valid yet")
    return expires_at


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _bad(f"it has no {name}")
    try:
        if not math.isfinite(value):
            raise _bad(f"its {name} is not a time")
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise _bad(f"its {name} is not a time") from error


def _split(text: str, name: str) -> SplitResult:
    """The parts of a URL, or of a bare host name as `iss` may be."""
    if re.search(r"[\s\\@\x00-\x1f]", text):
        raise _bad(f"its {name} is not an address")
    try:
        return urlsplit(text if "://" in text else f"//{text}")
    except ValueError as error:
        raise _bad(f"its {name} is not an address") from error


def _host(parts: SplitResult) -> tuple[str, int | None]:
    """Host and port; None for the usual port, which `iss` leaves out."""
    try:
        port = parts.port
    except ValueError as error:
        raise _bad("it names an address with a bad port") from error
    if not parts.hostname or parts.scheme not in ("", *PORTS):
        raise _bad("it names an address without a host")
    return parts.hostname, None if port == PORTS.get(parts.scheme, 443) else port


def _token_id(token: str, claims: Mapping[str, Any]) -> str:
    jti = claims.get("jti")
    if isinstance(jti, str) and 0 < len(jti) <= LONGEST_TOKEN_ID:
        return jti
    return hashlib.sha256(token.rpartition(".")[0].encode("ascii")).hexdigest()


def _bad(reason: str) -> BadSignature:
    return BadSignature(f"sidebar token refused: {reason}", vendor="zendesk", operation="verify_agent")
