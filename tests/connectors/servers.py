"""Real sockets for what is not a helpdesk: an HTTP server and an SMTP server that fail as they are told."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANSWER, RESET_BEFORE, RESET_AFTER, SILENT = "answer", "reset before", "reset after", "silent"


@dataclass
class Taker:
    """Takes POSTs. `does` is what it does with the next ones, in turn; the last stays."""

    does: list[str] = field(default_factory=lambda: [ANSWER])
    status: int = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    bodies: list[Any] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of each."""
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def turn(self) -> str:
        return self.does.pop(0) if len(self.does) > 1 else self.does[0]


@contextmanager
def taker(certified: Path | None = None, **values: Any) -> Iterator[Taker]:
    told = Taker(**values)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
            told.bodies.append(json.loads(told.raw[-1]))
            told.hosts.append(self.headers["Host"])
            told.paths.append(self.path)
            told.sent.append(dict(self.headers))
            does = told.turn()
            if does == SILENT:
                told.released.wait(30)
            if does in (RESET_BEFORE, SILENT):
                return self.reset()
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body) + (100 if does == RESET_AFTER else 0)))
            self.end_headers()
            self.wfile.write(told.body)
            if does == RESET_AFTER:
                self.wfile.flush()
                self.reset()

        def reset(self) -> None:
            """End the connection by RST, as a process that dies or a firewall does."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def handle(self) -> None:
            with suppress(OSError, ValueError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certified is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certified)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    told.url = f"http{'' if certified is None else 's'}://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield told
    finally:
        told.released.set()
        server.shutdown()
        server.server_close()


@dataclass
class Post:
    """A mail server's mind. `dies` ends the connection once the message is in, without an answer."""

    dies: bool = False
    recipient_answer: str = "250 OK"
    data_answer: str = "250 Queued"
    taken: list[bytes] = field(default_factory=list)
    asked: int = 0
    url: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked += 1
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(bytes(envelope.content or b""))
        if self.dies:
            server.transport.abort()
        return self.data_answer


@contextmanager
def post_office(**values: Any) -> Iterator[Post]:
    told = Post(**values)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(told, hostname="127.0.0.1", port=port)
    controller.start()
    told.url = f"smtp://127.0.0.1:{port}"
    try:
        yield told
    finally:
        controller.stop()


def certificate(folder: Path, host: str) -> Path:
    """A key and a certificate for `host` that it signed for itself, in one file."""
    try:
        named: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        named = x509.DNSName(host)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([named]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "own.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
