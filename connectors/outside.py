"""POST to an address that an admin typed in, without becoming their way into our own network.

https only; the name is looked up once, and no address that is not public is connected to (RFC 6890: private, loopback,
link-local with its cloud metadata, and IPv6 forms that hold such an IPv4 address). The connection goes to the address
that was checked, with the certificate checked for the name. No redirect is followed and no proxy used. The address may
hold a secret, so errors name the host only.

    Rejected          the address is not one we send to; nothing was sent
    Unavailable       nothing was sent
    OutcomeUnknown    it was sent, and no readable answer came
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from connectors.errors import OutcomeUnknown, Rejected, Unavailable

CHUNK_BYTES = 64 * 1024
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """`timeout_s` bounds the connection and the whole answer, each. With `loopback` only this machine is reached, and
    by plain http: for tests.
    """

    timeout_s: float = 10.0
    most_bytes: int = 1_000_000
    loopback: bool = False

    def post(self, url: str, body: object, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send `body` as JSON, once; bytes are JSON already. Raises one of the errors named above."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fixed = {"Content-Type": "application/json", "User-Agent": "Deskhand"}
        parts, address, port = self._resolved(url)
        host = str(parts.hostname)
        deadline = time.monotonic() + self.timeout_s
        try:
            with self._pool(parts.scheme, host, address, port) as pool:
                sent = pool.urlopen(
                    "POST",
                    f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
                    body=data,
                    headers=fixed | dict(headers or {}) | {"Host": parts.netloc},
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                )
                answer = b""
                while chunk := sent.read1(CHUNK_BYTES):
                    answer += chunk
                    if len(answer) > self.most_bytes or time.monotonic() > deadline:
                        sent.close()
                        raise _unknown(host, "the answer is too large or took too long", sent.status)
        except (HTTPError, OSError) as error:
            if isinstance(error, (NewConnectionError, ConnectTimeoutError)) or _is_strange(error):
                raise Unavailable(f"{host}: could not connect ({_reason(error)})", operation="post") from error
            raise _unknown(host, f"no answer ({_reason(error)})") from error
        headers = {name.lower(): value for name, value in sent.headers.items()}
        return Answer(status=sent.status, headers=headers, body=answer)

    def _resolved(self, url: str) -> tuple[SplitResult, str, int]:
        """The parts of the address and where to connect."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or (80 if parts.scheme == "http" else 443)
        except ValueError as error:
            raise _refused("this is not an address") from error
        if parts.scheme != ("http" if self.loopback else "https") or not parts.hostname:
            raise _refused("the address must begin with https://")
        if parts.username is not None or parts.password is not None:
            raise _refused("the address must not hold a user name or password")
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"{parts.hostname}: the name cannot be looked up", operation="post") from error
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        if not addresses or not all(self._may_reach(ip_address(each)) for each in addresses):
            raise _refused(f"{parts.hostname} is not on the public internet")
        return parts, addresses[0], port

    def _may_reach(self, address: IPv4Address | IPv6Address) -> bool:
        return address.is_loopback if self.loopback else is_public(address)

    def _pool(self, scheme: str, host: str, address: str, port: int) -> urllib3.HTTPConnectionPool:
        patience = urllib3.Timeout(connect=self.timeout_s, read=self.timeout_s)
        shared: dict[str, Any] = {"port": port, "timeout": patience, "retries": False, "maxsize": 1}
        if scheme == "http":
            return urllib3.HTTPConnectionPool(address, **shared)
        return urllib3.HTTPSConnectionPool(
            address,
            **shared,
            server_hostname=host,
            cert_reqs="CERT_REQUIRED",
            ca_certs=DEFAULT_CA_BUNDLE_PATH,
        )


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet; an IPv6 one that stands for an IPv4 one is judged as that."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None or address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_strange(error: BaseException) -> bool:
    """Whether the certificate was not the host's: then nothing was sent."""
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in (*error.args, error.__cause__))


def _reason(error: BaseException) -> str:
    """The error's class: its text could quote the address."""
    return type(error).__name__


def _refused(why: str) -> Rejected:
    return Rejected(f"Nothing was sent: {why}.", operation="post")


def _unknown(host: str, why: str, status: int | None = None) -> OutcomeUnknown:
    return OutcomeUnknown(f"{host}: {why}; it may have been taken", operation="post", status=status)
