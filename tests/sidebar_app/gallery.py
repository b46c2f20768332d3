"""Pictures of every face of the panel: `python -m tests.sidebar_app.gallery OUT_DIR`. A tool for people, not a test."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from sidebar_app import HelpdeskDown
from tests.sidebar_app.answers import HARD, NOTHING, SUGGESTED
from tests.sidebar_app.host_page import Site, site
from tests.sidebar_app.sidebar_fakes import (
    NOW,
    PAGED,
    RUNNING,
    SKIPPED,
    SURE,
    TICKET,
    UNSURE,
    FakeSidebar,
    clocks,
    view,
)
from triage.context import Correction, WriteBack
from triage.sla.log import Acknowledged, Reply, StatusSet
from triage.tickets import Priority, Status

P1_DECISION = replace(SURE, priority=Priority.P1, reasons=("P1: severity 1, Enterprise",))
CASES: dict[str, dict[str, object]] = {
    "normal": {},
    "unsure": {"decision": UNSURE, "write_back": WriteBack.NONE},
    "corrected": {
        "correction": Correction(
            category="api_errors",
            by_name="Priya Nair",
            at=NOW + timedelta(minutes=1),
            undone=False,
            group="Platform API",
            by_you=True,
        )
    },
    "pending": {"decision": None, "write_back": WriteBack.NONE},
    "skipped": {"decision": SKIPPED, "write_back": WriteBack.NONE},
    "parked": {"write_back": WriteBack.PARKED, "write_back_reason": "The field Category was deleted in the helpdesk"},
    "waiting": {"write_back": WriteBack.WAITING},
    "unknown requester": {"organization": None},
    "clocks": {"clocks": clocks()},
    "paged": {"clocks": clocks(PAGED), "decision": P1_DECISION},
    "soon": {"clocks": clocks(RUNNING, at=NOW + timedelta(minutes=8))},
    "last tenth": {"clocks": clocks(RUNNING, at=NOW + timedelta(minutes=18, seconds=20))},
    "late": {"clocks": clocks(RUNNING, at=NOW + timedelta(minutes=34))},
    "night": {"clocks": clocks(RUNNING, at=NOW + timedelta(hours=6))},
    "held": {"clocks": clocks((*RUNNING, StatusSet(at=NOW - timedelta(minutes=4), status=Status.PENDING)))},
    "met": {"clocks": clocks((*RUNNING, Reply(at=NOW - timedelta(minutes=3), by_agent=True)))},
    "has it": {
        "decision": P1_DECISION,
        "clocks": clocks((*PAGED, Acknowledged(at=NOW - timedelta(minutes=1), by="Priya Nair", way="panel"))),
    },
    "answer": {"clocks": clocks(RUNNING), "answer": SUGGESTED},
    "answer hard": {"answer": HARD},
    "answer none": {"answer": NOTHING},
    "no priority": {"clocks": clocks(RUNNING[:2])},
    "closed": {"ticket": replace(TICKET, status=Status.CLOSED)},
    "undone": {
        "correction": Correction(category="api_errors", by_name="Mei Tanaka", at=NOW, undone=True, group="Platform API")
    },
}


def shoot(browser: Browser, made: Site, out: Path) -> None:
    looks = [("zendesk", "light", 320), ("zendesk", "dark", 320), ("freshdesk", "light", 320)]
    looks += [("freshdesk", "dark", 320), ("zendesk", "light", 280), ("zendesk", "light", 600)]
    for host, scheme, width in looks:
        for name in (*CASES, "loading", "down", "down first", "missing", "ended", "outside", "unsaved", "slow", "keys"):
            prepare(made.deps, name)
            page = browser.new_page(viewport={"width": width, "height": 760})
            page.on("console", lambda m, n=name: m.type == "error" and print(n, m.text))  # type: ignore[misc]
            ticket = "null" if name == "unsaved" else "48213"
            answers = "false" if name == "outside" else "true"
            page.goto(made.address(width=width, height=760, ticket=ticket, scheme=scheme, answers=answers))
            frame = page.frame_locator("#app")
            if host != "zendesk":
                style = "() => {const l = document.querySelector('link[href*=zendesk]');"
                style += f" l.href = l.href.replace('zendesk', '{host}');"
                page.frames[1].wait_for_selector("#panel")
                page.frames[1].evaluate(f"{style} document.documentElement.dataset.host = '{host}'}}")
            page.wait_for_timeout({"slow": 5400, "outside": 8300}.get(name, 600))
            if name == "keys":
                frame.locator("#keys-button").click()
            page.screenshot(path=out / f"{host}-{scheme}-{width}-{name.replace(' ', '_')}.png")
            page.close()


def prepare(deps: FakeSidebar, name: str) -> None:
    deps.views["48213"] = CASES.get(name, {})
    deps.delays = {"48213": 9.0 if name in ("loading", "slow") else 0.0}
    deps.down = None
    if name == "down":
        deps.down = HelpdeskDown(timedelta(hours=3), view())
    if name == "down first":
        deps.down = HelpdeskDown()
    if name == "missing":
        deps.views.pop("48213")
    deps.resume = FakeSidebar.resume.__get__(deps)  # type: ignore[method-assign]
    if name == "ended":
        deps.resume = lambda bearer: FakeSidebar.resume(deps, "")  # type: ignore[method-assign]


def main() -> None:
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with site() as made, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        shoot(browser, made, out)


if __name__ == "__main__":
    main()
