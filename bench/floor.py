"""The least a durable receiver can do: verify the signature, insert one row, commit, answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any

_local = threading.local()
_PATH = os.environ["BENCH_FLOOR_DB"]
_SECRET = os.environ["BENCH_FLOOR_SECRET"].encode()
_INSERT = "INSERT INTO inbox (dedup_key, raw) VALUES (?, ?) ON CONFLICT DO NOTHING"


def create(path: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, dedup_key TEXT UNIQUE, raw BLOB)")


def _connection() -> sqlite3.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(_PATH, isolation_level=None)
        for pragma in ("busy_timeout=2000", "journal_mode=WAL", "synchronous=FULL"):
            _local.connection.execute(f"PRAGMA {pragma}")
    connection: sqlite3.Connection = _local.connection
    return connection


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    timestamp = environ["HTTP_X_ZENDESK_WEBHOOK_SIGNATURE_TIMESTAMP"].encode()
    wanted = base64.b64encode(hmac.new(_SECRET, timestamp + body, hashlib.sha256).digest())
    if not hmac.compare_digest(wanted, environ["HTTP_X_ZENDESK_WEBHOOK_SIGNATURE"].encode()):
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    connection = _connection()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_INSERT, (environ["HTTP_X_ZENDESK_WEBHOOK_INVOCATION_ID"], body))
    connection.execute("COMMIT")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"stored\n"]
