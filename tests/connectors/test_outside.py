"""Addresses that an admin types in: what is on the public internet is reached, and nothing else."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from connectors import outside
from connectors.errors import OutcomeUnknown, Rejected, Unavailable
from connectors.outside import Outside, is_public
from tests.connectors.servers import RESET_AFTER, RESET_BEFORE, SILENT, certificate, taker

HERE = Outside(loopback=True, timeout_s=0.3)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
    ],
)
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_what_is_public_may_be_reached(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "https:///x",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://localhost/x",
        "https://169.254.169.254/latest/meta-data",
        "https://me:secret@93.184.215.14/x",
        "https://93.184.215.14:70000/x",
        "https://[/x",
    ],
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Rejected) as caught:
        Outside().post(url, {})
    assert "secret" not in str(caught.value)
    assert "/x" not in str(caught.value)


def test_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Rejected):
        Outside().post("https://hooks.example/x", {})


def test_the_name_is_looked_up_once_and_that_address_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently the second time leads nowhere else."""
    with taker() as there:
        real, asked = socket.getaddrinfo, []

        def rebinding(host: Any, *rest: Any, **more: Any) -> Any:
            if host != "hooks.example":
                return real(host, *rest, **more)
            asked.append(host)
            return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        answer = HERE.post(there.url.replace("127.0.0.1", "hooks.example"), {"text": "Hello"})
        assert (answer.status, there.bodies, asked) == (202, [{"text": "Hello"}], ["hooks.example"])
        assert there.hosts[0].startswith("hooks.example:")


def test_a_redirect_is_an_answer_like_any_other() -> None:
    with taker() as inside, taker(status=302, headers={"Location": "PLACEHOLDER"}) as there:
        there.headers = {"Location": inside.url}
        assert HERE.post(there.url, {}).status == 302
        assert inside.bodies == []


def test_nothing_was_sent_where_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable):
        HERE.post(f"http://127.0.0.1:{port}/x", {})


def test_a_name_that_nobody_knows_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable):
        Outside().post("https://hooks.example/x", {})


@pytest.mark.parametrize("does", [RESET_BEFORE, RESET_AFTER, SILENT])
def test_a_lost_answer_is_an_unknown_outcome(does: str) -> None:
    with taker(does=[does]) as there:
        with pytest.raises(OutcomeUnknown) as caught:
            HERE.post(there.url, {})
        assert len(there.bodies) == 1
        assert "hook" not in str(caught.value)


def test_an_endless_answer_is_cut_off() -> None:
    with taker(body=b"x" * 300_000) as there, pytest.raises(OutcomeUnknown):
        Outside(loopback=True, most_bytes=100_000).post(there.url, {})


@pytest.mark.parametrize(("named", "reached"), [("hooks.example", True), ("other.example", False)])
def test_the_certificate_is_the_names_though_an_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str, reached: bool
) -> None:
    own = certificate(tmp_path, named)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1", *rest, **more))
    monkeypatch.setattr(outside, "is_public", lambda address: True)
    monkeypatch.setattr(outside, "DEFAULT_CA_BUNDLE_PATH", str(own))
    with taker(own) as there:
        url = there.url.replace("127.0.0.1", "hooks.example")
        if reached:
            assert Outside().post(url, {"text": "Hello"}).status == 202
        else:
            with pytest.raises(Unavailable):
                Outside().post(url, {"text": "Hello"})
        assert len(there.bodies) == int(reached)
