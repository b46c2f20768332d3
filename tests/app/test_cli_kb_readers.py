"""What `deskhand kb deflection` says."""

from __future__ import annotations

from app.cli_kb_readers import said
from triage.deflection import Deflection


def counts(**more: int) -> Deflection:
    given = {"people": 80, "undecided": 5, "read": 40, "read_quiet": 31, "unread": 29, "unread_quiet": 9}
    return Deflection(**(given | more))


def test_few_people_have_no_percentage() -> None:
    text = "\n".join(said(counts(), 28))
    assert "31 of 40 (78 %)" in text
    assert "9 of 29 wrote" in text
    assert "Neither proves" in text


def test_nobody_is_told_what_to_do() -> None:
    assert "docs/intake.md" in said(counts(people=0), 28)[0]
