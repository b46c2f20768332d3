"""What is found in sentences written for it: every kind, with the number of wrong and missed ones."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.tickets import taxonomy, ticket
from triage.metadata import Kind, Part, extract

TAXONOMY = taxonomy()
SENTENCES = Path(__file__).with_name("found_sentences.txt")
Case = tuple[str, tuple[str, ...]]


def cases() -> dict[Kind, list[Case]]:
    """Kind to its sentences with the values that stand in each."""
    read: dict[Kind, list[Case]] = defaultdict(list)
    kind = Kind.VERSION
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = Kind(line.strip("[]"))
        elif "<-" in line and not line.startswith("#"):
            values, sentence = line.split("<-", 1)
            read[kind].append((sentence.strip(), tuple(value.strip() for value in values.split(";") if value.strip())))
    return read


def found_in(sentence: str, kind: Kind) -> tuple[str, ...]:
    found = extract(ticket("", sentence), TAXONOMY).found
    return tuple(one.value for one in found if one.kind is kind and one.part is Part.TEXT)


def counted(kind: Kind) -> tuple[int, int, int, list[str]]:
    """Right, wrong and missed findings in the sentences of one kind, and which sentences those are."""
    right = wrong = missed = 0
    off: list[str] = []
    for sentence, expected in cases()[kind]:
        got = set(found_in(sentence, kind))
        right += len(got & set(expected))
        wrong += len(got - set(expected))
        missed += len(set(expected) - got)
        if got != set(expected):
            off.append(f"{sentence} -> {sorted(got)}, not {sorted(expected)}")
    return right, wrong, missed, off


@pytest.mark.parametrize("kind", cases(), ids=lambda kind: kind.value)
def test_sentences_are_read_as_a_person_would(kind: Kind) -> None:
    right, wrong, missed, off = counted(kind)
    assert right / (right + wrong) >= 0.9, off
    assert right / (right + missed) >= 0.9, off


def test_every_finding_is_verbatim_at_its_place() -> None:
    text = " ".join(sentence for known in cases().values() for sentence, _ in known)
    for body in (text[at : at + 1_500] for at in range(0, len(text), 1_500)):
        metadata = extract(ticket("Urgent: webhook outage", body), TAXONOMY)
        assert metadata.found
        for one in metadata.found:
            assert one.part is Part.TEXT
            assert metadata.text[one.start : one.end] == one.text != ""


def test_findings_say_which_part_of_the_mail_they_are_in() -> None:
    body = (
        "The sync fails.\n2026-11-03 10:00:00 ERROR E4412 in client 4.6.1\n2026-11-03 10:00:01 TypeError: x\n"
        "Regards\nAnn\nann@acme.example\n\nOn Mon, Bob wrote:\n> Is it invoice INV-77 of bob@desk.example?"
    )
    found = extract(ticket("", body), TAXONOMY)
    places = {(one.kind, one.value): one.part for one in found.found}
    assert places[Kind.MAIL_DOMAIN, "acme.example"] is Part.SIGNATURE
    assert places[Kind.MAIL_DOMAIN, "desk.example"] is Part.QUOTED
    assert places[Kind.ORDER, "INV-77"] is Part.QUOTED
    assert places[Kind.ERROR_CODE, "TypeError"] is Part.TEXT
    parts = {
        Part.TEXT: found.prepared.text,
        Part.SIGNATURE: found.prepared.signature,
        Part.QUOTED: found.prepared.quoted,
        Part.LOGS: found.prepared.logs,
    }
    assert all(parts[one.part][one.start : one.end] == one.text for one in found.found)


def test_what_stands_deep_in_a_log_is_found_there() -> None:
    log = "\n".join(f"2026-11-03 10:00:{second:02d} retry" for second in range(30))
    found = extract(ticket("", f"It fails\n{log}\n2026-11-03 10:01:00 ERR_POOL_EXHAUSTED"), TAXONOMY)
    assert [(one.value, one.part) for one in found.found if one.kind is Kind.ERROR_CODE] == [
        ("ERR_POOL_EXHAUSTED", Part.LOGS)
    ]


def test_severity_and_area_have_their_places() -> None:
    found = extract(ticket("Webhook gone", "It is urgent: event delivery stopped. Not urgent for Bob."), TAXONOMY)
    by_kind = {kind: [(one.value, one.text) for one in found.found if one.kind is kind] for kind in Kind}
    assert by_kind[Kind.SEVERITY] == [("P2", "urgent")]
    assert by_kind[Kind.AREA] == [("integrations", "Webhook"), ("integrations", "event delivery")]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("by Friday", "2026-11-20"),
        ("by Tuesday", "2026-11-17"),
        ("by next Friday", "2026-11-27"),
        ("by 8 am", ""),
        ("by 3/4/2027", ""),
        ("by 31 February", ""),
        ("by the end of the year", "2026-12-31"),
        ("by end of next month", "2026-12-31"),
        ("by 12/25/2026", "2026-12-25"),
        ("by 9999-12-31 midnight", ""),
        ("by 0000-00-00", ""),
        ("by 29 February 2027", ""),
    ],
)
def test_a_deadline_is_resolved_only_where_it_is_one_moment(said: str, value: str) -> None:
    found = [one for one in extract(ticket("", f"We need it {said}."), TAXONOMY).found if one.kind is Kind.DEADLINE]
    assert [(one.value, one.text) for one in found] == [(value, said)]


WHEN = [
    "by ",
    "before ",
    "we need it ",
    "within ",
    "9999-12-31",
    "31.12.",
    "99 ",
    "months",
    "weeks",
    "h ",
    "midnight",
    "0 ",
]
WHEN += ["29 Feb", " 2026", "next ", "Friday", "12 am", "24:00", "the 31st", "\u0663", " pm", "end of ", "quarter"]


@given(st.lists(st.sampled_from(WHEN), max_size=12).map("".join), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
@settings(max_examples=300, deadline=None)
def test_any_words_about_time_are_read(said: str, day: date) -> None:
    written = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    for one in extract(ticket("", said), TAXONOMY, written=written).found:
        assert one.kind is not Kind.DEADLINE or not one.value or datetime.fromisoformat(one.value).year >= 2000


def test_a_deadline_counts_from_the_writers_day() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    found = extract(ticket("", "We need it by tomorrow."), TAXONOMY, written=late)
    assert found.values(Kind.DEADLINE) == ("2026-11-21",)


@pytest.mark.parametrize("value", ["abc123", "hunter2secret", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"])
def test_a_secret_in_a_url_is_nowhere_in_the_finding(value: str) -> None:
    for url in (
        f"https://x.example/a?token={value}&page=2",
        f"https://ann:{value}@x.example/a",
        f"https://x.example/a#access_token={value}",
        f"https://x.example/cb?next=https://y.example/?key={value}",
    ):
        (one,) = (one for one in extract(ticket("", f"See {url} please"), TAXONOMY).found if one.kind is Kind.URL)
        assert value not in one.value
        assert value not in one.text
        assert one.value.startswith("https://x.example/")
