"""What the words of a ticket say: cleaning, product area, severity, codes, and that no text can break it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.tickets import taxonomy, ticket
from triage.metadata import READ_LIMIT, TEXT_LIMIT, Metadata, clean, extract
from triage.tickets import Priority

TAXONOMY = taxonomy()
WARM = "The tables of terms and the recogniser of languages are made once, at the first use."


def read(subject: str = "", body: str = "") -> Metadata:
    return extract(ticket(subject, body), TAXONOMY)


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("It hangs.\n\nBest regards,\nAnn\nAcme", "It hangs."),
        ("It hangs.\nThanks\nAnn\nPS: only in Safari", "It hangs.\nPS: only in Safari"),
        ("It hangs.\n--\nAnn Smith\n" + "x" * 200, "It hangs."),
        ("It hangs.\n\nSent from my iPhone", "It hangs."),
        ("It hangs.\nThis e-mail is confidential and intended for Bob.\n" + "More law. " * 50, "It hangs."),
        ("Thanks\nit works again", "Thanks\nit works again"),
        ("Still broken.\n\nOn Tue, 3 Nov, Bob <b@x.example> wrote:\n> try again\n> please", "Still broken."),
        ("Still broken.\n\nOn Tue, 3 Nov 2026 at 10:00, Bob Longname\n<b@x.example> wrote:\n> old", "Still broken."),
        ("Noch kaputt.\n\nAm 3.11.2026 um 10:00 schrieb Bob:\nalt\nälter", "Noch kaputt."),
        ("Bob wrote:\n> Which version?\n4.6\n> Which browser?\nFirefox", "Bob wrote:\n4.6\nFirefox"),
        (
            "We have seen this again since the update on Monday.\n-----Original Message-----\nFrom: a\nold",
            "We have seen this again since the update on Monday.",
        ),
        ("FYI\n---------- Forwarded message ---------\nFrom: A\nDate: B\nSubject: C\n\nIt hangs.", "FYI\n\nIt hangs."),
        ("See below\nFrom: A\nSent: B\nTo: C\nSubject: D\nIt hangs.", "See below\nIt hangs."),
        (">>> import fieldline\nImportError", ">>> import fieldline\nImportError"),
        ("> only\n> quoted", "only\nquoted"),
        ("- the export hangs\n- the import too", "- the export hangs\n- the import too"),
    ],
)
def test_keeps_what_the_requester_wrote(body: str, written: str) -> None:
    assert clean("", body)[1] == written


def test_a_log_is_shortened_not_lost() -> None:
    log = "\n".join(f"2026-11-03 10:00:{second:02d} worker failed" for second in range(50))
    text = clean("Crash", f"It fails:\n{log}\nPlease help")[1]
    assert "10:00:05" in text
    assert "10:00:30" not in text
    assert text.endswith("Please help")


@pytest.mark.parametrize(
    ("subject", "body", "text"),
    [
        ("Re: AW: [EXTERNAL] FW: It hangs", "Since noon.", "It hangs\nSince noon."),
        ("It hangs", "It hangs since noon.", "It hangs since noon."),
        ("", "", ""),
        ("Only\u200b a \x00subject", "", "Only a subject"),
        ("", "\ud800 lone", "? lone"),
        ("", "one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
def test_text_is_subject_and_body(subject: str, body: str, text: str) -> None:
    assert clean(subject, body)[1] == text


@pytest.mark.parametrize(
    ("body", "area"),
    [
        ("The webhook stopped. No webhook since noon.", "integrations"),
        ("The webhook stopped.", None),
        ("The webhook stopped, event delivery is dead.", "integrations"),
        ("WEBHOOKS and webhook: all gone", "integrations"),
        ("slow button, slow screen", None),
        ("event. delivery of goods", None),
        ("nothing of note", None),
    ],
)
def test_area_needs_clear_words(body: str, area: str | None) -> None:
    assert read("", body).area == area


def test_area_scores_share_a_term_among_areas_and_count_the_subject_twice() -> None:
    assert read("sync", "hello").area_scores == (("app", 1.0), ("integrations", 1.0))
    assert read("", "nothing").area_scores == ()
    assert read("", "webhook").area is None


@pytest.mark.parametrize(
    ("body", "level", "phrases"),
    [
        ("This is urgent!", Priority.P2, ("urgent",)),
        ("This is not urgent.", None, ()),
        ("It isn’t that urgent", None, ()),
        ("Non-urgent: the colour", None, ()),
        ("to avoid any data loss", None, ()),
        ("It does not work, urgent", Priority.P2, ("urgent",)),
        ("Urgent. ALL  users affected", Priority.P1, ("ALL  users affected", "Urgent")),
        ("we can’t work before go live", Priority.P2, ("can’t work", "go live")),
        ("urgently", None, ()),
    ],
)
def test_severity_phrases_are_verbatim_and_respect_not(
    body: str, level: Priority | None, phrases: tuple[str, ...]
) -> None:
    found = read("", body)
    assert found.severity is level
    assert found.severity_phrases == phrases


def test_codes_and_account_hints() -> None:
    body = (
        "Error code: 5012, AADSTS50011, ERR_SSL_PROTOCOL, HTTP 503, 0x80070057. Invoice INV-20231, ISO27001.\n"
        "Our account id: AC-10442, ask ann@ops.kestrel.example"
    )
    found = read("", body)
    assert found.error_codes == ("5012", "AADSTS50011", "ERR_SSL_PROTOCOL", "503", "0x80070057")
    assert found.account_hints == ("ac-10442", "ops.kestrel.example")


@given(st.text(max_size=300), st.text(max_size=2_000))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(subject: str, body: str) -> None:
    found = read(subject, body)
    assert len(found.text) <= TEXT_LIMIT
    assert all(phrase in found.text for phrase in found.severity_phrases)
    assert found == read(subject, body)
    found.text.encode()


PARTS = ["> ", "On Tue wrote:", "\n", "--\n", "From: a\n", "Thanks,", "urgent", "not ", "webhook", "FW:", "a@b.c", "’"]


@given(st.lists(st.sampled_from(PARTS), max_size=60).map("".join))
@settings(max_examples=200, deadline=None)
def test_any_mail_shape_is_read(body: str) -> None:
    text = read("Re: x", body).text
    if any(letter.isalnum() for letter in body.replace("FW:", "")):
        assert text


@pytest.mark.parametrize(
    "body",
    [
        "x",
        " ",
        "\n",
        "> ",
        "From: ",
        "From: a\n",
        "On ",
        "a@",
        ".",
        "not ",
        "account ",
        "A_",
        "urgent ",
        "\ud800",
        "-",
        "é",
        "'a",
        "(",
        "0x",
        "at a",
        "This message ",
        "# ",
        "https://a.b/",
        "https://a.b/?a=b&",
        "1.",
        "1.2.3 ",
        "v1 ",
        "by ",
        "by Friday ",
        "within 2 ",
        "go-live ",
        "all users ",
        "of our ",
        "12 of our 40 ",
        "nobody ",
        "order #1 ",
        "production ",
        "in production ",
        "windows 1",
        "HTTP 5",
        "returns 500 ",
        "Error",
        "&lt;",
        "img!",
        "&amp;amp;",
        "[image: ",
        "a.png ",
        "\u0300\u0316",
        "\u200b",
        "😀",
        "ERR_",
        "2026-11-03 a\n",
        "x\n\n",
    ],
)
def test_a_megabyte_takes_no_time(body: str) -> None:
    huge = ticket(body * 500, body * (1_000_000 // len(body)))
    read("", WARM)
    started = time.process_time()
    extract(huge, TAXONOMY)
    assert time.process_time() - started < 1, "measured 0.1 s; a rule of quadratic cost takes minutes"


def test_reads_no_further_than_the_limit() -> None:
    assert "urgent" not in read("", "x " * READ_LIMIT + "urgent").text
