"""The Knowledge pages: who may see and press, what is filtered, what is refused, and that no text becomes markup."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.admin.knowledge_articles_model import Owner, Search
from app.admin.knowledge_model import Synced
from app.admin.knowledge_releases_model import ReleaseDraft
from tests.app.admin.connect_fakes import OTHER, TENANT
from tests.app.admin.console_fakes import FakeConsole
from tests.app.admin.console_site import build
from tests.app.admin.knowledge_fakes import (
    DRAFT,
    DUE,
    FINDINGS,
    GAPS,
    TEST,
    ago,
    article_page,
    empty,
    gap_page,
    page,
    rows,
)
from tests.app.admin.test_console import FROM, XSS, Marks, log_in, token
from tests.app.admin.test_triage import words
from triage.articles import Facts, State
from triage.deflection import Deflection
from triage.measuring import wilson

HOME = f"/console/knowledge/{TENANT}"
PAGES = [
    "/console/knowledge",
    HOME,
    f"{HOME}/gaps/1",
    f"{HOME}/articles",
    f"{HOME}/articles.csv",
    f"{HOME}/articles/31",
    f"{HOME}/releases",
    f"{HOME}/releases/2",
]
ACTIONS = [
    f"{HOME}/sync",
    f"{HOME}/articles/31/right",
    f"{HOME}/articles/31/outdated",
    f"{HOME}/articles/31/owner",
    f"{HOME}/articles/31/facts",
    f"{HOME}/gaps/1/draft",
    f"{HOME}/gaps/1/dismiss",
    f"{HOME}/gaps/1/reopen",
    f"{HOME}/releases",
    f"{HOME}/releases/preview",
]


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def stranger(deps: FakeConsole) -> Iterator[FlaskClient]:
    with build(deps).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        yield client


@pytest.fixture(scope="module")
def cookie() -> str:
    """Of one log-in for all tests here: to check a password takes its time."""
    with build(FakeConsole()).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        return log_in(client).headers["Set-Cookie"].partition(";")[0].partition("=")[2]


@pytest.fixture
def admin(stranger: FlaskClient, cookie: str) -> FlaskClient:
    stranger.set_cookie("__Host-deskhand", cookie)
    return stranger


def look(admin: FlaskClient, path: str = HOME, **query: str) -> dict[str, str]:
    answer = admin.get(path, query_string=query)
    assert answer.status_code == 200
    return words(answer.text)


def press(admin: FlaskClient, path: str, **form: str | list[str]) -> tuple[int, str]:
    answer = admin.post(path, data={"csrf_token": token(admin.get(HOME)), **form}, headers=FROM)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_nobody_sees_or_presses_anything_without_a_log_in(stranger: FlaskClient, deps: FakeConsole) -> None:
    assert {stranger.get(path).status_code for path in PAGES} == {303}
    assert {stranger.post(path, headers=FROM).status_code for path in ACTIONS} == {401}
    assert deps.knowledge_done == []


@pytest.mark.parametrize("path", ACTIONS)
def test_a_form_that_is_not_ours_does_nothing(admin: FlaskClient, deps: FakeConsole, path: str) -> None:
    good = token(admin.get(HOME))
    assert admin.post(path, data={"csrf_token": "0" * 64}, headers=FROM).status_code == 403
    elsewhere = {"Origin": "https://evil.example"}
    assert admin.post(path, data={"csrf_token": good}, headers=elsewhere).status_code == 403
    assert deps.knowledge_done == []


def test_it_is_in_the_navigation_with_what_is_due(admin: FlaskClient, deps: FakeConsole) -> None:
    text = admin.get(f"{HOME}/articles").text
    assert re.search(r'href="/console/knowledge" aria-current="page">Knowledge<span class="n">5<', text)
    assert "Answers" in text
    deps.knowledge = empty()
    assert 'class="n">' not in admin.get(f"{HOME}/articles").text.partition("Deliveries")[0]


def test_the_queue_says_why_whose_and_how_late(admin: FlaskClient) -> None:
    text = admin.get(HOME).text
    said = words(text)["due"]
    places = [said.index(each.title) for each in DUE]
    assert places == sorted(places)
    for row in (
        "Set up SSO with Azure Identity 2 agents flagged it: step 5 is wrong Release 4.6 changed the sign-in page"
        " Edited since, 12:00 31 Mei Tanaka",
        "Integrations guessed Release 4.6 renamed the menu Event log 12 Jonas Weber",
        "9 no owner Assign Set owner 6 days Still right Outdated Edit",
        "Ana Lind no mail address Change Set owner 12 days 2 days late",
    ):
        assert row in said
    assert "5 due, shown on 74 tickets in 7 days" in words(text)[""]
    assert "Synced 14:19, 388 articles" in words(text)[""]
    assert '<span class="st warn">2\N{NO-BREAK SPACE}days late</span>' in text
    assert 'href="https://fieldline.example/help/articles/31/edit" rel="noopener noreferrer" target="_blank"' in text


def test_the_filter_is_in_the_address_and_stays_through_a_button(admin: FlaskClient, deps: FakeConsole) -> None:
    text = admin.get(HOME, query_string={"area": "identity", "reason": "release"}).text
    assert deps.knowledge_asked[-1] == ("identity", "release")
    assert '<option value="identity" selected>' in text
    assert '<option value="release" selected>' in text
    assert text.count('name="area" value="identity"') > 4
    status, place = press(admin, f"{HOME}/articles/31/right", area="identity", reason="release")
    assert status == 303
    assert place == f"{HOME}?did=right&article=31&area=identity&reason=release"
    assert "Still right: its reviews are closed." in words(admin.get(place).text)[""]
    assert look(admin, reason="nonsense")
    assert deps.knowledge_asked[-1] == ("", "")


@pytest.mark.parametrize(
    ("action", "form", "done"),
    [
        ("articles/31/right", {}, ("right", 31, "Ana Lind")),
        ("articles/31/outdated", {}, ("outdated", 31, "Ana Lind")),
        ("articles/31/owner", {"owner": " mei "}, ("owner", 31, "", "mei")),
        ("articles/31/owner", {}, ("owner", 31, "", "")),
        ("gaps/1/dismiss", {}, ("dismiss", 31, "Ana Lind", 1)),
        ("gaps/1/reopen", {}, ("reopen", 31, "Ana Lind", 1)),
    ],
)
def test_a_button_says_who_pressed_it_and_what_came_of_it(
    admin: FlaskClient, deps: FakeConsole, action: str, form: dict[str, str], done: tuple[object, ...]
) -> None:
    status, place = press(admin, f"{HOME}/{action}", **form)
    assert status == 303
    assert deps.knowledge_done == [done]
    assert 'role="status"' in admin.get(place).text


def test_from_the_articles_own_page_a_button_leads_back_to_it(admin: FlaskClient) -> None:
    status, place = press(admin, f"{HOME}/articles/31/outdated", back="article")
    assert (status, place) == (303, f"{HOME}/articles/31?did=outdated")
    assert "Was that wrong? Press Still right." in words(admin.get(place).text)[""]


def test_an_owner_nobody_knows_is_refused_with_the_reason(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.refusal = "There is no person nobody."
    status, text = press(admin, f"{HOME}/articles/31/owner", owner="nobody", area="identity")
    assert status == 422
    assert "Nothing was changed. There is no person nobody." in words(text)[""]
    assert deps.knowledge_asked[-1] == ("identity", "")


def test_reading_the_articles_is_asked_for_once(admin: FlaskClient, deps: FakeConsole) -> None:
    status, place = press(admin, f"{HOME}/sync")
    assert (status, deps.knowledge_done) == (303, [("sync", TENANT)])
    assert "Asked for. A worker reads" in words(admin.get(place).text)[""]
    deps.syncs = False
    assert "It waits or goes on already." in words(admin.get(press(admin, f"{HOME}/sync")[1]).text)[""]


@pytest.mark.parametrize(
    ("synced", "said"),
    [
        (Synced(articles=1, at=ago(0.003)), "Synced 14:19, 1 article"),
        (Synced(articles=40, at=ago(1), reading=1200), "Reading articles: 1,200 so far"),
        (Synced(articles=40, at=ago(1), asked=True), "Waits for a worker"),
        (Synced(articles=0), "Not read yet"),
        (Synced(articles=0, problem="This helpdesk has no articles."), "This helpdesk has no articles."),
    ],
)
def test_how_far_the_reading_is(admin: FlaskClient, deps: FakeConsole, synced: Synced, said: str) -> None:
    deps.knowledge = replace(page(), synced=synced)
    assert f"Sync now {said}" in look(admin)[""]


def test_gaps_name_what_a_draft_is_made_from(admin: FlaskClient) -> None:
    said = look(admin)["gaps"]
    assert "Two-factor reset for admins Identity 27 61 Draft from 5 solved Dismiss" in said
    assert "Partial refunds after downgrade Billing 14 33 Open draft Dismiss" in said
    assert "Rate limits per region API 11 19 none solved yet Dismiss" in said


def test_a_dismissed_gap_can_be_taken_back(admin: FlaskClient, deps: FakeConsole) -> None:
    _, place = press(admin, f"{HOME}/gaps/2/dismiss")
    text = admin.get(place).text
    assert f'action="{HOME}/gaps/2/reopen"' in text
    press(admin, f"{HOME}/gaps/2/reopen")
    assert deps.knowledge_done[-1] == ("reopen", 31, "Ana Lind", 2)


def test_a_draft_is_made_shown_and_downloaded(admin: FlaskClient, deps: FakeConsole) -> None:
    assert "None was made yet. Draft from 5 solved" in look(admin, f"{HOME}/gaps/1")["draft"]
    assert admin.get(f"{HOME}/gaps/1/draft.md").status_code == 404
    status, text = press(admin, f"{HOME}/gaps/1/draft")
    assert (status, deps.knowledge_done) == (200, [("draft", 31, "Ana Lind", 1, False)])
    assert "Reading solved tickets" in text
    assert "The draft is ready" in text
    deps.gap = replace(deps.gap, draft=DRAFT, changed_by="Ana Lind", changed_at=ago(0.01))
    said = look(admin, f"{HOME}/gaps/1")
    assert "Made by Ana Lind" in said["draft"]
    assert "Open People and choose Remove second factor." in said["draft"]
    assert "#48102" in said["asked"]
    answer = admin.get(f"{HOME}/gaps/1/draft.md")
    assert answer.text == DRAFT
    assert answer.headers["Content-Disposition"] == 'attachment; filename="two-factor-reset-for-admins.md"'
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"


def test_a_draft_that_cannot_be_made_says_why(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.refusal = "The helpdesk does not answer. Try again in a minute."
    status, text = press(admin, f"{HOME}/gaps/1/draft", again="1")
    assert status == 200
    assert "No draft was made The helpdesk does not answer." in words(text)[""]
    assert "The draft is ready" not in text
    deps.refusal = ""
    deps.draft_fails = RuntimeError("a secret of ours")
    text = press(admin, f"{HOME}/gaps/1/draft", again="1")[1]
    assert "Something failed here. It is in the log." in text
    assert "a secret of ours" not in text


def test_a_gap_that_was_dismissed_can_be_taken_back_on_its_page(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.gap = replace(gap_page(), is_open=False)
    text = admin.get(f"{HOME}/gaps/1").text
    assert "It is not in the queue." in text
    assert f'formaction="{HOME}/gaps/1/reopen">Take it back' in text


def test_the_search_test_has_counts_and_ranges(admin: FlaskClient, deps: FakeConsole) -> None:
    said = look(admin)["finds"]
    assert "240 past tickets with the article an agent inserted. Ranges: 95 %." in said
    assert "In the first 3 94.2 % (90.4 to 96.5 %) First 81.7 % (76.3 to 86.1 %)" in said
    assert "Inserted by agents 412 of 1,904 tickets in 7 days" in said
    few = replace(TEST, first=wilson(20, 29), in_three=wilson(27, 29), by_agents=False)
    deps.knowledge = replace(page(), test=few, refused=replace(TEST, why="It found 8 fewer of 240 first."))
    said = look(admin)["finds"]
    assert "29 questions of a file. In the first 3 27 of 29 First 20 of 29" in said
    assert "%" not in said
    assert "A newer index was not put into use, 03:07. It found 8 fewer of 240 first." in said


def test_articles_to_look_at_say_what_and_why(admin: FlaskClient) -> None:
    said = look(admin)["findings"]
    assert "Keyboard shortcuts Shown, never used Shown on 64 tickets, inserted on none" in said
    assert "Reset your password and Choose a new password There twice 97 % the same words" in said


def test_deflection_is_told_as_a_count_and_only_where_it_is_known(admin: FlaskClient, deps: FakeConsole) -> None:
    assert "away" not in look(admin)
    away = Deflection(people=700, undecided=40, read=310, read_quiet=120, unread=350, unread_quiet=90)
    deps.knowledge = replace(page(), away=away)
    said = look(admin)["away"]
    assert "Read one, wrote nothing within 72 h 120 of 310" in said
    assert "Read none, wrote nothing within 72 h 90 of 350" in said
    assert "Not over yet 40" in said
    assert "%" not in said
    assert "This is no proof" in said
    deps.knowledge = replace(page(), away=replace(away, people=0))
    assert "away" not in look(admin)


def test_every_empty_box_says_what_will_be_there_and_what_to_do(admin: FlaskClient, deps: FakeConsole) -> None:
    said = look(admin, f"/console/knowledge/{OTHER}")
    assert "None are read yet: press Sync now" in said["due"]
    assert "Articles first: press Sync now." in said["gaps"]
    assert "deskhand kb evaluate FILE.csv" in said["finds"]
    assert "See all articles" in said["findings"]
    deps.knowledge = replace(empty(), synced=Synced(articles=12, at=ago(0.1)))
    assert "Nothing is due. Articles appear here when" in look(admin)["due"]
    assert "Nothing is due for this filter. Show all" in look(admin, area="api")["due"]
    deps.knowledge = None
    assert "Connect a helpdesk" in admin.get("/console/knowledge").text


def test_rules_that_cannot_be_read_say_what_to_do(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.knowledge = replace(page(), problem="review: within_days: it must be a number.")
    said = look(admin)[""]
    assert "The knowledge rules in use cannot be read." in said
    assert "deskhand config import knowledge FILE" in said


def test_the_list_of_articles_is_filtered_and_paged_in_the_address(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.articles = replace(deps.articles, more=True)
    query = {"q": "sso", "state": "review_due", "area": "identity", "locale": "de", "source": "helpdesk", "page": "3"}
    text = admin.get(f"{HOME}/articles", query_string=query).text
    asked = Search(q="sso", state="review_due", area="identity", locale="de", source="helpdesk")
    assert deps.knowledge_asked[-1] == (asked, 3)
    kept = "q=sso&amp;state=review_due&amp;area=identity&amp;locale=de&amp;source=helpdesk"
    assert f'articles?page=4&amp;{kept}">Next page' in text
    assert f'articles?page=2&amp;{kept}">Page before' in text
    assert f'articles.csv?{kept}">Export CSV' in text
    said = words(text)
    assert "371 verified , 12 review due , 3 outdated , 2 draft ." in said[""]
    assert "Set up SSO with Azure en-us Review due Identity Mei Tanaka 17 Aug 15:24 for 4.4 118 44" in said["list"]
    assert "Old exports en-us Outdated Identity Mei Tanaka never 0 0" in said["list"]
    assert "Quarterly plan en-us, folder:handbook Draft Mei Tanaka" in said["list"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "²", ""])
def test_a_page_that_is_no_number_is_the_first(admin: FlaskClient, deps: FakeConsole, number: str) -> None:
    assert look(admin, f"{HOME}/articles", page=number)
    assert deps.knowledge_asked[-1] == (Search(), 1)


def test_no_article_matching_is_not_no_article(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.articles = replace(deps.articles, rows=())
    assert "None are read yet." in look(admin, f"{HOME}/articles")["list"]
    assert "No article matches. Show all" in look(admin, f"{HOME}/articles", q="x")["list"]


def test_the_export_is_a_table_in_which_no_title_is_a_formula(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.articles = replace(deps.articles, rows=(replace(rows()[0], title='=HYPERLINK("https://evil.example")'),))
    answer = admin.get(f"{HOME}/articles.csv", query_string={"q": "x"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="articles.csv"'
    read = list(csv.reader(io.StringIO(answer.text)))
    assert read[1][1] == '\'=HYPERLINK("https://evil.example")'
    assert deps.knowledge_asked[-1] == Search(q="x")


def test_one_article_shows_its_text_its_changes_and_what_was_done(admin: FlaskClient) -> None:
    text = admin.get(f"{HOME}/articles/31").text
    said = words(text)
    assert (
        "Before you begin You need the role Admin. It takes ten minutes. Open Settings Choose Security" in said["text"]
    )
    assert "<h3>Before you begin</h3>" in text
    assert "<h4>If it fails</h4>" in text
    assert "Bearer &lt;token&gt;" in text
    assert "<del>It takes five minutes.</del>" in text
    assert "<ins>It takes ten minutes.</ins>" in text
    assert "Other changes: 1, 19 Aug 15:24" in said["changes"]
    assert "<del>- Choose Access</del>" in admin.get(f"{HOME}/articles/31?change=1").text
    assert "de Verified" in said["languages"]
    assert "10 Nov 31 12 2 2" in said["use"]
    assert "Flagged on #48102 : “Step 5 is wrong” Tomás Rey, 16 Nov 09:36" in said["use"]
    assert "Release 4.6 changed the sign-in page A release 4.6 5 Nov 02:24 15 Nov 02:24 2 days late" in said["reviews"]
    assert "Still right Mei Tanaka, 17 Aug 15:24" in said["reviews"]
    assert "Checked by Mei Tanaka, 17 Aug 15:24, for 4.4." in said[""]


def test_facts_are_saved_as_they_are_typed(admin: FlaskClient, deps: FakeConsole) -> None:
    form = {
        "owner": " mei@fieldline.example ",
        "area": ["api", "data", "api"],
        "role": ["admin"],
        "applies_from": "4.6",
    }
    status, place = press(admin, f"{HOME}/articles/31/facts", **form)  # type: ignore[arg-type]
    assert (status, place) == (303, f"{HOME}/articles/31?did=facts")
    facts = Facts(owner="mei@fieldline.example", product_areas=("api", "data"), roles=("admin",), applies_from="4.6")
    assert deps.knowledge_done == [("facts", 31, "", facts)]


def test_facts_that_are_refused_stay_in_the_form(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.refusal = "There is no product area moon."
    status, text = press(admin, f"{HOME}/articles/31/facts", owner="nobody", applies_to="9.9")
    assert status == 422
    assert "Nothing was changed. There is no product area moon." in words(text)[""]
    assert 'value="nobody"' in text
    assert 'value="9.9"' in text


def test_facts_of_a_file_are_changed_in_the_file(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.article = replace(article_page(), decides=False, source="folder:handbook")
    text = admin.get(f"{HOME}/articles/31").text
    assert "They stand in its file, folder:handbook" in words(text)["facts"]
    assert "/facts" not in text


def test_an_article_without_anything_says_what_will_be_there(admin: FlaskClient, deps: FakeConsole) -> None:
    bare = replace(article_page(), text="", versions=(), open=(), past=(), weeks=(), judgements=(), languages=())
    deps.article = replace(bare, state=State.VERIFIED, checked_at=None)
    said = look(admin, f"{HOME}/articles/31")
    assert "It has no text." in said["text"]
    assert "It has not changed since it was read first." in said["changes"]
    assert "It was shown on none in 12 weeks." in said["use"]
    assert "No review was opened yet." in said["reviews"]
    assert "Nobody has checked it here yet." in said[""]
    assert "languages" not in said


def test_releases_say_what_each_opened(admin: FlaskClient) -> None:
    said = look(admin, f"{HOME}/releases/2")
    assert "4.6 Certificates and the event log Integrations, Identity 13 Nov 09:36 API 2 1" in said["list"]
    assert "4.5 any" in said["list"]
    assert "Which certificates we accept Release 4.6 changed certificate pinning Review due" in said["opened"]
    assert "Release 4.6 changed the sign-in page Still right" in said["opened"]
    assert "https://deskhand.example/api/releases" in said["send"]
    assert "No article documents what it changed." in look(admin, f"{HOME}/releases/1")["opened"]


def test_a_release_is_looked_at_before_it_is_saved(admin: FlaskClient, deps: FakeConsole) -> None:
    form = {"version": " 4.7 ", "title": "Menus", "area": ["app"], "notes": "Renamed the menu\nEvent log"}
    status, text = press(admin, f"{HOME}/releases/preview", **form)  # type: ignore[arg-type]
    draft = ReleaseDraft(version="4.7", title="Menus", areas=("app",), notes="Renamed the menu\nEvent log")
    assert (status, deps.knowledge_done) == (200, [("preview", 31, "", draft)])
    said = words(text)["preview"]
    assert "It would open 1 article" in said
    assert "Nothing is saved yet Would be opened Article Why Which certificates we accept" in said
    deps.by_words = True
    assert "By words alone" in words(press(admin, f"{HOME}/releases/preview", **form)[1])["preview"]  # type: ignore[arg-type]
    assert ">Renamed the menu\nEvent log</textarea>" in text
    assert '<input type="checkbox" name="area" value="app" checked>' in text
    status, place = press(admin, f"{HOME}/releases", **form)  # type: ignore[arg-type]
    assert (status, place) == (303, f"{HOME}/releases?did=added")
    assert deps.knowledge_done[-1] == ("release", 31, "", draft)
    assert "The release is kept." in words(admin.get(place).text)[""]


def test_a_release_that_is_refused_stays_in_the_form(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.refusal = "A release needs a version."
    for path in ("releases", "releases/preview"):
        status, text = press(admin, f"{HOME}/{path}", notes="Something")
        assert status == 422
        assert "Nothing was saved. A release needs a version." in words(text)[""]
        assert ">Something</textarea>" in text


@pytest.mark.parametrize(
    "path",
    [
        "/console/knowledge/nobody",
        "/console/knowledge/nobody/articles",
        "/console/knowledge/nobody/articles.csv",
        "/console/knowledge/nobody/articles/31",
        "/console/knowledge/nobody/releases",
        f"{HOME}/articles/99",
        f"{HOME}/articles/x",
        f"{HOME}/gaps/99",
        f"{HOME}/releases/99",
    ],
)
def test_what_is_not_there_is_a_404(admin: FlaskClient, path: str) -> None:
    assert admin.get(path).status_code == 404


@pytest.mark.parametrize("path", [each.replace(TENANT, "nobody") for each in ACTIONS] + [f"{HOME}/articles/99/right"])
def test_nothing_is_done_to_what_is_not_there(admin: FlaskClient, deps: FakeConsole, path: str) -> None:
    assert press(admin, path, version="1", notes="x")[0] == 404
    assert deps.knowledge_done == []


@pytest.mark.parametrize("payload", XSS)
def test_no_text_becomes_markup(admin: FlaskClient, deps: FakeConsole, payload: str) -> None:
    owner = Owner(key=payload, name=payload, unreachable=payload)
    about = replace(DUE[0].about, areas=(payload,))
    due = replace(DUE[0], title=payload, why=(("release", payload),), owner=owner, about=about, locale=payload)
    gap = replace(GAPS[0], title=payload, area=payload, author=payload)
    finding = replace(FINDINGS[2], title=payload, why=payload, other_title=payload, kind=payload)
    deps.knowledge = replace(
        page(),
        due=(due,),
        gaps=(gap,),
        findings=(finding,),
        refused=replace(TEST, why=payload),
        people=(owner,),
        problem=payload,
        synced=Synced(articles=0, problem=payload),
    )
    deps.gap = replace(gap_page(), row=gap, words=(payload,), tickets=(payload,), draft=payload, changed_by=payload)
    article = article_page()
    deps.article = replace(
        article,
        title=payload,
        text=f"# {payload}\n{payload}\n- {payload}\n```\n{payload}\n```",
        locale=payload,
        facts=Facts(owner=payload, product_areas=(payload,), roles=(payload,), applies_from=payload),
        owner=owner,
        people=(owner,),
        releases=(payload,),
        versions=tuple(replace(each, title=payload, text=f"{payload}\nb") for each in article.versions),
        open=tuple(replace(each, why=payload, release=payload) for each in article.open),
        past=tuple(replace(each, why=payload, closed_by=payload, outcome=payload) for each in article.past),
        judgements=tuple(replace(each, note=payload, by=payload, ticket=payload) for each in article.judgements),
        languages=((31, payload, State.VERIFIED), (32, payload, State.VERIFIED)),
        checked_by=payload,
        checked_for=payload,
    )
    row = replace(rows()[0], title=payload, locale=payload, source=payload, owner=owner, about=about)
    deps.articles = replace(deps.articles, rows=(row,), locales=(payload, "de"), sources=(payload, "helpdesk"))
    release = replace(deps.releases.rows[0], version=payload, title=payload, areas=(payload,), source=payload)
    deps.releases = replace(deps.releases, rows=(release,))
    query = {"q": payload, "area": payload}
    looks = [lambda path=path: admin.get(path, query_string=query) for path in PAGES if not path.endswith(".csv")]
    form = {"csrf_token": token(admin.get(HOME)), "notes": payload, "version": payload, "owner": payload}
    for action in ("articles/31/owner", "articles/31/facts", "gaps/1/draft", "releases/preview"):
        looks.append(lambda action=action: admin.post(f"{HOME}/{action}", data=form, headers=FROM))
    deps.refusal = payload
    for look_at in looks:
        answer = look_at()
        path, text = answer.request.path, answer.text  # read at once: one of them is still being written
        assert answer.status_code in (200, 422), path
        marks = Marks()
        marks.feed(text)
        assert not {tag for tag, _ in marks.found} & {"img", "iframe"}, path
        assert not any(name.startswith("on") for _, attrs in marks.found for name in attrs), path
        assert all(attrs.get("src") for tag, attrs in marks.found if tag == "script"), path
        assert "49" not in re.sub(r"[0-9a-f]{64}", "", text) or payload != "{{ 7*7 }}", path


def test_the_pages_keep_to_the_strict_policy(admin: FlaskClient) -> None:
    for path in PAGES:
        answer = admin.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        marks = Marks()
        marks.feed(answer.text)
        assert not [tag for tag, attrs in marks.found if "style" in attrs or tag == "style"], path
