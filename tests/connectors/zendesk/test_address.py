"""Which addresses get a request, and that nothing else ever does."""

from __future__ import annotations

import pytest

from connectors.registry import vendor

base_url = vendor("zendesk").base_url
OURS = "https://fieldline.zendesk.com"


@pytest.mark.parametrize(
    "address",
    [
        "fieldline",
        " fieldline ",
        "Fieldline",
        "fieldline.zendesk.com",
        "FIELDLINE.ZENDESK.COM",
        "https://fieldline.zendesk.com",
        "https://fieldline.zendesk.com/",
        "https://fieldline.zendesk.com/agent/tickets/12?brand=1#x",
        "HTTPS://fieldline.zendesk.com/agent",
        "https://fieldline.zendesk.com?x=https://evil.example",
    ],
)
def test_what_an_admin_types(address: str) -> None:
    assert base_url(address) == OURS


@pytest.mark.parametrize("label", ["a1", "my-desk", "x" * 63, "0-0"])
def test_labels(label: str) -> None:
    assert base_url(label) == f"https://{label}.zendesk.com"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "   ",
        "a",
        "-desk",
        "desk-",
        "my_desk",
        "x" * 64,
        "x" * 600,
        "zendesk.com",
        "https://zendesk.com",
        "https://.zendesk.com",
        "zendesk.com.evil.example",
        "fieldline.zendesk.com.evil.example",
        "https://fieldline.zendesk.com.evil.example/agent",
        "fieldline.zendesk.com.",
        "https://fieldline.zendesk.com./agent",
        "https://evil.example/fieldline.zendesk.com",
        "https://evil.example?fieldline.zendesk.com",
        "https://evil.example#.zendesk.com",
        "https://evil.example\\.zendesk.com",
        "https://fieldline.zendesk.com\\@evil.example",
        "https://fieldline.zendesk.com@evil.example/",
        "https://user:pass@fieldline.zendesk.com",
        "https://fieldline.zendesk.com:443",
        "https://fieldline.zendesk.com:8443/agent",
        "http://fieldline.zendesk.com",
        "ftp://fieldline.zendesk.com",
        "//fieldline.zendesk.com",
        "a.b.zendesk.com",
        "fieldlinezendesk.com",
        "fieldline.zendesk.co",
        "fieldline.freshdesk.com",
        "fieldline.zendesk.com\n.evil.example",
        "field\tline",
        "fieldline\r\nHost: evil.example",
        "fіeldline",  # a Cyrillic i
        "ﬁeldline.zendesk.com",  # a ligature
        "fieldline.zendesk。com",
        "fieldline%2eevil",
        "127.0.0.1",
        "localhost:8080",
        "http://127.0.0.1:8080",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:8080",
    ],
)
def test_everything_else_is_refused_in_plain_words(address: str) -> None:
    with pytest.raises(ValueError, match="Enter the subdomain") as raised:
        base_url(address)
    assert "evil" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://127.0.0.1:8390", "http://127.0.0.1:8390"),
        ("http://localhost:8390/agent", "http://localhost:8390"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("fieldline", OURS),
    ],
)
def test_this_machine_only_when_asked_for(address: str, found: str) -> None:
    assert base_url(address, loopback=True) == found


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:80@evil.example",
        "http://127.0.0.1.evil.example:80",
        "http://localhost.evil.example",
        "https://127.0.0.1:8390",
        "http://127.0.0.2:80",
        "http://10.0.0.1:80",
        "http://[::1]:80",
        "http://127.0.0.1:8390\n",
    ],
)
def test_loopback_is_no_wider_than_that(address: str) -> None:
    with pytest.raises(ValueError, match=r"[Ee]nter|port"):
        base_url(address, loopback=True)
