"""The arrows between the packages, where a vendor's name may stand, and that every queued job exists."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from connectors import queue
from connectors.registry import VENDORS

ROOT = Path(__file__).parent.parent
ORDER = ("jobs", "app", "sidebar_app", "connectors", "triage")
NAMES = re.compile(r"zendesk|freshdesk|zenpy|zdassets", re.IGNORECASE)
PYTHON = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where a name comes from"
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_only_rightwards(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = ORDER[ORDER.index(package) :]
    ours = {name.split(".")[0] for name in imports(path)} & {*ORDER, "bench", "tests"}
    assert ours <= set(allowed), f"{package} may import {allowed}"


@pytest.mark.parametrize("path", sorted((ROOT / "triage").rglob("*.py")), ids=lambda path: path.name)
def test_triage_does_no_io(path: Path) -> None:
    banned = {"os", "pathlib", "socket", "subprocess", "requests", "flask", "redis", "rq", "sqlalchemy", "time", "io"}
    assert not {name.split(".")[0] for name in imports(path)} & banned
    source = path.read_text(encoding="utf-8")
    assert "datetime.now(" not in source
    assert not re.search(r"\bopen\(", source)


def test_a_vendors_name_stays_in_its_own_folders() -> None:
    strangers = []
    for path in ROOT.rglob("*"):
        relative = path.relative_to(ROOT)
        if relative.parts[0] not in {*ORDER, "Procfile"} or not path.is_file() or "__pycache__" in relative.parts:
            continue
        if NAMES.search(str(relative)) or path.suffix in {".png", ".pyc"}:
            continue
        text = path.read_text(encoding="utf-8")
        if relative == Path("connectors/registry.py"):
            text = "\n".join(line for line in text.splitlines() if not re.match(r'\s+"\w+": "connectors\.', line))
        strangers += [f"{relative}: {line.strip()}" for line in text.splitlines() if NAMES.search(line)]
    assert strangers == []


def test_nothing_is_unpickled() -> None:
    assert [path for path in PYTHON if {"pickle", "joblib", "dill"} & imports(path)] == []


@pytest.mark.parametrize("name", sorted(queue.TIMEOUT_S))
def test_every_queued_job_can_be_imported_and_takes_a_row_and_a_token(name: str) -> None:
    module, function = name.rsplit(".", 1)
    signature = inspect.signature(getattr(import_module(module), function))
    assert [parameter.annotation for parameter in signature.parameters.values()] == ["int", "str"]


def test_every_inbox_job_is_on_the_list() -> None:
    assert set(queue.INBOX_JOBS.values()) <= set(queue.TIMEOUT_S)


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_every_vendor_can_be_imported(name: str) -> None:
    from connectors.registry import vendor

    assert vendor(name).name == name


def test_the_web_process_stays_light() -> None:
    code = (
        "import sys, psutil, app; heavy = {'torch', 'sklearn', 'onnxruntime', 'jobs', 'zenpy'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "print(psutil.Process().memory_info().rss >> 20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 120
