"""Nothing that somebody wrote, and no secret, comes out of a log: neither of ours nor of a library's."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

from app.logs import Sentence, configure, without_texts
from tests.conftest import ROOT

MAIL, QUERY, SECRET = (
    "nadja@kanarienvogel.example",
    "https://a.example/x?email=kanarienvogel",
    "kanarienvogel0123456789",
)
FREE = "Dear team, kanarienvogel is broken"
LIBRARIES = ("urllib3.connectionpool", "rq.worker", "gunicorn.error", "sqlalchemy.engine", "werkzeug", "zenpy.lib.api")


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process would write to stderr, at the most talkative level; logging is as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure("DEBUG")
    yield written
    root.handlers[:], root.level, logging.raiseExceptions = before
    logging.captureWarnings(False)


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR])
def test_a_librarys_words_do_not_come_out(
    out: io.StringIO, request: pytest.FixtureRequest, name: str, level: int
) -> None:
    logger = logging.getLogger(name)
    request.addfinalizer(lambda before=logger.level: logger.setLevel(before))  # type: ignore[misc]
    logger.setLevel(logging.DEBUG)
    for given in (MAIL, QUERY, SECRET, FREE, {"subject": FREE}, [FREE], ValueError(FREE)):
        logger.log(level, "pool %s of %d failed", given, 3)
        logger.log(level, f"pool {given} failed")
        logger.log(level, given)
        logger.log(level, "%(a)s", {"a": given})
        logger.log(level, "too few %s %s", given)
    text = out.getvalue()
    assert "kanarienvogel" not in text
    assert ("of 3 failed" in text) == (level >= logging.WARNING)


def test_our_words_come_out_and_what_others_wrote_does_not(out: io.StringIO) -> None:
    log = logging.getLogger("deskhand.jobs")
    log.info("%s %s: %s", "inbox", 17, "OutcomeUnknown")
    log.warning("refused a delivery for %s: %s", "zendesk-acme", Sentence("the time stamp is too old"))
    for given in (MAIL, QUERY, SECRET, FREE, "kanarienvogel" * 20, ValueError("kanarienvogel"), {"a": FREE}):
        log.warning("given %s", given)
    text = out.getvalue()
    assert "inbox 17: OutcomeUnknown" in text
    assert "zendesk-acme: the time stamp is too old" in text
    assert "given ValueError" in text
    assert "kanarienvogel" not in text


@pytest.mark.parametrize("name", ["deskhand.jobs", "rq.worker"])
def test_of_an_error_only_types_and_places_come_out(out: io.StringIO, name: str) -> None:
    try:
        try:
            raise KeyError(FREE)
        except KeyError as error:
            raise ValueError(MAIL) from error
    except ValueError:
        logging.getLogger(name).exception("it failed", stack_info=True)
    text = out.getvalue()
    assert "kanarienvogel" not in text
    assert "KeyError at tests/app/test_logs.py:" in text
    assert "ValueError at tests/app/test_logs.py:" in text
    assert text.count("\n") == 1


def test_an_error_that_is_its_own_cause_ends() -> None:
    error, other = ValueError("a"), TypeError("b")
    error.__cause__, other.__cause__ = other, error
    assert without_texts(error) == "TypeError; then ValueError"


def test_a_warning_does_not_quote(out: io.StringIO) -> None:
    warnings.warn(FREE, stacklevel=1)
    assert "kanarienvogel" not in out.getvalue()
    assert "py.warnings" in out.getvalue()


def test_what_nobody_caught_is_told_without_its_text() -> None:
    code = (
        "import threading; from app.logs import configure, tell_uncaught; configure('DEBUG'); tell_uncaught()\n"
        "def fail(): raise ValueError('kanarienvogel')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join(); fail()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert done.stderr.count("ValueError at <string>:2 in fail") == 2
    assert "kanarienvogel" not in done.stderr + done.stdout
