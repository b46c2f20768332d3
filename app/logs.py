"""Structured logs: one line an event, only ids and counts, never what a customer wrote.

What may come out is an allow-list, because nobody can list everything that must not:

* of our own loggers the text, with numbers, with words that hold no space and look like no address or secret, and
  with what its writer marked as a `Sentence` of ours;
* of libraries from WARNING on the text with numbers only, because their arguments are URLs, payloads and values; a
  text without arguments may have been put together from such, so only the line that wrote it is named;
* of an error its type and where it was raised, never its message: messages quote what they could not read.
"""

from __future__ import annotations

import copy
import logging
import re
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

OURS = ("deskhand", "app", "connectors", "jobs", "sidebar_app", "triage", "__main__")
LONGEST_WORD = 100
HIDDEN = "[...]"
CHATTY = ("alembic", "urllib3", "werkzeug")
"""Libraries that would make a record, which nobody sees, for each request."""
ROOT = Path(__file__).parent.parent
_TELLING = re.compile(
    r"""[^\s@?]+\?[^\s]* | [^\s]+@[^\s]+   # a query, a mail address or a user in a URL
      | \b(?=\w*\d)(?=\w*[A-Za-z])\w{20,}\b   # a token or a key
      | /webhooks/\S+ """,
    re.VERBOSE,
)


class Sentence(str):
    """A text of ours that quotes nothing that came from outside, such as why a signature was refused."""


def configure(level: str) -> None:
    """Send every logger of this process to stderr as `key=value` lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(logging.Logger.manager.loggerDict):
        if not _is_ours(name):
            # Some libraries bring a handler of their own.
            logger = logging.getLogger(name)
            logger.handlers[:] = []
            logger.propagate = True
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    handler.addFilter(lambda record: _is_ours(record.name) or record.levelno >= logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # it would print the arguments of a record that cannot be formatted


def tell_uncaught() -> None:
    """Log what ends a process or a thread in the same form; Python would print its message."""
    sys.excepthook = _uncaught
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def without_texts(error: BaseException | None) -> str:
    """An error as its type and the calls that led to it, the cause first: `ValueError at jobs/plan.py:12 in plan`."""
    told: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        calls = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{_short(call.filename)}:{call.lineno} in {call.name}" for call in reversed(calls))
        told.append(f"{type(error).__name__} at {where}" if where else type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "; then ".join(reversed(told))


class _Lines(structlog.stdlib.ProcessorFormatter):
    """`key=value` lines of records of which nothing is left but what may be told."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _add_error,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"]),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        told = copy.copy(record)
        told.msg, told.args = _told(record), ()
        told.exc_info = told.exc_text = told.stack_info = None
        error = record.exc_info[1] if record.exc_info else None
        told.told_error = without_texts(error) if error else ""
        return super().format(told)


def _add_error(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if error := event["_record"].told_error:
        event["error"] = error
    return event


def _told(record: logging.LogRecord) -> str:
    ours = _is_ours(record.name)
    if not record.args and not ours:
        return f"written by {_short(record.pathname)}:{record.lineno}"
    text = str(record.msg)
    if record.args:
        given = record.args if isinstance(record.args, tuple) else (record.args,)
        try:
            text %= tuple(_argument(each, ours) for each in given)
        except (TypeError, ValueError):
            text = f"{text} (with arguments that do not fit)"
    return _TELLING.sub(HIDDEN, text.replace("\n", " "))


def _argument(value: object, ours: bool) -> object:
    """The value if it tells nothing about anybody, else `HIDDEN`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if ours and isinstance(value, Sentence):
        return str(value)
    if isinstance(value, BaseException):
        return type(value).__name__
    word = str(value) if ours else ""
    return word if word and len(word) <= LONGEST_WORD and not any(letter.isspace() for letter in word) else HIDDEN


def _is_ours(name: str) -> bool:
    return name.split(".")[0] in OURS


def _short(path: str) -> str:
    """Where in our folder, else the library's file and the folder it lies in."""
    whole = Path(path)
    return (
        str(whole.relative_to(ROOT))
        if whole.is_relative_to(ROOT) and ".venv" not in path
        else "/".join(whole.parts[-2:])
    )


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("deskhand").critical("nobody caught this", exc_info=error or kind())
