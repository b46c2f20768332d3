"""Release notes as single changes: how they are cut, what became of each, and which of their words tell."""

from __future__ import annotations

import pytest

from connectors.defaults import load_taxonomy
from tests.triage.reviews.help_centre import article
from triage.reviews.amounts import amounts, dimensions
from triage.reviews.areas import areas_of
from triage.reviews.changes import MOST, changes_of
from triage.reviews.evidence import menu_names
from triage.reviews.kinds import Kind, kind_of
from triage.reviews.terms import Sort, flat, steps_of, terms_of
from triage.reviews.wording import HEAD, Wording, rarity, sentences_of, spread

NOTES = """
# Fieldline 4.6

We are happy to show you this one.

## Changed
- **Settings > People** is now called **Team**.
  The tabs stay the same.
- One export holds up to 10 GB (was 2 GB), by @bob in https://github.com/acme/app/pull/12
* Tokens expire after 30 days; invoices are not affected.

Limits:
1. Up to 50 rules.

## Bug fixes
- Charts print.

## Contributors
- @alice
**Full Changelog**: https://github.com/acme/app/compare/v4.5...v4.6
"""


def test_items_and_sentences_become_changes_below_their_headings() -> None:
    found = [(change.heading, change.text, change.kind) for change in changes_of(NOTES)]
    assert found == [
        ("Fieldline 4.6", "We are happy to show you this one.", Kind.CHANGED),
        ("Changed", "Settings > People is now called Team.", Kind.RENAMED),
        ("Changed", "One export holds up to 10 GB (was 2 GB),", Kind.LIMIT),
        ("Changed", "Tokens expire after 30 days", Kind.LIMIT),
        ("Changed / Limits", "Up to 50 rules.", Kind.LIMIT),
        ("Bug fixes", "Charts print.", Kind.FIXED),
    ]


def test_html_says_the_same_as_markdown() -> None:
    html = "<h2>Changed</h2><ul><li><b>Settings &gt; People</b> is now called <strong>Team</strong>.</li></ul>"
    markdown = "## Changed\n- **Settings > People** is now called **Team**."
    assert changes_of(html) == changes_of(markdown)
    assert changes_of("Changed\n-------\n- **Settings > People** is now called **Team**.") == changes_of(markdown)


def test_a_paragraph_is_cut_where_another_change_begins() -> None:
    notes = "The importer has a preview. It shows ten rows. Files may hold 50,000 rows. The old sheet was removed."
    assert [change.text for change in changes_of(notes)] == [
        "The importer has a preview. It shows ten rows.",
        "Files may hold 50,000 rows.",
        "The old sheet was removed.",
    ]


def test_sentences_about_different_things_are_changes_of_their_own() -> None:
    found = changes_of("Drivers may share a van. Every stop shows its floor. It is read aloud, too.")
    assert [change.text for change in found] == [
        "Drivers may share a van.",
        "Every stop shows its floor. It is read aloud, too.",
    ]


@pytest.mark.parametrize(
    "notes",
    [
        "**Orders** in the top bar is now **Sales**.",
        "Orders is from today simply called Sales.",
        "**Orders** becomes **Sales**.",
        "What used to be called Orders is now **Sales**.",
    ],
)
def test_a_renamed_thing_is_looked_for_by_its_old_name_only(notes: str) -> None:
    (change,) = changes_of(f"- {notes}")
    assert change.kind is Kind.RENAMED
    assert "Sales" not in menu_names(change)


def test_never_more_than_so_many_changes() -> None:
    assert len(changes_of("".join(f"- Limit {number} is new.\n" for number in range(MOST + 50)))) == MOST


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("“Event log” was renamed to “Audit trail”.", Kind.RENAMED),
        ("What used to be called People is now Team.", Kind.RENAMED),
        ("Exports moved to Reports.", Kind.MOVED),
        ("TLS 1.1 is no longer accepted.", Kind.REMOVED),
        ("API v1 is deprecated.", Kind.REMOVED),
        ("The limit was raised from 300 to 600.", Kind.LIMIT),
        ("Up to 40 widgets fit.", Kind.LIMIT),
        ("You can now choose a colour.", Kind.ADDED),
        ("feat(api): cursors", Kind.ADDED),
        ("fix: stray scroll bar", Kind.FIXED),
        ("Fixed a crash in the calendar.", Kind.FIXED),
        ("Dragging a job no longer flickers.", Kind.FIXED),
        ("Scrolling is smooth again.", Kind.FIXED),
        ("chore(deps): bump urllib3", Kind.INTERNAL),
        ("The board draws faster.", Kind.INTERNAL),
        ("Calendars sync faster: within 5 minutes instead of 10.", Kind.LIMIT),
        ("Internal notes can be exported.", Kind.CHANGED),
        ("Certificates come from another issuer.", Kind.CHANGED),
    ],
)
def test_kinds(text: str, kind: Kind) -> None:
    assert kind_of(text) is kind


def test_a_heading_says_what_the_words_do_not() -> None:
    assert kind_of("Charts print.", "Bug fixes") is Kind.FIXED
    assert kind_of("You can now print charts.", "Bug fixes") is Kind.FIXED
    assert kind_of("Charts print.", "What is new", "Phone app repairs") is Kind.ADDED
    assert kind_of("Charts print.", "", "Phone app repairs") is Kind.FIXED
    assert kind_of("You can now print charts.", "", "Repairs and more") is Kind.ADDED
    assert kind_of("A chart was empty.") is Kind.FIXED
    assert kind_of("Teams have colours.", "", "Crews renamed") is Kind.RENAMED


def test_what_stays_is_no_change() -> None:
    assert changes_of("Nothing changes on your invoice.") == ()
    assert [change.text for change in changes_of("Sign-in moves to another address. Passwords are not affected.")] == [
        "Sign-in moves to another address."
    ]


def sorts(text: str) -> dict[str, Sort]:
    return {term.text: term.sort for term in terms_of(text)}


def test_telling_terms_are_marked_words_codes_limits_names_and_pairs() -> None:
    found = sorts('Choose **Rotate secret** or "Break through": `X-Sign` and IMP-104, ten days or 25 MB.')
    assert found["Rotate secret"] is found["Break through"] is found["X-Sign"] is Sort.MARKED
    assert found["IMP-104"] is Sort.CODE
    assert found["ten days"] is found["25 MB"] is Sort.LIMIT
    assert sorts("Go to Settings > Billing > Seats now.")["Billing > Seats"] is Sort.MARKED
    assert sorts("The bot in Microsoft Teams answers.")["Microsoft Teams"] is Sort.NAME
    assert sorts("We changed certificate pinning.") == {"certificate pinning": Sort.WORDS}
    assert sorts("The answer 429 carries a date.")["429"] is Sort.CODE
    assert "429" not in sorts("We visited 429 sites.")
    assert sorts("We have made it better for you.") == {}


def test_amounts_compare_by_what_they_measure() -> None:
    assert [each.text for each in amounts("from 60 to 120 minutes, at 21:00")] == ["60 minutes", "120 minutes", "21:00"]
    assert dimensions("15 minutes") == dimensions("an hour") == dimensions("every week") == {"time"}
    assert dimensions("2,048 pixels") == {"pixel"}
    assert dimensions("0.07 EUR") == dimensions("$5") == {"money"}
    assert dimensions("One file may hold many rows of 2026.") == frozenset()


def test_words_are_compared_stemmed_and_numbers_as_digits() -> None:
    assert flat("ten Recovery-Codes", "english") == flat("10 recovery code", "english")


def test_paths_name_menu_entries() -> None:
    assert {"settings", "people", "invite"} <= steps_of("Open Settings > People > Invite and wait.")
    assert steps_of("5 > 3 and a > 2") == set()


def test_a_term_is_found_where_it_stands() -> None:
    wording = Wording.of(
        [
            ("en", "Exports", "Large ones stop. One holds 2 GB or 100,000 rows."),
            ("en", "Recovery codes", "You have ten of them."),
            ("de", "Ausfuhren", "Eine fasst 2 GB."),
        ]
    )
    (two_gb,) = (term for term in terms_of("It was 2 GB.") if term.sort is Sort.LIMIT)
    assert wording.places(two_gb) == {0: 1, 2: 3}
    (codes,) = terms_of("recovery code")
    assert wording.places(codes) == {1: HEAD}
    assert wording.measured["size"] == {0, 2}


def test_a_common_term_tells_nothing_and_a_common_menu_entry_still_does() -> None:
    assert rarity(1, 40) == 1
    assert rarity(20, 40) == rarity(40, 40) == rarity(0, 40) == 0
    assert rarity(2, 40) > rarity(5, 40) > 0
    assert spread(6, 40) > 0.9 > 0.5 > rarity(6, 40)
    assert spread(20, 40) == 0
    assert rarity(1, 400) >= rarity(1, 40)
    assert rarity(3, 400) > rarity(3, 40)


def test_sentences_are_lines_and_sentences_of_a_readable_length() -> None:
    assert sentences_of("# Head\nOne. Two!\n| a | b |\n---\n") == ["Head", "One.", "Two!", "a | b"]
    assert max(map(len, sentences_of("x" * 2000))) <= 600


def test_areas_are_guessed_from_title_labels_and_text() -> None:
    taxonomy = load_taxonomy()
    assert areas_of("Reset your password", ("sign-in",), "Open the mail.", taxonomy) == ("identity",)
    assert areas_of("Large files", (), "An export is a CSV file. An import, too.", taxonomy) == ("data",)
    assert areas_of("Hello", (), "Nothing in particular.", taxonomy) == ()
    assert areas_of("", (), "", taxonomy) == ()


def test_an_article_without_text_has_no_vectors() -> None:
    assert article("a", "A", "").passage_vectors is None
