"""How the receiver answers at a steady rate while the whole line works, with Redis up and with Redis down.

Requests leave at fixed times, whether or not earlier ones were answered; an answer's time counts from when its request
was due, so that a stall is seen by all that it held up.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from app.processes import Program, Supervisor
from app.rehearsal import Rehearsal
from app.settings import Settings
from bench.intake import await_port, delivery, read_answer
from connectors import redis_server
from connectors.encoder import prepare
from connectors.store.schema import EPOCH
from connectors.store.tenants import WEBHOOK_TOKEN
from jobs.clock import GRACE

CONNECTIONS = 16
TICKETS = 60
WARM_S = 5.0


@dataclass
class Tally:
    """Answers of one stretch of time."""

    took_ms: list[float] = field(default_factory=list)
    refused: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.took_ms)
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Load:
    """Signed events about known tickets, `rate` a second."""

    def __init__(self, rehearsal: Rehearsal, rate: float) -> None:
        store, tenant = rehearsal.deps.store, rehearsal.tenant
        connection = store.tenants.connection(tenant)
        self.path = f"/webhooks/{connection.vendor}/{store.tenants.secret(tenant, WEBHOOK_TOKEN)}"
        self.host = urlsplit(rehearsal.url).netloc
        self.address = ("127.0.0.1", rehearsal.port)
        self.secret = connection.webhook_secrets[0]
        self.tickets = sorted({str(effect["ticket_id"]) for effect in rehearsal.effects()})
        self.rate = rate
        self.numbers = itertools.count(1)

    def run(self, seconds: float) -> Tally:
        """Send for so long."""
        tally, lock = Tally(), threading.Lock()
        began = time.perf_counter() + 0.1
        due = iter([began + number / self.rate for number in range(round(seconds * self.rate))])
        threads = [threading.Thread(target=self._send, args=(due, tally, lock)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tally

    def _send(self, due: Iterator[float], tally: Tally, lock: threading.Lock) -> None:
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    at, number = next(due, None), next(self.numbers)
                if at is None:
                    return
                ticket = self.tickets[number % len(self.tickets)]
                request = delivery(self.path, self.host, self.secret, number=number, ticket_id=ticket)
                time.sleep(max(0.0, at - time.perf_counter()))
                connection.sendall(request)
                good = read_answer(connection).startswith(b"HTTP/1.1 200")
                took = (time.perf_counter() - at) * 1000
                with lock:
                    tally.took_ms.append(took)
                    tally.refused += not good


def measure(rate: float, seconds: float) -> dict[str, float]:
    models = Settings.from_env({}).models
    prepare(models)
    with tempfile.TemporaryDirectory() as folder:
        apart = Path(folder) / "apart"
        server = Supervisor([Program("redis", redis_server.command(apart))], env={}, logs=apart / "log")
        server.start()
        url = redis_server.url_for("", apart)
        await_port(int(urlsplit(url).port or 0))
        with Rehearsal(Path(folder) / "var", models=models, simulator=["--fast"], env={"REDIS_URL": url}) as rehearsal:
            rehearsal.helpdesk("POST", "arrivals", {"per_second": 20, "count": TICKETS})
            rehearsal.settle(tickets=TICKETS, within_s=120)
            load = Load(rehearsal, rate)
            warm = load.run(WARM_S)
            up = load.run(seconds)
            print(f"Redis up: p99 {up.percentile(0.99)} ms", file=sys.stderr)
            server.stop()
            warm_down = load.run(GRACE.total_seconds() + WARM_S)  # until the clock works by itself
            down = load.run(seconds)
            print(f"Redis down: p99 {down.percentile(0.99)} ms", file=sys.stderr)
            stored = rehearsal.deps.store.deliveries.line(since=EPOCH).received.total
    sent = [warm, up, warm_down, down]
    return {
        "rate": rate,
        "seconds": seconds,
        "up_p50_ms": up.percentile(0.5),
        "up_p99_ms": up.percentile(0.99),
        "down_p50_ms": down.percentile(0.5),
        "down_p99_ms": down.percentile(0.99),
        "ratio_p99": round(down.percentile(0.99) / up.percentile(0.99), 2),
        "change_p99_ms": warm_down.percentile(0.99),
        "non_2xx": sum(each.refused for each in sent),
        "answered": sum(len(each.took_ms) for each in sent),
        "stored": stored,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each of the two")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.rate, arguments.seconds)
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<14} {value}")


if __name__ == "__main__":
    main()
