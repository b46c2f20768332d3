"""Mail that is composed safely, sent encrypted, and told apart by whether it may have been taken."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from connectors.errors import Rejected, Unavailable
from connectors.mailer import PLAIN, STARTTLS, TLS, Mailer, SmtpServer, check_sender, compose
from tests.connectors.servers import Post, certificate
from triage.messages import SendMail

NOW = datetime.datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
MAIL = SendMail(to="kim@acme.example", subject="Grüße – 3 tickets", text="Hello Käthe.", kind="digest")
SENDER = "Deskhand <deskhand@desk.example>"


@pytest.mark.parametrize(
    ("url", "host", "port", "security", "user"),
    [
        ("smtp://mail.example", "mail.example", 587, STARTTLS, ""),
        ("smtp://me%40acme.example:p%2Fw@mail.example:2525", "mail.example", 2525, STARTTLS, "me@acme.example"),
        ("smtps://me:pw@mail.example", "mail.example", 465, TLS, "me"),
        ("smtp://127.0.0.1", "127.0.0.1", 25, PLAIN, ""),
        ("smtp://localhost:1025", "localhost", 1025, PLAIN, ""),
    ],
)
def test_an_address_says_how_mail_is_handed_in(url: str, host: str, port: int, security: str, user: str) -> None:
    server = SmtpServer.from_url(url)
    assert (server.host, server.port, server.security, server.user) == (host, port, security, user)


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        SmtpServer.from_url(url)


def test_the_password_does_not_show() -> None:
    assert "hidden" not in repr(SmtpServer.from_url("smtp://me:hidden@mail.example"))


@pytest.mark.parametrize("sender", ["", "Deskhand", "a@b@c", "deskhand@", "x@acme.example\r\nBcc: y@z.example"])
def test_a_sender_is_an_address(sender: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        check_sender(sender)


def test_a_mail_carries_its_key_its_date_and_both_texts() -> None:
    mail = replace(MAIL, html="<p>Hello</p>", headers={"List-Unsubscribe": "<https://desk.example/u>"})
    message = compose(mail, sender=SENDER, key=KEY, now=NOW)
    assert message["Message-ID"] == f"<{KEY}@desk.example>"
    assert message["Date"].datetime == NOW
    assert message["List-Unsubscribe"] == "<https://desk.example/u>"
    assert message["Subject"] == MAIL.subject
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert bytes(message).isascii()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: everybody@acme.example"},
        {"to": "kim@acme.example\nBcc: x@y.example"},
        {"to": "kim@acme.example, x@y.example"},
        {"to": "Kim"},
        {"to": "käthe@acme.example"},
        {"headers": {"X-Note": "a\nBcc: x@y.example"}},
        {"headers": {"To": "x@y.example"}},
        {"headers": {"Message-ID": "<another@desk.example>"}},
    ],
)
def test_no_text_becomes_a_header_or_another_recipient(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        compose(replace(MAIL, **changes), sender=SENDER, key=KEY, now=NOW)  # type: ignore[arg-type]


class Sealed:
    """A mail server with a certificate for 127.0.0.1, and one account."""

    def __init__(self, folder: Path) -> None:
        self.post = Post()
        own = certificate(folder, "127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own)
        self.controller = Controller(
            self.post,
            hostname="127.0.0.1",
            port=_free_port(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=lambda server, session, envelope, mechanism, data: AuthResult(
                success=data.login == b"me" and data.password == b"right", handled=False
            ),
        )
        self.trusting = ssl.create_default_context(cafile=str(own))

    def mailer(self, tls: ssl.SSLContext | None = None, *, known: bool = True) -> Mailer:
        password = "right" if known else "wrong-one"
        server = SmtpServer(
            host="127.0.0.1", port=self.controller.port, security=STARTTLS, user="me", password=password
        )
        return Mailer(server=server, sender=SENDER, tls=tls)


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Sealed]:
    made = Sealed(tmp_path)
    made.controller.start()
    yield made
    made.controller.stop()


def test_mail_goes_out_encrypted_and_signed_in(sealed: Sealed) -> None:
    receipt = sealed.mailer(sealed.trusting).send(MAIL, key=KEY, now=NOW)
    assert (receipt.applied, receipt.status, len(sealed.post.taken)) == (True, 250, 1)
    assert KEY in receipt.evidence


def test_a_strange_certificate_gets_no_password(sealed: Sealed) -> None:
    with pytest.raises(Unavailable, match="certificate"):
        sealed.mailer().send(MAIL, key=KEY, now=NOW)


def test_a_refused_password_is_said_without_it(sealed: Sealed) -> None:
    with pytest.raises(Rejected, match="DESKHAND_SMTP_URL") as caught:
        sealed.mailer(sealed.trusting, known=False).send(MAIL, key=KEY, now=NOW)
    assert "wrong-one" not in str(caught.value)
    assert sealed.post.taken == []


def test_a_server_without_encryption_gets_nothing() -> None:
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        server = SmtpServer(host="127.0.0.1", port=controller.port, security=STARTTLS, user="me", password="pw")
        with pytest.raises(Rejected, match="no encryption"):
            Mailer(server=server, sender=SENDER).send(MAIL, key=KEY, now=NOW)
    finally:
        controller.stop()
    assert (post.asked, post.taken) == (0, [])


def test_a_server_that_says_nothing_is_waited_for_a_moment_only() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []
    threading.Thread(target=lambda: held.append(silent.accept()[0]), daemon=True).start()
    server = SmtpServer(host="127.0.0.1", port=silent.getsockname()[1], security=PLAIN)
    with pytest.raises(Unavailable, match="nothing was sent"):
        Mailer(server=server, sender=SENDER, step_s=0.2).send(MAIL, key=KEY, now=NOW)
    silent.close()
    for each in held:
        each.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
