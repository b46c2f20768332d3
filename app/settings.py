"""Configuration from the environment, typed, in one place; every problem is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from connectors.mailer import SmtpServer, check_sender

T = TypeVar("T")
PREFIX = "DESKHAND_"
SEND, RECORD = "send", "record"
"""What becomes of mails, pages, posts and calls of webhooks: see `messages`."""


class SettingsError(Exception):
    """The environment cannot be used; `problems` names every variable and how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Settings:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything an install can set. `docs/settings.md` explains each field.

    Environment names are the field names in capitals with the prefix `DESKHAND_`, except the usual
    `DATABASE_URL` and `REDIS_URL`. A name ending in `_FILE` reads the value from that file.
    """

    var: Path
    models: Path
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    host: str
    port: int
    web_workers: int
    workers: int
    master_key: str = field(repr=False)
    lease_s: float
    sweep_s: float
    reconcile_s: float
    backup_s: float
    encoder_model: str
    smtp_url: str = field(repr=False)
    mail_from: str
    pager_url: str
    messages: str
    log_level: str
    metrics_token: str = field(repr=False)
    worker_memory_mb: int

    @property
    def secure_cookies(self) -> bool:
        """False only where the console is served over plain http on this machine."""
        return not self.public_url.startswith("http://")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read `env`; raises `SettingsError` with every problem found."""
        reader = _Reader(env)
        var = reader.read("VAR", "var", _path)
        port = reader.read("PORT", "8710", _port)
        host = reader.read("HOST", "127.0.0.1", str)
        values = {
            "var": var,
            "models": reader.read("MODELS", f"{var}/models", _path),
            "database_url": reader.read("DATABASE_URL", f"sqlite:///{var}/deskhand.sqlite3", _database_url, prefix=""),
            "redis_url": reader.read("REDIS_URL", "", _redis_url, prefix=""),
            "public_url": reader.read("PUBLIC_URL", f"http://{host}:{port}", _http_url),
            "host": host,
            "port": port,
            "web_workers": reader.read("WEB_WORKERS", "2", _count),
            "workers": reader.read("WORKERS", "1", _count),
            "master_key": reader.read("MASTER_KEY", "", str),
            "lease_s": reader.read("LEASE_S", "30", _seconds),
            "sweep_s": reader.read("SWEEP_S", "0.1", _seconds),
            "reconcile_s": reader.read("RECONCILE_S", "300", _seconds),
            "backup_s": reader.read("BACKUP_S", "3600", _seconds_or_never),
            "encoder_model": reader.read("ENCODER_MODEL", "", str),
            "smtp_url": reader.read("SMTP_URL", "", _smtp_url),
            "mail_from": reader.read("MAIL_FROM", "", _sender),
            "pager_url": reader.read("PAGER_URL", "https://events.pagerduty.com/v2/enqueue", _http_url),
            "messages": reader.read("MESSAGES", SEND, _messages),
            "log_level": reader.read("LOG_LEVEL", "INFO", _log_level),
            "metrics_token": reader.read("METRICS_TOKEN", "", _token),
            "worker_memory_mb": reader.read("WORKER_MEMORY_MB", "2048", _megabytes),
        }
        if values["smtp_url"] and not values["mail_from"]:
            reader.problems.append("DESKHAND_MAIL_FROM: must be set where DESKHAND_SMTP_URL is.")
        usual = {"DATABASE_URL", "REDIS_URL"}
        reader.refuse_unknown({field.name.upper() for field in fields(cls)} - usual)
        if reader.problems:
            raise SettingsError(reader.problems)
        return cls(**values)  # type: ignore[arg-type]


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def read(self, name: str, default: str, parse: Callable[[str], T], prefix: str = PREFIX) -> T:
        variable = prefix + name
        text = self.env.get(variable, "")
        file_variable = variable + "_FILE"
        if file_variable in self.env:
            if text:
                self.problems.append(f"{variable} and {file_variable} are both set: keep one.")
            try:
                text = Path(self.env[file_variable]).read_text(encoding="utf-8").strip()
            except OSError as error:
                self.problems.append(f"{file_variable}: cannot read the file ({error.strerror}).")
        try:
            return parse(text or default)
        except ValueError as error:
            self.problems.append(f"{variable}: {error}")
            return parse(default)

    def refuse_unknown(self, known: set[str]) -> None:
        """A misspelt variable would otherwise be silently without effect."""
        for variable in sorted(self.env):
            name = variable.removeprefix(PREFIX).removesuffix("_FILE")
            if variable.startswith(PREFIX) and name not in known:
                self.problems.append(f"{variable} is not a setting: see docs/settings.md for the names.")


def _path(text: str) -> Path:
    return Path(text).resolve()


def _port(text: str) -> int:
    number = _integer(text)
    if not 0 < number < 65536:
        raise ValueError("must be a port number, 1 to 65535.")
    return number


def _count(text: str) -> int:
    number = _integer(text)
    if not 1 <= number <= 64:
        raise ValueError("must be a whole number, 1 to 64.")
    return number


def _token(text: str) -> str:
    if text and (len(text) < 16 or not all("!" <= letter <= "~" for letter in text)):
        raise ValueError("must be at least 16 characters of ASCII without spaces.")
    return text


def _megabytes(text: str) -> int:
    number = _integer(text)
    if number and not 512 <= number <= 1_048_576:
        raise ValueError("must be 0 for no limit, or 512 to 1048576: the model alone takes some 400.")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number.") from None


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number of seconds.") from None
    if not 0 < number <= 86_400:
        raise ValueError("must be more than 0 and at most 86400 seconds.")
    return number


def _seconds_or_never(text: str) -> float:
    """0 is never."""
    return 0.0 if text.strip() == "0" else _seconds(text)


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://deskhand.example.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("must be https, except on 127.0.0.1 and localhost.")
    return text.rstrip("/")


def _smtp_url(text: str) -> str:
    if text:
        SmtpServer.from_url(text)
    return text


def _sender(text: str) -> str:
    if text:
        check_sender(text)
    return text


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("must start with sqlite:/// or postgresql+psycopg://.")
    return text


def _redis_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must start with redis://, rediss:// or unix://.")
    parts = urlsplit(text)
    if parts.scheme == "redis" and parts.hostname not in ("127.0.0.1", "localhost") and not parts.password:
        raise ValueError("a Redis on another machine needs a password: whoever writes to it runs our jobs.")
    return text


def _messages(text: str) -> str:
    if text not in (SEND, RECORD):
        raise ValueError(f"must be {SEND}, or {RECORD} to keep every message in a file instead of sending it.")
    return text


def _log_level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR.")
    return text.upper()
