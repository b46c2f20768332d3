"""Articles in the store: what changed is told, what it said before is kept, and nothing is HTML any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.article_text import article_text
from connectors.store import Store
from connectors.store.article_rows import HELPDESK, as_html, place_of, plain
from connectors.store.article_writes import VERSIONS_KEPT, Counts
from connectors.store.articles import NEXT
from tests.conftest import ToldClock, new_tenant
from triage.articles import Article, Audience, Facts, State, changed_lines

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = (
    "<h2>Import</h2><p onclick=alert(1)>Choose <b>Import</b>.</p><script>alert(document.cookie)</script>"
    "<img src=x onerror=alert(1)><a href='javascript:alert(2)'>here</a><style>p{}</style><iframe src=//evil></iframe>"
)


def article(ref: str = "1", **changes: object) -> Article:
    values: dict[str, object] = {
        "ref": ref,
        "locale": "en",
        "title": f"Article {ref}",
        "body_html": "<p>Choose Export.</p>",
        "section": ("Data", "Exports"),
        "labels": ("csv",),
        "audience": Audience.EVERYONE,
        "created_at": WRITTEN,
        "updated_at": WRITTEN,
    }
    return Article(**(values | changes))  # type: ignore[arg-type]


def keep(
    store: Store,
    clock: ToldClock,
    *found: Article,
    tenant: str = "acme",
    source: str = HELPDESK,
    facts: dict[tuple[str, str], Facts] | None = None,
) -> Counts:
    reads = store.articles.compare(tenant, source, found, facts)
    with store.database.write() as transaction:
        return store.articles.keep_in(transaction, tenant, source, reads, now=clock())


def delete_unseen(store: Store, clock: ToldClock, since: datetime, source: str = HELPDESK) -> int:
    with store.database.write() as transaction:
        return store.articles.delete_unseen_in(transaction, "acme", source, since=since, now=clock())


def test_what_was_read_is_found_again(store: Store, tenant: str, clock: ToldClock) -> None:
    restricted = article(audience=Audience.RESTRICTED, allowed=("organization:7",), url="https://help.example/1")
    assert keep(store, clock, restricted) == Counts(new=1)
    [kept] = store.articles.find(tenant)
    assert replace(kept.article, body_html="<p>Choose Export.</p>") == restricted
    assert (kept.key, kept.source, kept.state, kept.facts) == ("1", HELPDESK, State.VERIFIED, Facts())
    assert kept.first_seen == kept.changed_at == kept.checked_at == clock()
    assert store.articles.text(tenant, kept.id) == "Choose Export."
    assert store.articles.versions(tenant, kept.id) == []


def test_the_same_again_is_only_noted_as_seen(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article())
    began = clock()
    clock.forward(hours=1)
    later = article(updated_at=WRITTEN + timedelta(days=1))
    assert keep(store, clock, later) == Counts(unchanged=1)
    [kept] = store.articles.find(tenant)
    assert (kept.changed_at, kept.checked_at, kept.article.updated_at) == (began, clock(), later.updated_at)
    assert [each.text for each in store.articles.compare(tenant, HELPDESK, [later])] == [None]


def test_a_change_of_the_text_keeps_what_it_said_before(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article())
    clock.forward(hours=1)
    changed = article(title="Export", body_html="<p>Choose Export.</p><p>Then CSV.</p>")
    assert keep(store, clock, changed) == Counts(changed=1)
    [kept] = store.articles.find(tenant)
    text = store.articles.text(tenant, kept.id)
    [before] = store.articles.versions(tenant, kept.id)
    assert (before.title, before.text, before.replaced_at) == ("Article 1", "Choose Export.", clock())
    lines = changed_lines(before, kept.article.title, text)
    assert [line for line in lines if line[0] in "+-"] == ["-# Article 1", "+# Export", "+", "+Then CSV."]


def test_a_change_of_who_may_read_it_is_no_version(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article())
    assert keep(store, clock, article(audience=Audience.AGENTS)) == Counts(changed=1)
    [kept] = store.articles.find(tenant)
    assert kept.article.audience is Audience.AGENTS
    assert store.articles.versions(tenant, kept.id) == []


def test_old_versions_go(store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(VERSIONS_KEPT + 3):
        keep(store, clock, article(body_html=f"<p>{number}</p>"), article("2", body_html=f"<p>{number}</p>"))
    for kept in store.articles.find(tenant):
        texts = [each.text for each in store.articles.versions(tenant, kept.id)]
        assert texts == [str(number) for number in range(VERSIONS_KEPT + 1, 1, -1)]


def test_what_a_listing_lacks_is_deleted_and_comes_back(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article("1"), article("2"), article("2", locale="de"))
    keep(store, clock, article("2"), source="folder:handbook")
    clock.forward(hours=1)
    began = clock()
    keep(store, clock, article("1"), article("2"))
    assert delete_unseen(store, clock, began) == 1
    assert delete_unseen(store, clock, began) == 0
    assert [(each.key, each.article.locale) for each in store.articles.find(tenant, deleted=True)] == [("2", "de")]
    assert store.articles.sources(tenant) == {HELPDESK: 2, "folder:handbook": 1}
    assert keep(store, clock, article("2", locale="de")) == Counts(changed=1)
    assert store.articles.find(tenant, deleted=True) == []


def test_what_cannot_be_read_now_is_still_there(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article("1"), article("2"))
    clock.forward(hours=1)
    with store.database.write() as transaction:
        store.articles.touch_in(transaction, tenant, HELPDESK, {"1"}, clock())
    assert delete_unseen(store, clock, clock()) == 1
    assert [each.key for each in store.articles.find(tenant)] == ["1"]


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({}, {"is_draft": True}, State.DRAFT),
        ({"is_draft": True}, {}, State.VERIFIED),
        ({}, {"is_outdated": True}, State.OUTDATED),
        ({"is_outdated": True}, {}, State.VERIFIED),
        ({"is_outdated": True}, {"is_draft": True, "is_outdated": True}, State.DRAFT),
    ],
)
def test_what_the_source_says_of_it_holds(
    store: Store, tenant: str, clock: ToldClock, before: dict[str, bool], after: dict[str, bool], state: State
) -> None:
    keep(store, clock, article(**before))
    keep(store, clock, article(**after))
    [kept] = store.articles.find(tenant)
    assert kept.state is state
    assert kept.article.is_draft == (state is State.DRAFT)
    assert kept.article.is_outdated == (state is State.OUTDATED)


def test_what_a_person_decided_outlives_a_reading(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article())
    [kept] = store.articles.find(tenant)
    for state, after_an_edit in ((State.REVIEW_DUE, State.REVIEW_DUE), (State.OUTDATED, State.REVIEW_DUE)):
        assert store.articles.set_state(tenant, kept.id, state, now=clock())
        same_text = store.articles.text(tenant, kept.id)
        keep(store, clock, article(labels=(state.value,), body_html=f"<p>{same_text}</p>"))
        assert store.articles.find(tenant)[0].state is state
        keep(store, clock, article(body_html=f"<p>{state.value}</p>"))
        assert store.articles.find(tenant)[0].state is after_an_edit
    assert not store.articles.set_state("globex", kept.id, State.VERIFIED, now=clock())


def test_hostile_html_is_text_only(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article(title="<b>Bold</b>\0\ud800", body_html=HOSTILE, url="javascript:alert(1)"))
    [kept] = store.articles.find(tenant)
    text = store.articles.text(tenant, kept.id)
    assert text == "## Import\n\nChoose Import.\n\nhere"
    assert (kept.article.url, kept.article.title) == (None, "<b>Bold</b> ?")
    [whole] = store.articles.to_index(tenant)
    assert "<script" not in whole.body_html
    assert "onclick" not in whole.body_html


@pytest.mark.parametrize(
    "html",
    [
        "<p>Write &lt;br&gt; and &lt;/p&gt; and &lt;/div&gt;.</p><pre>&lt;div id=x&gt;\n  &lt;/div&gt;</pre>Done.",
        "<h1>A</h1><ul><li>a<ul><li>b</ul></ul><table><tr><th>R<th>S<tr><td>1<td>2</table>&amp;lt; &lt;script&gt;",
        "<pre>\n\n\nx\n\n\n</pre><pre>",
        "<pre>a\r\nb\rc</pre>&#13;\r<h2>```</h2>x",
        "```\n&lt;p&gt;",
        HOSTILE,
        "",
    ],
)
def test_reading_the_text_as_html_gives_the_same_text(html: str) -> None:
    text = plain(html)
    assert article_text(as_html(text)) == text
    assert plain(as_html(text)) == text


def test_code_about_html_is_kept(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, clock, article(body_html="<p>Before &lt;/body&gt;:</p><pre>&lt;div&gt;\n  &lt;/div&gt;</pre>"))
    [whole] = store.articles.to_index(tenant)
    assert article_text(whole.body_html) == "Before </body>:\n\n```\n<div>\n  </div>\n```"


def test_a_source_that_knows_more_decides_about_it(store: Store, tenant: str, clock: ToldClock) -> None:
    source, mine = "folder:handbook", Facts(owner="Kim", product_areas=("sso",), roles=("admin",), applies_from="5.2")
    assert keep(store, clock, article("a/b.md"), source=source, facts={("a/b.md", "en"): mine}) == Counts(new=1)
    [kept] = store.articles.languages(tenant, "folder:handbook/a/b.md")
    assert (kept.facts, kept.article.ref) == (mine, kept.key)
    assert keep(store, clock, article("a/b.md"), source=source, facts={}) == Counts(changed=1)
    assert store.articles.find(tenant)[0].facts == Facts()


def test_filters_and_counts(store: Store, tenant: str, clock: ToldClock) -> None:
    facts = {("2", "en"): Facts(product_areas=("sso", 'ä"%'), roles=("admin",))}
    keep(store, clock, article("1", is_draft=True), article("2", title="Réset 100 %"), source="csv:x", facts=facts)
    keep(store, clock, article("3", locale="de"))

    def keys(**wanted: object) -> list[str]:
        return [each.key for each in store.articles.find(tenant, **wanted)]  # type: ignore[arg-type]

    assert keys() == ["csv:x/1", "3", "csv:x/2"]
    assert keys(limit=1, offset=1) == ["3"]
    assert keys(state=State.DRAFT) == ["csv:x/1"]
    assert keys(locale="de") == keys(source=HELPDESK) == ["3"]
    assert keys(product_area="sso") == keys(product_area='ä"%') == keys(role="admin") == ["csv:x/2"]
    assert keys(words="0 %") == ["csv:x/2"]
    assert keys(product_area="ss") == keys(role="%") == []
    assert keys(words="%") == ["csv:x/2"]
    assert store.articles.counts(tenant) == {
        State.DRAFT: 1,
        State.VERIFIED: 2,
        State.REVIEW_DUE: 0,
        State.OUTDATED: 0,
    }


def test_tenants_do_not_see_each_other(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other", now=clock())
    keep(store, clock, article())
    keep(store, clock, article(body_html="<p>Theirs</p>"), tenant="globex")
    keep(store, clock, article(body_html="<p>Theirs again</p>"), tenant="globex")
    [ours], [theirs] = store.articles.find(tenant), store.articles.find("globex")
    assert store.articles.text(tenant, theirs.id) == ""
    assert store.articles.versions(tenant, theirs.id) == []
    assert delete_unseen(store, clock, clock.forward(hours=1)) == 1
    assert store.articles.find("globex") == [theirs]
    assert list(store.articles.to_index(tenant)) == []
    assert [each.body_html for each in store.articles.to_index("globex")] == ["<p></p>Theirs again<br>"]
    assert ours.id != theirs.id


def test_the_mark_tells_every_change(store: Store, tenant: str, clock: ToldClock) -> None:
    seen = [store.articles.mark(tenant)]
    for found in (article(), article("2"), article(body_html="<p>New</p>")):
        clock.forward(minutes=1)
        keep(store, clock, found)
        seen.append(store.articles.mark(tenant))
    clock.forward(minutes=1)
    keep(store, clock, article("2"))
    assert store.articles.mark(tenant) == seen[-1]
    assert delete_unseen(store, clock, clock()) == 1
    assert len({*seen, store.articles.mark(tenant)}) == 5


def test_who_was_never_read_or_is_due_is_read(store: Store, tenant: str, clock: ToldClock) -> None:
    assert store.articles.due(clock()) == [tenant]
    with store.database.write() as transaction:
        at = (clock() + timedelta(hours=1)).isoformat()
        store.cursors.set_in(transaction, tenant, NEXT, at, now=clock())
    assert store.articles.due(clock()) == []
    assert store.articles.due(clock.forward(hours=1)) == [tenant]
    clock.forward(days=-30)
    assert store.articles.due(clock()) == [tenant], "the clock was a month ahead"


def test_many_articles_at_once(store: Store, tenant: str, clock: ToldClock) -> None:
    many = [article(str(number)) for number in range(450)]
    assert keep(store, clock, *many) == Counts(new=450)
    assert keep(store, clock, *many, many[0]) == Counts(unchanged=450)
    assert [each.ref for each in store.articles.to_index(tenant)] == [each.ref for each in many]


def test_a_key_says_its_source() -> None:
    assert place_of("360001") == (HELPDESK, "360001")
    assert place_of("folder:a/b/c.md") == ("folder:a", "b/c.md")
    assert place_of("a/b") == (HELPDESK, "a/b")
