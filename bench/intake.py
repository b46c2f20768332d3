"""How fast signed webhooks are taken in, against the floor: the same server doing only verify + one durable insert.

The two are measured in turns of a second, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests

from app.bootstrap import build
from app.processes import Program, Supervisor
from app.rehearsal import free_port
from app.settings import Settings
from connectors import registry
from connectors.store.schema import EPOCH
from connectors.store.tenants import WEBHOOK_SECRET, NewTenant

CONNECTIONS = 8
SECRET = "bench-signing-secret"  # noqa: S105
TURN_S = 1.0


@dataclass
class Tally:
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    took_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.took_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def deliveries(path: str, host: str, numbers: Iterator[int]) -> Iterator[bytes]:
    """Whole signed requests, each a new event."""
    while True:
        number = next(numbers)
        yield delivery(path, host, SECRET, number=number, ticket_id=str(number))


def delivery(path: str, host: str, secret: str, *, number: int, ticket_id: str) -> bytes:
    """One whole request as the helpdesk signs it; `number` makes it an event of its own."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = json.dumps({"ticket_id": ticket_id, "event": "created", "actor_id": "1"}).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest())
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Zendesk-Webhook-Id: 01BENCH\r\n"
        f"X-Zendesk-Webhook-Invocation-Id: bench-{number}\r\n"
        f"X-Zendesk-Webhook-Signature-Timestamp: {stamp}\r\n"
        f"X-Zendesk-Webhook-Signature: {signature.decode()}\r\n\r\n"
    ).encode() + body


def read_answer(connection: socket.socket) -> bytes:
    """One whole answer, however many packets it takes."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
    while len(body) < length:
        body += _more(connection)
    return head


def _more(connection: socket.socket) -> bytes:
    packet = connection.recv(65536)
    if not packet:
        raise ConnectionError("the server closed the connection")
    return packet


def turn(url: str, numbers: Iterator[int], tally: Tally, lock: threading.Lock) -> None:
    """Send from every connection for one turn."""
    parts = urlsplit(url)
    ends = time.perf_counter() + TURN_S

    def send() -> None:
        requests_ = deliveries(parts.path, parts.netloc, numbers)
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < ends:
                request = next(requests_)
                began = time.perf_counter()
                connection.sendall(request)
                answer = read_answer(connection)
                took = (time.perf_counter() - began) * 1000
                with lock:
                    tally.took_ms.append(took)
                    if answer.startswith(b"HTTP/1.1 200"):
                        tally.accepted += 1
                    else:
                        tally.refused += 1

    began = time.perf_counter()
    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.seconds += time.perf_counter() - began


def await_port(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


def measure(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        port, floor_port = free_port(), free_port()
        floor_db = f"{folder}/floor.sqlite3"
        env = {name: value for name, value in os.environ.items() if not name.startswith("DESKHAND_")} | {
            "DESKHAND_VAR": folder,
            "DESKHAND_PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder}/deskhand.sqlite3",
            "REDIS_URL": "",
            "BENCH_FLOOR_DB": floor_db,
            "BENCH_FLOOR_SECRET": SECRET,
        }
        deps = build(Settings.from_env(env))
        deps.store.database.migrate()
        vendor = next(iter(registry.VENDORS))
        tenant = NewTenant(
            id="bench", name="Bench", vendor=vendor, base_url="http://127.0.0.1:9", origin="http://127.0.0.1:9",
            account_id=None, actor_id="900", groups={}, fields={}, settings={},
            secrets={WEBHOOK_SECRET: SECRET},
        )  # fmt: skip
        deps.store.tenants.add(tenant, webhook_token="bench", now=deps.now())  # noqa: S106
        os.environ |= {"BENCH_FLOOR_DB": floor_db, "BENCH_FLOOR_SECRET": SECRET}
        from bench import floor

        floor.create(floor_db)
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:app.gunicorn"]
        web = Supervisor([Program("web", [*gunicorn, "app:create_app()"])], env=env, logs=Path(folder) / "log")
        floor_env = env | {"DESKHAND_PORT": str(floor_port)}
        floor_web = Supervisor([Program("floor", [*gunicorn, "bench.floor:app"])], env=floor_env, logs=Path(folder))
        web.start()
        floor_web.start()
        try:
            await_port(port)
            await_port(floor_port)
            requests.get(f"http://127.0.0.1:{port}/readyz", timeout=30).raise_for_status()
            url, floor_url = f"http://127.0.0.1:{port}/webhooks/{vendor}/bench", f"http://127.0.0.1:{floor_port}/"
            numbers, lock = itertools.count(1), threading.Lock()
            warm, ours, least = Tally(), Tally(), Tally()
            turn(url, numbers, warm, lock)
            turn(floor_url, numbers, Tally(), lock)
            for number in range(max(1, round(seconds))):
                turn(url, numbers, ours, lock)
                turn(floor_url, numbers, least, lock)
                print(f"second {number + 1}: {ours.accepted} against {least.accepted}", file=sys.stderr)
        finally:
            web.stop()
            floor_web.stop()
        stored = deps.store.deliveries.line(since=EPOCH).received.total
        deps.store.database.close()
    rate, floor_rate = ours.accepted / ours.seconds, least.accepted / least.seconds
    return {
        "requests_per_s": round(rate, 1),
        "p50_ms": round(statistics.median(ours.took_ms), 2),
        "p99_ms": round(ours.percentile(0.99), 2),
        "floor_requests_per_s": round(floor_rate, 1),
        "ratio": round(rate / floor_rate, 3),
        "stored": stored,
        "accepted": ours.accepted + warm.accepted,
        "refused": ours.refused + warm.refused,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.seconds)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<22} {value}")


if __name__ == "__main__":
    main()
