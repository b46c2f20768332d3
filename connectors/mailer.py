"""Mail by SMTP, one message to one person.

A failure answers whether the message may have been taken (RFC 5321, 4.2.5 and 6.1: it is the server's once it has
answered 250 to the data, and only then):

    Unavailable       before the data, or refused for now (4xx): not taken
    Rejected          refused for good (5xx): not taken
    OutcomeUnknown    the data was under way and no answer came

The key of the effect makes the Message-ID, by which a mailbox and a log know a repetition.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from connectors.base import Receipt
from connectors.errors import ConnectorError, OutcomeUnknown, Rejected, Unavailable
from triage.messages import SendMail

TLS, STARTTLS, PLAIN = "tls", "starttls", "plain"
PORTS = {TLS: 465, STARTTLS: 587, PLAIN: 25}
SHOWN = 300
WIRE = SMTP.clone(cte_type="7bit")
"""Refuses line breaks in headers, and sends nothing that a server without 8BITMIME cannot take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in. `security` is TLS, STARTTLS or, on this machine only, PLAIN."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> SmtpServer:
        """`smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS from the start); raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("must be an address such as smtp://user:password@mail.example:587.")
        here = parts.hostname in ("127.0.0.1", "localhost", "::1")
        security = TLS if parts.scheme == "smtps" else PLAIN if here else STARTTLS
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[security],
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """`sender` is `Name <address>` or an address. Each step may take `step_s`, the answer to the data `data_s`.

    `tls` takes the place of the usual certificate check.
    """

    server: SmtpServer
    sender: str
    step_s: float = 10.0
    data_s: float = 20.0
    before_data_s: float = 25.0
    tls: ssl.SSLContext | None = None

    def send(self, mail: SendMail, *, key: str, now: datetime) -> Receipt:
        """Hand the mail in; raises one of the errors named above."""
        message = compose(mail, sender=self.sender, key=key, now=now)
        began = time.monotonic()
        with _before_data(), self._connected() as smtp:
            _accepted("the sender", smtp.mail(check_sender(self.sender)), mail.to)
            _accepted("the recipient", smtp.rcpt(mail.to), mail.to)
            if time.monotonic() - began > self.before_data_s:
                raise Unavailable("the mail server is too slow; nothing was sent", operation="mail")
            assert smtp.sock is not None  # noqa: S101
            smtp.sock.settimeout(self.data_s)
            answer = _handed_in(smtp, message.as_bytes(policy=WIRE))
        _accepted("the message", answer, mail.to)
        said = answer[1].decode("utf-8", "replace").replace(mail.to, "…")[:SHOWN]
        return Receipt(applied=True, status=answer[0], evidence=f"{message['Message-ID']}: {said}")

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Greeted, encrypted and signed in; closed at the end whatever came of it."""
        server, tls = self.server, self.tls or ssl.create_default_context()
        if server.security == TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self.step_s, context=tls)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self.step_s)
        try:
            if server.security == STARTTLS:
                smtp.starttls(context=tls)
            if server.user:
                smtp.login(server.user, server.password)
            else:
                smtp.ehlo_or_helo_if_needed()
            yield smtp
        finally:
            with suppress(smtplib.SMTPException, OSError):
                smtp.close()


def check_sender(sender: str) -> str:
    """The address in `Name <address>`; raises ValueError."""
    address = parseaddr(sender)[1]
    try:
        if not Address(addr_spec=address).domain or not sender.isprintable():
            raise ValueError
        address.encode("ascii")
    except (ValueError, LookupError, MessageError):
        raise ValueError("must be a mail address, or a name and one: Support <support@company.example>.") from None
    return address


def compose(mail: SendMail, *, sender: str, key: str, now: datetime) -> EmailMessage:
    """The message; raises `Rejected` for what no mail can carry, such as a line break in a header."""
    address = check_sender(sender)
    message = EmailMessage(policy=WIRE)
    try:
        Address(addr_spec=mail.to).addr_spec.encode("ascii")
        message["From"] = sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{key}@{address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        for name, value in mail.headers.items():
            message[name] = value
    except (ValueError, LookupError, MessageError) as error:
        raise Rejected("The mail has an address or a header that cannot be sent.", operation="mail") from error
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


@contextmanager
def _before_data() -> Iterator[None]:
    """Nothing of the message has been sent yet, whatever fails in here; `_handed_in` raises its own."""
    try:
        yield
    except ConnectorError:
        raise
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected("The mail server offers no encryption, or no sign-in.", operation="mail") from error
    except smtplib.SMTPAuthenticationError as error:
        raise _refusal("the user name or password", error.smtp_code, b"see DESKHAND_SMTP_URL") from error
    except ssl.SSLCertVerificationError as error:
        raise Unavailable("the mail server's certificate is not valid; nothing was sent", operation="mail") from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        reason = type(error).__name__
        raise Unavailable(f"the mail server cannot be used ({reason}); nothing was sent", operation="mail") from error


def _handed_in(smtp: smtplib.SMTP, message: bytes) -> tuple[int, bytes]:
    """The answer to the whole message."""
    try:
        return smtp.data(message)
    except smtplib.SMTPDataError as error:
        said = error.smtp_error
        return error.smtp_code, said if isinstance(said, bytes) else said.encode()
    except Exception as error:
        reason = type(error).__name__
        raise OutcomeUnknown(f"the mail server did not answer the message ({reason})", operation="mail") from error


def _accepted(what: str, answer: tuple[int, bytes], recipient: str) -> None:
    code, said = answer
    if not 200 <= code < 300:
        raise _refusal(what, code, said.replace(recipient.encode(), b"the recipient"))


def _refusal(what: str, code: int, said: bytes) -> ConnectorError:
    text = f"The mail server refuses {what}: {code} {said.decode('utf-8', 'replace')[:SHOWN]}"
    return (Rejected if code >= 500 else Unavailable)(text, operation="mail", status=code)
