"""The documentation is true where a machine can tell: links and anchors lead somewhere, commands and options exist,
every check of a connection is explained.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import cli
from connectors.installing import CHECKS
from connectors.registry import VENDORS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "manifests").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_in(path: Path) -> Iterator[str]:
    """Every line of code on the page."""
    for block, inline in CODE.findall(path.read_text(encoding="utf-8")):
        yield from (line.strip() for line in (block or inline).splitlines())


def anchors(path: Path) -> set[str]:
    """As GitHub makes them from headings."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = [line for line in code_in(page) if line.startswith("deskhand ") and problem(line)]
    assert not wrong, [problem(line) for line in wrong]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_modules_that_are_run_exist(page: Path) -> None:
    for line in code_in(page):
        if found := re.match(r"python -m ([\w.]+)", line):
            path = ROOT / found[1].replace(".", "/")
            assert path.with_suffix(".py").exists() or path.is_dir(), line


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_guide_explains_every_check(vendor: str) -> None:
    guide = (ROOT / "docs" / f"{vendor}.md").read_text(encoding="utf-8")
    assert [title for title in CHECKS.values() if f"| {title} |" not in guide] == []


def problem(line: str) -> str:
    """What is wrong with a command as the page writes it; empty when all its words exist."""
    command: click.Command = cli
    for word in shlex.split(line, comments=True)[1:]:
        if isinstance(command, click.Group) and not word.startswith("-"):
            following = command.commands.get(word)
            if following is None:
                # Several at once, as in `list|show`.
                return "" if set(word.split("|")) <= set(command.commands) else f"{line}: no command {word!r}"
            command = following
        elif word.startswith("--") and word != "--help":
            options = {name for each in command.params for name in each.opts}
            if word.partition("=")[0] not in options:
                return f"{line}: no option {word!r}"
    return ""
