"""Knowledge kept elsewhere: a folder of Markdown files, or a CSV file, as articles. A bad file is left out and told.

A file says with YAML between two lines of `---` at its beginning, a CSV row in further columns: title, audience,
allowed, locale, labels, product_areas, roles, owner, applies_from, applies_to, draft, outdated.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from connectors.article_text import article_text, markdown_text
from connectors.article_values import KNOWN, BadValue, article_from
from connectors.store.article_rows import as_html
from connectors.yaml_text import YamlError, parse
from triage.articles import Article, Audience, Facts

LARGEST_FILE, LARGEST_CSV = 1_000_000, 200_000_000
MOST_FILES, MOST_ROWS = 20_000, 100_000
LONGEST_REF = 300
ENDINGS = (".md", ".markdown")
COLUMNS = ("article_id", "title", "body")
_HEADING = re.compile(r"#[ \t]+(\S.*)")


class FilesUnusable(Exception):
    """Nothing can be read there; the message says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a file or a row was left out."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.text}"


@dataclass(slots=True)
class Found:
    """What was read. `unread` are the names of what is there but could not be; `other_files` were not looked into."""

    articles: list[Article] = field(default_factory=list)
    facts: dict[tuple[str, str], Facts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    other_files: int = 0

    def add(self, article: Article, facts: Facts) -> bool:
        """False when there is one of that name and language already."""
        place = (article.ref, article.locale)
        if place in self.facts:
            return False
        self.articles.append(article)
        self.facts[place] = facts
        return True

    def leave_out(self, file: str, line: int | None, text: str, ref: str | None = None) -> None:
        self.problems.append(Problem(file=file, line=line, text=text))
        if ref:
            self.unread.add(ref)


def read_folder(folder: Path, *, audience: Audience, locale: str) -> Found:
    """Every Markdown file below `folder`; `audience` and `locale` are of files that do not say.

    No link is followed, so nothing outside the folder is read. Hidden files and folders are left out.
    Raises `FilesUnusable`.
    """
    if not folder.is_dir():
        raise FilesUnusable(f"{folder} is not a folder.")
    found = Found()
    for path in _files(folder, found):
        ref = path.relative_to(folder).as_posix()
        try:
            text, changed_at = _text_of(path)
            values, body = _front_matter(text)
            title, body = _title(values.get("title"), body, path)
            section = path.relative_to(folder).parts[:-1]
            html = as_html(markdown_text(body))
            article, facts = article_from(ref, {**values, "title": title}, html, section, changed_at, audience, locale)
        except _AtLine as error:
            found.leave_out(ref, error.line, str(error), ref)
        except BadValue as error:
            found.leave_out(ref, 1, str(error), ref)
        else:
            found.add(article, facts)
    return found


def read_csv(path: Path, *, audience: Audience, locale: str) -> Found:
    """The rows of a UTF-8 CSV file with `article_id,title,body` and any of the further columns; lists have `;`
    between their parts. Raises `FilesUnusable`.
    """
    found = Found()
    try:
        if path.stat().st_size > LARGEST_CSV:
            raise FilesUnusable(f"{path} is larger than {LARGEST_CSV:,} bytes.")
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line, row in _rows(path, file):
                _csv_row(found, path.name, line, row, changed_at, audience, locale)
    except OSError as error:
        raise FilesUnusable(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise FilesUnusable(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8.") from error
    except csv.Error as error:
        raise FilesUnusable(f"{path} is not CSV ({error}).") from error
    return found


class _AtLine(BadValue):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _files(folder: Path, found: Found) -> Iterator[Path]:
    """Markdown files in the order of their names; links are told and left alone."""
    count = 0
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [each for each in folders if (Path(here) / each).is_symlink()]:
            found.leave_out((Path(here) / name).relative_to(folder).as_posix(), None, "A link is not followed.")
        for name in sorted(names):
            path = Path(here) / name
            ref = path.relative_to(folder).as_posix()
            if name.startswith("."):
                continue
            if not name.lower().endswith(ENDINGS):
                found.other_files += 1
            elif path.is_symlink():
                found.leave_out(ref, None, "A link is not followed.")
            elif len(ref) > LONGEST_REF:
                found.leave_out(ref, None, f"The path is longer than {LONGEST_REF} letters.")
            elif count == MOST_FILES:
                raise FilesUnusable(f"{folder} has more than {MOST_FILES:,} Markdown files.")
            else:
                count += 1
                yield path


def _text_of(path: Path) -> tuple[str, datetime]:
    """A file's text and when it was changed."""
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise BadValue("This is no plain file.")
        if about.st_size > LARGEST_FILE:
            raise BadValue(f"The file is larger than {LARGEST_FILE:,} bytes.")
        content = path.read_bytes()
    except OSError as error:
        raise BadValue(f"The file cannot be read ({error.strerror}).") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _AtLine(line, "This is not UTF-8: save the file as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n"), datetime.fromtimestamp(about.st_mtime, UTC)


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """What stands between the first two lines of `---`, and the rest."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return {}, text
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    if end is None:
        raise _AtLine(1, "The `---` that begins the front matter has no second one.")
    try:
        # The empty line stands for the first `---`: so lines are counted as in the file.
        values = parse("\n" + "\n".join(lines[1:end]))
    except YamlError as error:
        at = re.match(r"line (\d+), ", str(error))
        raise _AtLine(int(at[1]) if at else 1, f"Front matter: {error}") from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise _AtLine(2, "Front matter is `name: value` on each line.")
    for name in values:
        line = next((at for at, each in enumerate(lines[1:end], 2) if each.startswith(name)), 2)
        if name not in KNOWN and (meant := get_close_matches(name, KNOWN, n=1, cutoff=0.8)):
            raise _AtLine(line, f"“{name}” is not known: “{meant[0]}”?")
    return values, "\n".join(lines[end + 1 :])


def _title(given: Any, body: str, path: Path) -> tuple[Any, str]:
    """The title, and the body without it where it is its first heading; else the file's name says it."""
    stripped = body.lstrip("\n")
    heading = _HEADING.match(stripped)
    if heading and (given is None or str(given).strip() == heading[1].strip()):
        return heading[1].strip().rstrip("#").strip(), stripped[heading.end() :]
    return (path.stem.replace("-", " ").replace("_", " ").strip().capitalize() if given is None else given), body


def _rows(path: Path, file: Any) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the line on which it begins."""
    before = csv.field_size_limit(LARGEST_FILE)
    try:
        reader = csv.DictReader(file, strict=True, restval="", restkey="")
        names = list(reader.fieldnames or [])
        for name in COLUMNS:
            if name not in names:
                raise FilesUnusable(f"{path} has no column “{name}”; there are: {', '.join(names) or 'none'}.")
        line = reader.line_num
        for number, row in enumerate(reader):
            if number == MOST_ROWS:
                raise FilesUnusable(f"{path} has more than {MOST_ROWS:,} rows.")
            yield line + 1, row
            line = reader.line_num
    finally:
        csv.field_size_limit(before)


def _csv_row(
    found: Found,
    file: str,
    line: int,
    row: Mapping[str, str],
    changed_at: datetime,
    audience: Audience,
    locale: str,
) -> None:
    ref = row["article_id"].strip()
    if not ref or len(ref) > LONGEST_REF:
        found.leave_out(file, line, f"article_id is {'empty' if not ref else f'longer than {LONGEST_REF} letters'}.")
        return
    try:
        if "" in row:
            raise BadValue("The row has more fields than the header: put texts with a comma in quotes.")
        values = {name: row[name].strip() for name in KNOWN if (row.get(name) or "").strip()}
        section = tuple(part.strip() for part in (row.get("section") or "").split("/") if part.strip())
        html = as_html(article_text(row["body"]))
        article, facts = article_from(ref, values, html, section, changed_at, audience, locale, row.get("url") or None)
    except BadValue as error:
        found.leave_out(file, line, str(error), ref)
    else:
        if not found.add(article, facts):
            found.leave_out(file, line, f"article_id {ref} is there twice in this language.", ref)
