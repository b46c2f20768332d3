"""Sidebar tokens: the one good token, and every way we know to forge one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from connectors.errors import BadSignature
from connectors.zendesk import VENDOR

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
HOST = "https://acme.zendesk.com"
AUDIENCE = f"{HOST}/api/v2/apps/installations/77.json"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


PUBLIC = pem(KEY)


def seconds(**delta: int) -> int:
    return int((NOW + timedelta(**delta)).timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": "acme.zendesk.com",
        "sub": f"{HOST}/api/v2/users/410.json",
        "aud": AUDIENCE,
        "iat": seconds(seconds=-5),
        "exp": seconds(seconds=115),
    }
    return {name: value for name, value in (good | changes).items() if value is not ...}


def token(key: Any = KEY, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Signed without PyJWT's own checks on claims, which would refuse to write some of these."""
    payload = json.dumps(claims(**changes)).encode()
    return jwt.api_jws.encode(payload, key, algorithm=algorithm, headers={"typ": "JWT"} | (headers or {}))


def verify(text: str, *, now: datetime = NOW, key: str = PUBLIC, audience: str = AUDIENCE, origin: str = HOST):
    return VENDOR.verify_agent(text, public_key=key, audience=audience, origin=origin, now=now)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_agent_zendesk_signed_for() -> None:
    identity = verify(token(jti="once-1"))
    assert (identity.user_id, identity.token_id) == ("410", "once-1")
    assert identity.expires_at == NOW + timedelta(seconds=115)


def test_the_issuer_may_carry_a_scheme_and_the_subject_may_lack_json() -> None:
    assert verify(token(iss=HOST, sub=f"{HOST}:443/api/v2/users/410")).user_id == "410"


def test_a_helpdesk_on_loopback() -> None:
    local = "http://127.0.0.1:8080"
    audience = f"{local}/api/v2/apps/installations/1.json"
    text = token(iss="127.0.0.1:8080", sub=f"{local}/api/v2/users/9.json", aud=audience)
    assert verify(text, audience=audience, origin=local).user_id == "9"
    with pytest.raises(BadSignature, match="hosts differ"):
        verify(text, audience=audience, origin="http://127.0.0.1:8081")


def test_without_jti_the_signed_part_is_the_id_however_the_signature_is_spelled() -> None:
    text = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    expected = hashlib.sha256(text.rpartition(".")[0].encode()).hexdigest()
    assert verify(text).token_id == expected
    with contextlib.suppress(BadSignature):
        assert verify(respelled).token_id == expected
    assert verify(token(jti="")).token_id == verify(token(jti="")).token_id
    assert len(verify(token(jti=7 * ["x"])).token_id) == 64


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": f"{HOST}/api/v2/apps/installations/78.json"}, "installation"),
        ({"aud": [AUDIENCE]}, "no single aud"),
        ({"aud": ...}, "no single aud"),
        ({"aud": ""}, "no single aud"),
        ({"iss": "evil.zendesk.com"}, "hosts differ"),
        ({"iss": "https://evil.example"}, "hosts differ"),
        ({"iss": "https://acme.zendesk.com:8443"}, "hosts differ"),
        ({"iss": "https://acme.zendesk.com:port"}, "bad port"),
        ({"iss": "ftp://acme.zendesk.com"}, "without a host"),
        ({"iss": "https://acme.zendesk.com@evil.example"}, "not an address"),
        ({"iss": "https://[acme"}, "not an address"),
        ({"iss": ["acme.zendesk.com"]}, "no single iss"),
        ({"iss": ...}, "no single iss"),
        ({"sub": "410"}, "not a user"),
        ({"sub": f"{HOST}/api/v2/users/410.json/../1.json"}, "not a user"),
        ({"sub": f"{HOST}/api/v2/users/410.json?x=1"}, "not a user"),
        ({"sub": f"{HOST}/api/v2/users/0.json"}, "not a user"),
        ({"sub": "https://evil.example/api/v2/users/410.json"}, "hosts differ"),
        ({"sub": ...}, "no single sub"),
        ({"sub": 410}, "no single sub"),
        ({"exp": ...}, "no exp"),
        ({"exp": "1772446500"}, "no exp"),
        ({"exp": True}, "no exp"),
        ({"exp": 1e300}, "not a time"),
        ({"exp": float("inf")}, "not a time"),
        ({"iat": seconds(seconds=-60), "exp": seconds(seconds=-30)}, "expired"),
        ({"exp": seconds(seconds=296)}, "life"),
        ({"exp": seconds(days=3650)}, "life"),
        ({"exp": seconds(seconds=-5)}, "life"),
        ({"iat": ...}, "no iat"),
        ({"iat": seconds(seconds=31), "exp": seconds(seconds=90)}, "future"),
        ({"nbf": seconds(seconds=31)}, "not valid yet"),
        ({"nbf": "later"}, "no nbf"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_signed_but_wrong(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSignature, match=reason):
        verify(token(**changes))


@pytest.mark.parametrize(("origin", "reason"), [("https://evil.example", "differ"), ("", "host"), ("null", "differ")])
def test_framed_by_somebody_else(origin: str, reason: str) -> None:
    with pytest.raises(BadSignature, match=reason):
        verify(token(), origin=origin)


def test_no_install_record_means_no_audience() -> None:
    with pytest.raises(BadSignature, match="installation"):
        verify(token(), audience="")


@pytest.mark.parametrize(("name", "value"), [
    ("jku", "https://evil.example/keys"),
    ("x5u", "https://evil.example/cert"),
    ("jwk", {"kty": "RSA"}),
    ("x5c", ["MII"]),
    ("crit", ["exp"]),
])  # fmt: skip
def test_a_header_that_brings_its_own_key(name: str, value: object) -> None:
    with pytest.raises(BadSignature):
        verify(token(headers={name: value}))


def test_kid_is_ignored() -> None:
    assert verify(token(headers={"kid": "../../etc/passwd"})).user_id == "410"


def test_unsigned() -> None:
    text = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}."
    with pytest.raises(BadSignature, match="RS256"):
        verify(text)


def test_hs256_with_the_public_key_as_secret() -> None:
    content = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims())}"
    mac = hmac.new(PUBLIC.encode(), content.encode(), hashlib.sha256).digest()
    with pytest.raises(BadSignature, match="RS256"):
        verify(f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize("algorithm", ["RS512", "PS256"])
def test_other_rsa_algorithms(algorithm: str) -> None:
    with pytest.raises(BadSignature, match="RS256"):
        verify(token(algorithm=algorithm))


def test_somebody_elses_key() -> None:
    with pytest.raises(BadSignature, match="does not verify"):
        verify(token(OTHER_KEY))


@pytest.mark.parametrize("key", ["", "not a key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_of_ours_that_is_no_rsa_key(key: str) -> None:
    with pytest.raises(BadSignature):
        verify(token(), key=key)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.é.é", "x" * 10_000, f"{part({'alg': 'RS256'})}..", "..."])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(BadSignature):
        verify(text)


def test_payload_that_is_no_object() -> None:
    text = jwt.api_jws.encode(b"[1]", KEY, algorithm="RS256")
    with pytest.raises(BadSignature):
        verify(text)


def test_changed_claims_break_the_signature() -> None:
    head, _, signature = token().split(".")
    with pytest.raises(BadSignature, match="does not verify"):
        verify(f"{head}.{part(claims(sub=f'{HOST}/api/v2/users/1.json'))}.{signature}")
