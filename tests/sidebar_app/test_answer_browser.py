"""The section Answer in Chromium, on both hosts: what a click puts into the reply, what is noted, what stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from tests.sidebar_app.answers import CHAIN, HARD, NOTHING, REPLAY, SUGGESTED
from tests.sidebar_app.freshdesk_page import FreshdeskSite, freshdesk_site
from tests.sidebar_app.host_page import Site, site
from tests.sidebar_app.sidebar_fakes import RUNNING, SURE, UNSURE, FakeSidebar
from triage.context import WriteBack
from triage.suggestions import Act

pytestmark = pytest.mark.browser

QUOTE = (
    "<p>Send the full chain, not the leaf alone.<br>Then press &lt;Resume deliveries&gt; &amp; wait.</p>"
    "<p>Events of the last 72 h are sent again:<br>&nbsp;&nbsp;retry: true</p>"
)
POLLED = {"answer": SUGGESTED, "write_back": WriteBack.WAITING}


class Panel:
    """The panel of a fresh ticket in a host's page."""

    def __init__(self, page: Page, made: Site | FreshdeskSite) -> None:
        self.page, self.made = page, made
        self.deps: FakeSidebar = made.deps
        FakeSidebar.__init__(self.deps, made.host_origin if isinstance(made, Site) else made.origin)
        self.deps.views["48213"] = {"answer": SUGGESTED}

    def open(self, *, width: int = 320, **given: object) -> FrameLocator:
        if given:
            self.deps.views["48213"] = given
        self.page.goto(self.made.address(width=width, height=900))
        frame = self.page.frame_locator("#app")
        expect(frame.locator("[data-section=answer]")).to_be_visible()
        return frame

    @property
    def is_zendesk(self) -> bool:
        return isinstance(self.made, Site)

    def refuse(self, *names: str) -> None:
        """From here on the host takes nothing under these names."""
        host = self.page if self.is_zendesk else self.page.frames[1]
        host.evaluate("(names) => { window.refuses = names }", list(names))

    def inserted(self) -> list[str]:
        if self.is_zendesk:
            calls = self.page.evaluate("log.filter((m) => m.request === 'invoke').map((m) => m.params)")
            return [call["ticket.editor.insert"][0] for call in calls if "ticket.editor.insert" in call]
        log = self.page.frames[1].evaluate("log")
        return [options["text"] for action, options in log if action in ("click", "setValue")]


@pytest.fixture(scope="module")
def zendesk() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def freshdesk() -> Iterator[FreshdeskSite]:
    with freshdesk_site() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 640, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert [each for each in errors if "Failed to load resource" not in each] == []


@pytest.fixture(params=["zendesk", "freshdesk"])
def panel(request: pytest.FixtureRequest, page: Page) -> Panel:
    """On each host; what is the same on both is tested on the first alone."""
    return Panel(page, request.getfixturevalue(request.param))


def hit(frame: FrameLocator, number: int) -> Locator:
    return frame.locator("article").nth(number)


def top_of(frame: FrameLocator) -> float:
    return float(hit(frame, 0).evaluate("(article) => article.getBoundingClientRect().top + scrollY"))


def press(frame: FrameLocator, key: str) -> None:
    frame.locator("[data-section=now] > summary").press(key)


def test_an_article_says_what_it_is_and_how_it_was_found(panel: Panel) -> None:
    frame = panel.open()
    first, second, internal = (hit(frame, number) for number in range(3))
    title = first.get_by_role("link", name=CHAIN.title)
    assert [title.get_attribute(name) for name in ("href", "target", "rel")] == [
        CHAIN.url,
        "_blank",
        "noopener noreferrer",
    ]
    expect(first.locator("mark")).to_have_text("full chain")
    expect(first).to_contain_text(CHAIN.meta)
    expect(first).to_contain_text(CHAIN.why)
    expect(first.get_by_role("button")).to_have_text(["Insert text", "Insert link", "Not helpful", "Flag"])
    expect(frame.locator("article .primary")).to_have_count(1)
    expect(second.locator(".st.warn")).to_have_text("Review due since release 4.6")
    expect(internal).to_contain_text("For agents only: the requester may not read it.")
    expect(internal.get_by_role("link")).to_have_count(0)
    expect(internal.get_by_role("button")).to_have_text(["Not helpful", "Flag"])


def test_a_click_puts_the_text_into_the_reply_and_then_it_is_noted(panel: Panel) -> None:
    frame = panel.open()
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    expect(hit(frame, 0).locator(".st.good")).to_have_text("Text inserted 14:24, by you")
    hit(frame, 1).get_by_role("button", name="Insert link").click()
    expect(hit(frame, 1).locator(".st.good")).to_have_text("Link inserted 14:24, by you")
    assert panel.inserted() == [QUOTE, f'<p>Replay missed webhook events: <a href="{REPLAY.url}">{REPLAY.url}</a></p>']
    assert panel.deps.acts == [(3, Act.INSERT_TEXT), (5, Act.INSERT_LINK)]


def test_an_editor_that_takes_nothing_is_said_and_nothing_is_noted(panel: Panel) -> None:
    frame = panel.open()
    panel.refuse("ticket.editor.insert", "reply", "editor")
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    expect(hit(frame, 0).locator(".trouble")).to_have_text(
        "The reply editor did not take it. Open a reply, then try again."
    )
    assert panel.deps.acts == []
    panel.refuse()
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    expect(hit(frame, 0).locator(".st.good")).to_be_visible()
    expect(frame.locator(".trouble:visible")).to_have_count(0)


def test_what_the_server_does_not_take_stays_in_the_reply_and_is_said(panel: Panel) -> None:
    panel.page.clock.install()
    frame = panel.open(**POLLED)
    panel.deps.refusal = "The requester may not read this article any more."
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    said = hit(frame, 0).locator(".trouble")
    expect(said).to_have_text("Text inserted. It was not counted: The requester may not read this article any more.")
    assert panel.inserted() == [QUOTE]
    panel.deps.views["48213"] |= {"decision": UNSURE}
    panel.page.clock.run_for(6000)
    expect(frame.locator('[data-state="unsure"]')).to_be_attached()
    expect(said).to_contain_text("It was not counted")
    panel.deps.refusal, panel.deps.away = "", True
    hit(frame, 1).get_by_role("button", name="Insert link").click()
    expect(hit(frame, 1).locator(".trouble")).to_have_text(
        "Link inserted. It was not counted: Deskhand does not answer. Try again."
    )


def test_one_click_says_not_helpful_and_one_flags(panel: Panel) -> None:
    frame = panel.open()
    hit(frame, 0).get_by_role("button", name="Not helpful").click()
    expect(hit(frame, 0)).to_contain_text("Not helpful, you said at 14:24")
    hit(frame, 0).get_by_role("button", name="Flag").click()
    expect(hit(frame, 0)).to_contain_text("Flagged to Ida Blom 14:24, by you")
    expect(hit(frame, 0).get_by_role("button")).to_have_text(["Insert text", "Insert link"])
    expect(hit(frame, 0).get_by_role("link")).to_be_focused()
    assert panel.deps.acts == [(3, Act.NOT_HELPFUL), (3, Act.FLAG)]
    panel.deps.refusal = "This article was deleted a moment ago."
    hit(frame, 1).get_by_role("button", name="Flag").click()
    expect(hit(frame, 1).locator(".trouble")).to_have_text(panel.deps.refusal)
    expect(frame.locator("[aria-disabled=true]")).to_have_count(0)


def test_a_search_replaces_the_suggestions_until_the_agent_goes_back(panel: Panel) -> None:
    panel.page.clock.install()
    frame = panel.open(**POLLED)
    field = frame.get_by_role("searchbox", name="Search articles")
    field.fill("replay")
    panel.deps.may_search.clear()
    field.press("Enter")
    expect(frame.locator("[data-section=answer] .body > [data-told]")).to_have_text("Searching…")
    panel.deps.may_search.set()
    expect(frame.locator(".asked")).to_contain_text("Searched for “replay”")
    expect(frame.locator("article")).to_have_count(1)
    expect(frame.get_by_role("status")).to_have_text("1 article for “replay”")
    expect(field).to_be_focused()
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    expect(hit(frame, 0).locator("[data-told]")).to_have_text("Text inserted.")
    hit(frame, 0).get_by_role("button", name="Not helpful").click()
    expect(hit(frame, 0).locator("[data-told]")).to_have_text("Noted as not helpful.")
    panel.deps.views["48213"] |= {"decision": UNSURE}
    panel.page.clock.run_for(6000)
    expect(frame.locator('[data-state="unsure"]')).to_be_attached()
    expect(frame.locator("article")).to_have_count(1)
    expect(field).to_have_value("replay")
    calls = panel.deps.panel_calls
    frame.get_by_role("button", name="Back to suggestions").click()
    expect(frame.locator("article")).to_have_count(3)
    expect(field).to_have_value("")
    assert (panel.deps.words, panel.deps.panel_calls) == (["replay"], calls)


def test_a_search_that_fails_says_so_beside_the_field(panel: Panel) -> None:
    frame = panel.open(answer=NOTHING)
    expect(frame.locator("[data-section=answer] .sum")).to_have_text("No article fits")
    press(frame, "/")
    expect(frame.locator("[data-section=answer]")).to_contain_text("Search for one, or answer yourself")
    field = frame.get_by_role("searchbox")
    expect(field).to_be_focused()
    field.press("Enter")
    said = frame.locator("[data-section=answer] .body > .trouble")
    expect(said).to_have_text("Type what to search for.")
    panel.deps.away = True
    field.fill("certificate")
    frame.get_by_role("button", name="Search", exact=True).click()
    expect(said).to_have_text("Deskhand does not answer. Try again.")
    expect(field).to_have_value("certificate")
    panel.deps.away = False
    frame.get_by_role("button", name="Search", exact=True).click()
    expect(frame.locator("article")).to_have_count(1)
    expect(said).to_be_hidden()


def test_a_refresh_keeps_typed_words_focus_and_place(panel: Panel) -> None:
    panel.page.clock.install()
    frame = panel.open(**POLLED)
    field = frame.get_by_role("searchbox")
    field.press_sequentially("certifcate")
    for _ in range(4):
        field.press("ArrowLeft")
    root = frame.locator("html")
    place = root.evaluate("(root) => { root.scrollTop = 150; return root.scrollTop }")
    panel.deps.views["48213"] |= {"decision": UNSURE}
    panel.page.clock.run_for(6000)
    expect(frame.locator('[data-state="unsure"]')).to_be_attached()
    expect(field).to_be_focused()
    assert root.evaluate("(root) => root.scrollTop") == place > 0
    field.press_sequentially("i")
    expect(field).to_have_value("certificate")


def test_the_keyboard_inserts_what_is_focused_or_first(panel: Panel) -> None:
    frame = panel.open()
    press(frame, "i")
    expect(hit(frame, 0).locator(".st.good")).to_be_visible()
    hit(frame, 1).get_by_role("link").press("k")
    expect(hit(frame, 1).locator(".st.good")).to_be_visible()
    hit(frame, 2).get_by_role("button", name="Flag").press("i")
    expect(frame.get_by_role("status")).to_have_text("For agents only: the requester may not read it.")
    assert panel.deps.acts == [(3, Act.INSERT_TEXT), (5, Act.INSERT_LINK)]
    press(frame, "?")
    for words in ("Insert the text of the focused or first article", "Insert its link", "Search articles"):
        expect(frame.locator("#keys")).to_contain_text(words)


def test_what_is_not_seen_is_not_inserted(page: Page, zendesk: Site) -> None:
    panel = Panel(page, zendesk)
    frame = panel.open(answer=SUGGESTED, decision=UNSURE)
    section = frame.locator("[data-section=answer]")
    expect(section).not_to_have_attribute("open", "")
    expect(section.locator(".sum")).to_have_text("3 articles")
    press(frame, "i")
    expect(section).to_have_attribute("open", "")
    expect(hit(frame, 0).get_by_role("link")).to_be_focused()
    assert panel.inserted() == []
    hit(frame, 0).get_by_role("link").press("i")
    expect(hit(frame, 0).locator(".st.good")).to_be_visible()


def test_in_two_columns_the_section_is_open(page: Page, zendesk: Site) -> None:
    panel = Panel(page, zendesk)
    frame = panel.open(width=600, answer=SUGGESTED, decision=UNSURE)
    expect(hit(frame, 0)).to_be_visible()


@pytest.mark.parametrize("width", [280, 320, 600])
def test_long_words_code_and_paragraphs_fit(page: Page, zendesk: Site, width: int) -> None:
    panel = Panel(page, zendesk)
    frame = panel.open(width=width, answer=HARD)
    assert panel.page.frames[1].evaluate("document.documentElement.scrollWidth") <= width
    whole, short = hit(frame, 0).get_by_role("button", name="Show the whole paragraph"), frame.locator(".para").first
    height = short.evaluate("(text) => text.clientHeight")
    whole.click()
    expect(whole).to_be_hidden()
    assert short.evaluate("(text) => text.clientHeight") > height
    lines = hit(frame, 1).locator(".para").inner_text().split("\n")
    assert "webhooks:" in lines
    assert "  retries: 5" in lines


def test_the_first_article_begins_high_enough_to_be_seen(panel: Panel) -> None:
    panel.deps.log = RUNNING
    frame = panel.open()
    assert top_of(frame) <= 640
    expect(frame.locator("[data-section=customer]")).to_have_attribute("open", "")


def test_a_long_story_above_leaves_the_customer_one_line_until_it_is_opened(page: Page, zendesk: Site) -> None:
    page.clock.install()
    panel = Panel(page, zendesk)
    panel.deps.log = RUNNING
    wordy = replace(SURE, reasons=("Closest known example: " + "certificate renewal, " * 8,))
    frame = panel.open(**POLLED, decision=wordy)
    customer = frame.locator("[data-section=customer]")
    expect(customer).not_to_have_attribute("open", "")
    expect(customer.locator(".sum")).to_be_visible()
    assert top_of(frame) <= 640
    for reasons, is_open in (("Rule 7",), False), (("Rule 8",), True):
        panel.deps.views["48213"] |= {"decision": replace(SURE, reasons=reasons)}
        page.clock.run_for(3000)
        expect(frame.locator(".why")).to_contain_text(reasons[0])
        expect(customer).to_have_attribute("open", "") if is_open else expect(customer).not_to_have_attribute(
            "open", ""
        )
        if not is_open:
            press(frame, "2")


def test_a_refresh_takes_no_keys_from_the_reply(page: Page, zendesk: Site) -> None:
    page.clock.install()
    panel = Panel(page, zendesk)
    panel.deps.views["48213"] = dict(POLLED)
    page.goto(zendesk.address(reply="block"))
    frame = page.frame_locator("#app")
    frame.get_by_role("searchbox").fill("half a word")
    page.locator("#reply").focus()
    page.keyboard.type("Dear ")
    panel.deps.views["48213"] |= {"decision": UNSURE}
    page.clock.run_for(6000)
    expect(frame.locator('[data-state="unsure"]')).to_be_attached()
    page.keyboard.type("Nadja")
    expect(page.locator("#reply")).to_have_value("Dear Nadja")


def test_a_reply_that_is_open_already_takes_the_text_too(page: Page, freshdesk: FreshdeskSite) -> None:
    """Opening it a second time is refused, so the text goes to the cursor; never into a note instead."""
    panel = Panel(page, freshdesk)
    frame = panel.open()
    panel.refuse("reply")
    hit(frame, 0).get_by_role("button", name="Insert text").click()
    expect(hit(frame, 0).locator(".st.good")).to_be_visible()
    assert page.frames[1].evaluate("log.filter(([action]) => action === 'setValue')") == [
        ["setValue", {"id": "editor", "text": QUOTE}]
    ]


def test_the_next_ticket_begins_afresh(page: Page, zendesk: Site) -> None:
    panel = Panel(page, zendesk)
    panel.deps.views["50000"] = {"answer": replace(SUGGESTED, articles=SUGGESTED.articles[:2])}
    frame = panel.open()
    field = frame.get_by_role("searchbox")
    field.fill("replay")
    field.press("Enter")
    expect(frame.locator(".asked")).to_be_visible()
    page.evaluate("go(50000)")
    expect(frame.locator('[data-ticket="50000"]')).to_be_visible()
    expect(frame.locator("article")).to_have_count(2)
    expect(field).to_have_value("")
