"""How a text and a change are cut into pieces, and what is said of reviews and articles."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.admin.knowledge_text import MOST_BLOCKS, MOST_LINES, Block, DiffLine, blocks, diff_lines
from app.admin.knowledge_view import article, csv_rows, file_name, late, waits
from tests.app.admin.knowledge_fakes import DUE, NOW, TEXT, article_page, gap_page, rows
from triage.articles import ArticleVersion, changed_lines

NBSP = "\N{NO-BREAK SPACE}"


def test_a_text_is_cut_by_headings_lists_and_code() -> None:
    found, cut = blocks(TEXT)
    assert not cut
    assert found == (
        Block(kind="heading", level=2, lines=("Before you begin",)),
        Block(kind="text", lines=("You need the role Admin.", "It takes ten minutes.")),
        Block(kind="list", lines=("Open Settings", "Choose Security")),
        Block(kind="code", lines=('curl -H "Authorization: Bearer <token>"',)),
        Block(kind="heading", level=3, lines=("If it fails",)),
        Block(kind="text", lines=("AADSTS50011 means that the reply address differs.",)),
    )


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("\n\n", []),
        ("#hashtag\n# \nend", ["text"]),
        ("one\n- two\nthree", ["text", "list", "text"]),
        ("```\n# no heading\n- no list", ["code"]),
        ("```\n```", ["code"]),
        ("Role | Seats\nAdmin | one", ["table"]),
        ("Choose Settings | People", ["text"]),
        ("Role | Seats\nno cell", ["text"]),
        ("text\n# Heading\ntext", ["text", "heading", "text"]),
    ],
)
def test_odd_texts_lose_no_line(text: str, kinds: list[str]) -> None:
    found, _ = blocks(text)
    assert [each.kind for each in found] == kinds
    assert re.findall(r"\w+", " ".join(line for each in found for line in each.lines)) == re.findall(r"\w+", text)


def test_a_very_long_text_is_cut_and_says_so() -> None:
    found, cut = blocks("word\n\n" * (MOST_BLOCKS + 1))
    assert (len(found), cut) == (MOST_BLOCKS, True)
    lines, cut = diff_lines(["+word"] * (MOST_LINES + 1))
    assert (len(lines), cut) == (MOST_LINES, True)


def test_a_change_is_told_line_by_line() -> None:
    before = ArticleVersion(title="One", text="a\nb\nc\nd\ne\nf\ng\nh\ni", updated_at=NOW, replaced_at=NOW)
    lines, cut = diff_lines(changed_lines(before, "One", "A\nb\nc\nd\ne\nf\ng\nh\n-i"))
    assert not cut
    assert [each for each in lines if each.kind != "same"] == [
        DiffLine(kind="del", text="a"),
        DiffLine(kind="ins", text="A"),
        DiffLine(kind="gap", text=""),
        DiffLine(kind="del", text="i"),
        DiffLine(kind="ins", text="-i"),
    ]


def test_each_change_is_told_against_what_stood_there_next() -> None:
    page = article_page()
    newest, first = article(page, 0).change, article(page, 1).change
    assert newest
    assert first
    assert (newest.number, first.number) == (2, 1)
    assert DiffLine(kind="ins", text="It takes ten minutes.") in newest.lines
    assert DiffLine(kind="ins", text="- Choose Security") in first.lines
    assert not any("ten" in each.text for each in first.lines if each.kind == "ins")
    wrong = article(page, 99).change
    assert wrong
    assert wrong.number == 2
    assert article(replace(page, versions=()), 1).change is None


def test_waiting_and_late_are_said_in_days() -> None:
    told = [(waits(each, NOW), late(each, NOW)) for each in DUE]
    assert told == [
        (f"1{NBSP}day", ""),
        (f"4{NBSP}days", ""),
        (f"4{NBSP}days", ""),
        (f"6{NBSP}days", ""),
        (f"12{NBSP}days", f"2{NBSP}days late"),
    ]
    fresh = replace(DUE[0], since=NOW, due_at=NOW - timedelta(hours=1))
    assert (waits(fresh, NOW), late(fresh, NOW)) == ("today", "late since today")
    assert late(replace(fresh, due_at=NOW), NOW) == ""


def test_the_table_for_a_spreadsheet_has_what_the_page_has() -> None:
    listed = list(csv_rows(rows()))
    assert listed[0][:5] == ("31", "Set up SSO with Azure", "en-us", "helpdesk", "review_due")
    assert listed[0][5:8] == ("Identity", "", "Mei Tanaka")
    assert listed[0][9:] == ("4.4", "118", "44")
    assert listed[2][8] == ""


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Two-factor reset for admins", "two-factor-reset-for-admins.md"),
        ('x"\r\nSet-Cookie: a=b', "x-set-cookie-a-b.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("二要素認証", "draft-1.md"),
    ],
)
def test_a_draft_is_saved_under_a_harmless_name(title: str, name: str) -> None:
    page = gap_page()
    assert file_name(replace(page, row=replace(page.row, title=title))) == name
