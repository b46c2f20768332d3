"""A mail in its parts, and tickets in which there is nothing to read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.text import LOG_RUN_KEPT, READ_LIMIT, prepare

MAIL = """Hello,

the sync fails since noon:

Traceback (most recent call last):
  File "sync.py", line 41, in <module>
    run()
fieldline.ApiError: 400

Best regards,
Ann Smith
Acme, +49 30 1234567

On Tue, 3 Nov, Bob <b@x.example> wrote:
> which version?
> and since when?
"""


def test_the_parts_of_a_mail_are_kept_apart() -> None:
    parts = prepare("Re: Sync", MAIL, ["log.txt"])
    assert parts.subject == "Sync"
    assert parts.text.startswith("Sync\nHello,\n\nthe sync fails since noon:\n\nTraceback")
    assert parts.text.endswith("fieldline.ApiError: 400")
    assert parts.signature == "Best regards,\nAnn Smith\nAcme, +49 30 1234567"
    assert parts.quoted == "On Tue, 3 Nov, Bob <b@x.example> wrote:\nwhich version?\nand since when?"
    assert parts.logs.splitlines() == [
        "Traceback (most recent call last):",
        '  File "sync.py", line 41, in <module>',
        "    run()",
        "fieldline.ApiError: 400",
    ]
    assert parts.attachments == ("log.txt",)
    assert parts.unreadable is None


def test_all_of_a_long_log_is_in_the_logs_and_its_head_in_the_text() -> None:
    log = [f"2026-11-03 10:00:{second:02d} worker failed" for second in range(50)]
    parts = prepare("Crash", "It fails:\n" + "\n".join(log) + "\nPlease help")
    assert parts.logs.splitlines() == log
    assert sum(line in parts.text for line in log) == LOG_RUN_KEPT


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ("Still broken.\n\nAm 3.11.2026 um 10:00 schrieb Bob:\nalt\nälter", "alt\nälter"),
        ("It has been broken since Monday for all of us here.\n-----Original Message-----\nFrom: a\nold", "old"),
        ("FYI\n---------- Forwarded message ---------\nFrom: A\nDate: B\nSubject: C\n\nIt hangs.", "Subject: C"),
        ("Bob wrote:\n> Which version?\n4.6\n> Which browser?\nFirefox", "Which version?\nWhich browser?"),
    ],
)
def test_the_thread_is_kept(body: str, quoted: str) -> None:
    parts = prepare("", body)
    assert parts.quoted.endswith(quoted)
    assert quoted not in parts.text


def test_a_postscript_is_not_part_of_the_signature() -> None:
    parts = prepare("", "It hangs.\nThanks\nAnn\nPS: only in Safari")
    assert parts.signature == "Thanks\nAnn"
    assert parts.text == "It hangs.\nPS: only in Safari"


NOTHING = "There is nothing to read: "


@pytest.mark.parametrize(
    ("subject", "body", "files", "why"),
    [
        ("", "", [], "subject and text are empty."),
        (" ", "\n\n", [], "subject and text are empty."),
        ("(no subject)", "", [], "subject and text are empty."),
        ("", "\u200b\u200d\ufeff\u2060\u3164", [], "subject and text are empty."),
        ("", "\x00\x01\x02\x7f", [], "subject and text are empty."),
        ("", "", ["photo.png"], "only an image (photo.png)."),
        ("IMG_0412", "", ["IMG_0412.HEIC"], "only an image (IMG_0412.HEIC)."),
        ("", "[image: image001.png]", [], "only an image."),
        ("", "Screenshot 2026-11-03 at 10.00.00.png", [], "only an image."),
        ("contract.pdf", "", [], "only the name of a file."),
        ("Screenshot", "![](https://x.example/a.png)", [], "only an image."),
        ("", "<image001.png>", ["image001.png", "a.pdf"], "only an attachment (image001.png, a.pdf)."),
        ("", "", list("abcde"), "only an attachment (a, b, c and 2 more)."),
        ("Re:", "Best regards,\nAnn Smith\nAcme Ltd\n+49 30 1234567", [], "only a signature."),
        ("", "--\nAnn Smith\nHead of IT", ["logo.png"], "only a signature."),
        ("", "Sent from my iPhone", [], "only a signature."),
        ("", "Ann Smith\nAcme Ltd\nTel: +49 30 1234567\nann@acme.example", [], "only a signature."),
        ("", "😀🎉👍🏽 🇩🇪 👨‍👩‍👧", [], "only signs or numbers, no words."),
        ("???", "12345 !!! ---", [], "only signs or numbers, no words."),
        ("", "&nbsp;&nbsp;&lt;br&gt;&amp;nbsp;&#8203;&hellip;", [], "only signs or numbers, no words."),
        ("", "\ufffd\ufffd\ufffd \udce4\udcf6", [], "the text could not be decoded."),
        ("", "\ufffd\ufffd\ufffd\ufffd ab \udce4\udcf6\udcfc", [], "most of the text could not be decoded."),
    ],
)
def test_nothing_to_read_says_why(subject: str, body: str, files: list[str], why: str) -> None:
    assert prepare(subject, body, files).unreadable == NOTHING + why


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Login broken", ""),
        ("", "help"),
        ("Login broken", "Best regards,\nAnn Smith"),
        ("", "Thanks\nit works again"),
        ("", "Ann Smith\ncannot sign in\nTel: +49 30 1234567\nann@acme.example"),
        ("", "Ann Smith\nI cannot sign in.\nTel: +49 30 1234567\nann@acme.example"),
        ("", "Best regards are missing on the invoice, please add them again for us."),
        ("", "see screenshot.png, the button is grey"),
        ("", "cannot log in see error.png"),
        ("", "cannot print report.pdf"),
        ("", "ログインできない"),
        ("", "> only\n> quoted"),
        ("", "Gr\ufffd\ufffde, die Rechnung fehlt"),
        ("", "😀 thanks, closed"),
        ("Screenshot tool broken", ""),
    ],
)
def test_a_few_words_can_be_read(subject: str, body: str) -> None:
    assert prepare(subject, body).unreadable is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("&lt;p&gt;The export&nbsp;hangs &amp;amp; stops.&lt;/p&gt;", "The export\xa0hangs & stops."),
        ("Our report shows &amp; instead of &", "Our report shows &amp; instead of &"),
        ("a=1&copy=2&lt=3&gt=4", "a=1&copy=2&lt=3&gt=4"),
        ("&nosuch; &nosuch; &nosuch;", "&nosuch; &nosuch; &nosuch;"),
        ("fine\x00 with\x0b control\x1b[31m characters", "fine  with  control [31m characters"),
        ("zero\u200bwidth\u00ad and \u202eturned", "zerowidth and turned"),
        ("lone \ud800 half", "lone ? half"),
    ],
)
def test_damaged_text_is_made_legible(body: str, text: str) -> None:
    assert prepare("", body).text == text


@given(st.text(max_size=100), st.text(max_size=1_500), st.lists(st.text(max_size=20), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_mail_comes_apart(subject: str, body: str, files: list[str]) -> None:
    parts = prepare(subject, body, files)
    for piece in (parts.subject, parts.text, parts.quoted, parts.signature, parts.logs, *parts.attachments):
        piece.encode()
    if parts.unreadable is None:
        assert any(letter.isalpha() for letter in parts.text)


def test_no_more_than_the_limit_is_looked_at() -> None:
    parts = prepare("", "x\n> quoted words\n" * 100_000)
    assert len(parts.quoted) < READ_LIMIT
