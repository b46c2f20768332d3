"""Which articles a release touches: as people judged, and what holds for any release."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.encoder import Encoder, load, prepare
from tests.conftest import ROOT
from tests.triage.reviews.help_centre import article, release, seeded, touched
from tests.triage.reviews.measure import keys, measure
from tests.triage.reviews.test_cases import read
from triage.reviews.affected import OPENS, Affected, Documented

MODELS = ROOT / "var" / "models"
PORTAL = "Give your customers access to the portal"
CERTIFICATES = "Which certificates to trust for webhooks and mutual TLS"


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The product's own."""
    prepare(MODELS)
    return load(MODELS)


@pytest.fixture(scope="module")
def articles(encoder: Encoder) -> list[Documented]:
    return seeded(encoder)


@pytest.fixture(scope="module")
def wordless() -> list[Documented]:
    """The same without vectors."""
    return seeded(None)


@pytest.mark.parametrize("name", ["tuning", "fan_out"])
def test_the_articles_are_those_that_people_would_check(
    name: str, articles: list[Documented], encoder: Encoder
) -> None:
    """On two of the lists it was fitted on; docs/releases.md says how it does on releases it has not seen: worse."""
    measured = measure(read(name), articles, encoder)
    assert measured.precision >= 0.9, measured.wrong
    assert measured.recall >= 0.9, measured.wrong


def test_all_languages_of_an_article_are_touched_and_the_evidence_can_be_kept(
    articles: list[Documented], encoder: Encoder
) -> None:
    told = release("- The link in a password mail now works for 15 minutes only.", areas=("identity",))
    found = touched(told, articles, encoder)
    assert {(articles[each.index].key, articles[each.index].locale) for each in found} == {
        ("Reset your password", "en"),
        ("Reset your password", "de"),
    }
    for each in found:
        assert OPENS <= each.score <= 1
        assert each.why.startswith("Release 4.6 ")
        assert each.evidence["change"] == "The link in a password mail now works for 15 minutes only."
        assert json.loads(json.dumps(each.evidence)) == each.evidence


def test_a_renamed_menu_entry_touches_whoever_leads_through_it(wordless: list[Documented]) -> None:
    told = release("**Developers** in the menu is renamed to **Platform**.")
    found = touched(told, wordless)
    through = {each.key for each in wordless if "Developers >" in each.text}
    assert len(through) >= 4
    assert keys(found, wordless) == through
    assert {each.why for each in found} == {'Release 4.6 renamed "Developers"'}


def test_a_rare_term_finds_its_article_without_vectors_and_says_where(wordless: list[Documented]) -> None:
    found = touched(release("`IMP-310` is now a warning, the import of external_id goes on."), wordless)
    assert keys(found, wordless) == {"Import sites and customers in bulk: columns and limits"}
    assert found[0].why == 'Release 4.6 changed "IMP-310"'
    assert "IMP-310" in found[0].evidence["terms"][0]["passage"]
    assert found[0].evidence["similarity"] is None


def test_a_repaired_fault_touches_nothing_and_a_change_of_the_same_does(
    articles: list[Documented], encoder: Encoder
) -> None:
    changed = "- Customers sign in to the portal with a password; the link by mail is no longer sent."
    fixed = "### Fixes\n- Customers who sign in to the portal by a link no longer see a white page."
    assert keys(touched(release(changed), articles, encoder), articles) == {PORTAL}
    assert touched(release(fixed), articles, encoder) == ()
    assert touched(release(fixed.replace("Fixes", "Internal")), articles, encoder) == ()


def test_what_stays_as_it_was_touches_nothing(articles: list[Documented], encoder: Encoder) -> None:
    assert touched(release("Access to the portal stays as it was. Invoices are not affected."), articles, encoder) == ()


def test_an_article_of_other_releases_is_not_touched(encoder: Encoder) -> None:
    text = "The certificate pinning of the phone app trusts one issuer."
    more = {"Invoices": "Invoices come monthly.", "Roles": "An admin gives roles.", "Export": "Choose CSV."}
    others = [article(key, key, words, encoder) for key, words in more.items()]

    def is_touched(applies_from: str | None, applies_to: str | None) -> bool:
        pinned = article("pin", "Certificate pinning", text, encoder, applies_from=applies_from, applies_to=applies_to)
        told = release("Certificate pinning in the phone app trusts two issuers.", "4.6.1")
        return keys(touched(told, [pinned, *others], encoder), [pinned, *others]) == {"pin"}

    assert is_touched(None, None)
    assert is_touched("4.2", "4.6")
    assert is_touched("v4.6", "Release 5")
    assert is_touched("spring", "autumn")
    assert not is_touched(None, "4.5")
    assert not is_touched(None, "4.6.0")
    assert not is_touched("4.7", None)


def test_a_release_that_names_nothing_known_touches_nothing(
    articles: list[Documented], wordless: list[Documented], encoder: Encoder
) -> None:
    for notes in (
        "The soup is now served with fresh basil instead of parsley.",
        "- Dragons breathe fire twice as far\n- Three new castles in the northern kingdom",
        "Wir haben die Heizung im Treppenhaus erneuert.",
    ):
        assert touched(release(notes), articles, encoder) == ()
        assert touched(release(notes), wordless) == ()


def test_without_articles_or_changes_nothing_is_touched(articles: list[Documented], encoder: Encoder) -> None:
    assert touched(release("Exports hold 10 GB."), [], encoder) == ()
    for notes in ("", "  \n\n", "<p></p>", "---", "## Heading only", "https://example.com/notes", "12 34"):
        assert touched(release(notes), articles, encoder) == ()


NOTES = "- One export goes up to 10 GB.\n- Fieldline Issuing CA G4 issues client certificates.\n- People becomes Team."


def test_the_order_of_articles_does_not_matter(articles: list[Documented], encoder: Encoder) -> None:
    expected = [(articles[each.index].key, articles[each.index].locale, each) for each in _found(articles, encoder)]
    assert len(expected) >= 2
    for number in range(3):
        mixed = random.Random(number).sample(articles, len(articles))
        found = _found(mixed, encoder)
        assert [(mixed[each.index].key, mixed[each.index].locale) for each in found] == [e[:2] for e in expected]
        for each, (_, _, before) in zip(found, expected, strict=True):
            assert (each.why, each.evidence) == (before.why, before.evidence)
            assert each.score == pytest.approx(before.score, abs=1e-3)


def test_unrelated_articles_take_nothing_away(articles: list[Documented], encoder: Encoder) -> None:
    before = keys(_found(articles, encoder), articles)
    soups = [
        article(f"soup-{number}", f"Soup number {number}", f"Boil {number} carrots and add basil.", encoder)
        for number in range(1, 9)
    ]
    assert keys(_found([*articles, *soups], encoder), [*articles, *soups]) == before


def _found(articles: list[Documented], encoder: Encoder) -> tuple[Affected, ...]:
    return touched(release(NOTES), articles, encoder)


def test_one_article_alone_is_touched_by_what_it_says_only(encoder: Encoder) -> None:
    alone = [article("exports", "Large exports", "One export holds up to 2 GB. Larger ones stop.", encoder)]
    assert len(touched(release("One export now holds up to 10 GB."), alone, encoder)) == 1
    assert touched(release("The colour of the calendar can be chosen."), alone, encoder) == ()


ODD = (
    "証明書のピン留めが変更されました。請求書は「設定」にあります。",
    "Сертификат теперь называется «Ключ». Экспорт до 10 ГБ.",
    "تمت إعادة تسمية «الشهادة»",
    "<ul><li><b>People</b> is <i>renamed<li>unclosed <code>x</ul></p></td>",
    "**" * 500 + "`" * 501 + '"' * 333,
    "| a | b |\n|---|---|\n| Export | 10 GB |",
    "> > > > >" * 200 + " Settings > > > A > ",
    "\0\ud800 \u202e\x0c" * 50,
    "1. " * 3000,
)


@pytest.mark.parametrize("notes", ODD, ids=range(len(ODD)))
def test_odd_notes_do_not_fail(notes: str, articles: list[Documented], encoder: Encoder) -> None:
    for each in touched(release(notes, version="\0", title=notes[:50]), articles, encoder):
        json.dumps(each.evidence)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=20), st.lists(st.text(max_size=100), max_size=3))
def test_any_text_is_read(notes: str, version: str, texts: list[str]) -> None:
    some = [article(str(number), text[:20], text) for number, text in enumerate(texts)]
    for each in touched(release(notes, version), some):
        assert 0 <= each.index < len(some)
        json.dumps(each.evidence)


HUGE = (
    "- Exports hold {} GB and **Menu {}** moved to Settings > Part {} > Exports.\n",
    "word{} ",
    "a" * 50 + "{}",
    '**`"{}',
    "A > B{} > ",
    "<a {}",
    "[x](",
    "from {} to ",
    "X-{}_a.b/c:",
)


@pytest.mark.parametrize("piece", HUGE, ids=range(len(HUGE)))
def test_huge_notes_are_read_up_to_a_limit(piece: str, wordless: list[Documented]) -> None:
    notes = "".join(piece.replace("{}", str(number)) for number in range(100_000 // len(piece)))
    for each in touched(release(notes), wordless):
        assert each.score >= OPENS
