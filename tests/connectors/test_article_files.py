"""Markdown folders and CSV files as articles; what cannot be used is left out and told with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors import article_files
from connectors.article_files import FilesUnusable, Found, read_csv, read_folder
from connectors.store.article_rows import plain
from triage.articles import Article, Audience, Facts

FULL = """---
title: Single sign-on
audience: restricted
allowed: ["organization:7"]
product_areas: [sso, login]
roles: [admin, end user]
owner: Kim
applies_from: "5.2"
applies_to: 6.0
locale: pt-BR
labels: saml; okta
draft: true
layout: page
---

# Single sign-on

Paste `<script src="x"></script>` before `</body>`:

```html
<div id="chat">
  </div>
```

| Role | Sees |
|---|---|
| Admin | **all** |
"""


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / "kb" / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "kb"


def read(path: Path) -> Found:
    return read_folder(path, audience=Audience.AGENTS, locale="en")


def only(found: Found) -> Article:
    assert found.problems == []
    [article] = found.articles
    return article


def told(found: Found) -> list[str]:
    return [str(each) for each in found.problems]


def test_front_matter_says_what_is_known(tmp_path: Path) -> None:
    found = read(folder(tmp_path, security__sso_md=FULL))
    article = only(found)
    assert (article.ref, article.locale, article.title) == ("security/sso.md", "pt-BR", "Single sign-on")
    assert (article.audience, article.allowed) == (Audience.RESTRICTED, ("organization:7",))
    assert (article.section, article.labels, article.is_draft) == (("security",), ("saml", "okta"), True)
    assert found.facts["security/sso.md", "pt-BR"] == Facts(
        owner="Kim",
        product_areas=("sso", "login"),
        roles=("admin", "end_user"),
        applies_from="5.2",
        applies_to="6.0",
    )
    assert plain(article.body_html) == (
        'Paste `<script src="x"></script>` before `</body>`:\n\n```\n<div id="chat">\n  </div>\n```\n\n'
        "| Role | Sees\n| Admin | all"
    )


def test_a_file_that_says_nothing_is_for_agents_and_named_by_its_heading(tmp_path: Path) -> None:
    found = read(folder(tmp_path, a_md="# How to export #\n\nChoose Export.", reset_password_md="Choose Reset."))
    assert [each.title for each in found.articles] == ["How to export", "Reset password"]
    assert {each.audience for each in found.articles} == {Audience.AGENTS}
    assert plain(found.articles[0].body_html) == "Choose Export."


def test_hidden_and_other_files_are_not_read(tmp_path: Path) -> None:
    where = folder(tmp_path, a_md="A", picture="not text")
    (where / ".hidden.md").write_text("hidden")
    (where / ".git").mkdir()
    (where / ".git" / "x.md").write_text("hidden")
    found = read(where)
    assert [each.ref for each in found.articles] == ["a.md"]
    assert found.other_files == 1


def test_no_link_leads_out(tmp_path: Path) -> None:
    where = folder(tmp_path, a_md="A")
    (tmp_path / "secret.md").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.md").write_text("secret")
    os.symlink(tmp_path / "secret.md", where / "link.md")
    os.symlink(tmp_path / "outside", where / "there")
    os.mkfifo(where / "pipe.md")
    found = read(where)
    assert [each.ref for each in found.articles] == ["a.md"]
    assert sorted(told(found)) == [
        "link.md: A link is not followed.",
        "pipe.md:1: This is no plain file.",
        "there: A link is not followed.",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\ntitle: A\n\nB", "x.md:1: The `---` that begins the front matter has no second one."),
        ("---\ntitle: A\nowner: [a\n---\nB", "x.md:3: Front matter: line 3"),
        ("---\ntitle: A\naudiance: agents\n---\n", "x.md:3: “audiance” is not known: “audience”?"),
        ("---\n- a\n---\n", "x.md:2: Front matter is"),
        ("---\naudience: all\n---\n", "x.md:1: audience is “all”; use one of everyone"),
        ("---\naudience: restricted\n---\n", "x.md:1: audience is restricted, and"),
        ("---\nroles: [boss]\n---\n", "x.md:1: roles has “boss”"),
        ("---\nlocale: ../../x\n---\n", "x.md:1: locale is"),
        ("---\ntitle: {a: b}\n---\n", "x.md:1: title has to be one text."),
        ("---\ndraft: maybe\n---\n", "x.md:1: draft is “maybe”"),
        ('---\ntitle: ""\n---\n', "x.md:1: There is no title."),
        (f"---\nowner: {'a' * 201}\n---\n", "x.md:1: owner is longer than 200 letters."),
    ],
)
def test_a_bad_file_is_left_out_and_told(tmp_path: Path, text: str, problem: str) -> None:
    found = read(folder(tmp_path, x_md=text, y_md="Fine"))
    assert [each.ref for each in found.articles] == ["y.md"]
    assert found.unread == {"x.md"}
    [said] = told(found)
    assert said.startswith(problem)


def test_a_file_that_is_not_utf_8_or_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = folder(tmp_path, large_md="x" * 101)
    (where / "latin.md").write_bytes(b"one\ntwo\ncaf\xe9")
    monkeypatch.setattr(article_files, "LARGEST_FILE", 100)
    found = read(where)
    assert told(found) == [
        "large.md:1: The file is larger than 100 bytes.",
        "latin.md:3: This is not UTF-8: save the file as UTF-8.",
    ]


def test_no_folder_and_too_many_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FilesUnusable, match="is not a folder"):
        read(tmp_path / "none")
    monkeypatch.setattr(article_files, "MOST_FILES", 1)
    with pytest.raises(FilesUnusable, match="more than 1 Markdown files"):
        read(folder(tmp_path, a_md="A", b_md="B"))


def csv_of(tmp_path: Path, text: str) -> Found:
    path = tmp_path / "kb.csv"
    path.write_text(text, encoding="utf-8")
    return read_csv(path, audience=Audience.EVERYONE, locale="en")


def test_rows_are_articles(tmp_path: Path) -> None:
    found = csv_of(
        tmp_path,
        "\ufeffarticle_id,title,body,audience,product_areas,section,url\n"
        'a,"Export, in short","Two\nlines",agents,export;csv,Data/Exports,https://kb.example/a\n'
        "b,HTML,<p>Choose <b>Export</b>.</p><ul><li>CSV</ul>,,,,\n",
    )
    first, second = found.articles
    assert (first.ref, first.title, first.audience, first.url) == (
        "a",
        "Export, in short",
        Audience.AGENTS,
        "https://kb.example/a",
    )
    assert (plain(first.body_html), first.section) == ("Two\nlines", ("Data", "Exports"))
    assert found.facts["a", "en"].product_areas == ("export", "csv")
    assert (second.audience, plain(second.body_html)) == (Audience.EVERYONE, "Choose Export.\n\n- CSV")


def test_a_bad_row_is_left_out_and_told_with_its_line(tmp_path: Path) -> None:
    found = csv_of(
        tmp_path,
        'article_id,title,body,audience\na,A,"Two\nlines",\n,No id,x,\nb,B,x,friends\n'
        "a,Again,x,\nc,,x,\nd,D,x,,y\ne,E,x\n",
    )
    assert [each.ref for each in found.articles] == ["a", "e"]
    assert [str(each).partition(".csv")[2] for each in found.problems] == [
        ":4: article_id is empty.",
        ":5: audience is “friends”; use one of everyone, signed_in, restricted, agents.",
        ":6: article_id a is there twice in this language.",
        ":7: There is no title.",
        ":8: The row has more fields than the header: put texts with a comma in quotes.",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"article_id,title\na,b\n", "no column .body."),
        (b"", "no column .article_id.; there are: none"),
        (b'article_id,title,body\na,"b,c\n', "is not CSV"),
        (b"article_id,title,body\na,caf\xe9,x\n", "is not UTF-8 at byte"),
    ],
)
def test_a_file_that_is_no_such_table_is_said(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "kb.csv"
    path.write_bytes(content)
    with pytest.raises(FilesUnusable, match=problem):
        read_csv(path, audience=Audience.EVERYONE, locale="en")


def test_a_csv_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(FilesUnusable, match="cannot be read"):
        read_csv(tmp_path / "none.csv", audience=Audience.EVERYONE, locale="en")
