"""Drafts: only what agents wrote, word for word and with its ticket, and nothing of anybody's in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.drafts import Line, Outline, Solved, outline
from triage.drafts_text import as_markdown

NADJA = """Hi Nadja,

thanks for reaching out. Please do the following:

1. Open Settings > Exports.
2. Set the maximum number of rows to 10000.
3. Click Save and run the export again.

More is at https://help.fieldline.example/articles/export-limits.
`export.maxRows=10000`

Best regards
Tom Baker
Support, phone 555 0100"""
PIOTR = """Hello Piotr! Please open Settings > Exports. Then set the maximum number of rows to 20000.
Click on Save and run the export again. See https://help.fieldline.example/articles/export-limits
`export.maxRows=10000`

Kind regards,
Ann"""
CARLA = """Dear Carla,
- Open Settings > Exports
- Set the maximum number of rows to 10000
- Wait for the mail"""


def solved(ref: str, *replies: str, question: str = "", subject: str = "", **more: object) -> Solved:
    values = {"person": f"person {ref}", "names": frozenset()}
    return Solved(ref=ref, subject=subject, question=question, replies=replies, **{**values, **more})  # type: ignore[arg-type]


def exports() -> list[Solved]:
    return [
        solved(
            "101",
            NADJA,
            subject="Export stops",
            question="Hi team,\nwhy does my export stop at 5,000 rows? I am Nadja from Nordlicht.\nNadja",
            names=frozenset({"Nadja Berg", "Tom Baker"}),
        ),
        solved("102", PIOTR, question="How can I export all rows of last year?", names=frozenset({"Piotr", "Ann Lee"})),
        solved("103", CARLA, subject="rows are missing", question="They are gone.", names=frozenset({"Carla"})),
    ]


def lines(made: Outline) -> Iterator[Line]:
    yield from made.questions
    yield from (way for step in made.steps for way in step.ways)
    yield from made.commands
    yield from made.links


def said(made: Outline) -> str:
    return "\n".join(line.text for line in lines(made))


def test_steps_are_what_several_replies_tell_in_their_order() -> None:
    made = outline("Export", exports())
    assert [step.ways[0] for step in made.steps] == [
        Line("Open Settings > Exports", ("103", "101", "102")),
        Line("Set the maximum number of rows to 10000", ("103", "101")),
        Line("Click Save and run the export again.", ("101", "102")),
    ]
    assert made.read == ("101", "102", "103")


def test_where_replies_disagree_both_are_shown() -> None:
    [step] = [step for step in outline("Export", exports()).steps if len(step.ways) > 1]
    assert [way.text for way in step.ways] == [
        "Set the maximum number of rows to 10000",
        "Then set the maximum number of rows to 20000.",
    ]
    assert [way.refs for way in step.ways] == [("103", "101"), ("102",)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Enable the nightly export for all users.", "Disable the nightly export for all users."),
        ("Restart the app before you sync the data.", "Restart the app after you sync the data."),
        ("Delete the old index first.", "Do not delete the old index."),
        ("Wait 5 minutes for the mail.", "Wait 60 minutes for the mail."),
    ],
)
def test_opposites_and_numbers_are_disagreements(one: str, other: str) -> None:
    [step] = outline("x", [solved("1", one), solved("2", other)]).steps
    assert sorted(way.text for way in step.ways) == sorted([one, other])


def test_questions_links_and_commands_name_their_tickets() -> None:
    made = outline("Export", exports())
    assert made.questions == (
        Line("why does my export stop at 5,000 rows?", ("101",)),
        Line("How can I export all rows of last year?", ("102",)),
        Line("rows are missing", ("103",)),
    )
    assert made.links == (Line("https://help.fieldline.example/articles/export-limits", ("101", "102")),)
    assert made.commands == (Line("export.maxRows=10000", ("101", "102")),)


def test_what_one_reply_alone_tells_is_no_step() -> None:
    assert "Wait for the mail" not in said(outline("Export", exports()))
    twice = solved("7", "Restart the whole server.", "Restart the whole server.")
    assert outline("x", [twice]).steps == ()


PERSONAL = [
    "Write to nadja.berg@nordlicht.example and ask again.",
    "Call us at +49 30 901820 about the export.",
    "Call 030/901 820 11 and wait.",
    "Open the order 4711-22 and print it.",
    "Open ticket #48213 again.",
    "Use your customer number: 99120 to log in.",
    "Enter the password: hunter2 on the page.",
    "Use the key sk_live_9a8b7c6d5e4f3a2b1c to connect.",
    "Send it to 12 Garden Street in the next days.",
    "Send it to Gartenstraße 12 in the next days.",
    "Ask Mr Smith about the export.",
    "Ask nadja to run the export again.",
    "Ask Nordlicht to run the export again.",
    "Connect to 192.168.17.4 and run the export.",
    "Transfer it to DE89 3704 0044 0532 0130 00 today.",
    "Check the invoice of 13.04.2026 again.",
    "Open https://app.fieldline.example/reset?token=abcdefabcdefabcdef99 and go on.",
]


@pytest.mark.parametrize("line", [*PERSONAL, *(f"- {line}" for line in PERSONAL)])
def test_a_line_with_something_personal_is_left_out(line: str) -> None:
    """However many people were told it."""
    names = frozenset({"Nadja Berg", "nordlicht"})
    harmless = "Open the settings of the export."
    tickets = [solved(ref, f"Hi Nadja,\n{line}\n{harmless}", names=names) for ref in "123"]
    assert said(outline("x", tickets)) == harmless


def test_what_is_only_one_persons_is_left_out_however_often_it_was_said() -> None:
    line = "- Open the profile of Miriam and reset the export."
    owned = "- Open miriam's profile and delete it."
    tickets = [solved(ref, f"{line}\n{owned}", person="nadja") for ref in "12"]
    assert said(outline("x", tickets)) == ""
    menus = [solved(ref, line.replace("the profile of Miriam", "Settings")) for ref in "12"]
    assert said(outline("x", menus)) == "Open Settings and reset the export."


def test_names_nobody_listed_are_found_by_who_else_writes_them() -> None:
    tickets = [
        solved("1", "Ask Miriam to reset the nightly export."),
        solved("2", "Ask Gregor to reset the nightly export."),
        solved("3", "Ask your admin to reset the nightly export."),
    ]
    [step] = outline("x", tickets).steps
    assert [way.text for way in step.ways] == ["Ask your admin to reset the nightly export."]
    assert outline("x", tickets[:2]).steps == ()


def test_greetings_signatures_and_quoted_mails_are_no_lines() -> None:
    reply = "Hi there,\nOpen the app menu.\n\nBest regards\nOpen Minds GmbH\n\nOn Mon, Ann wrote:\n> Delete the server."
    assert said(outline("x", [solved("1", reply), solved("2", reply)])) == "Open the app menu."


def test_the_order_of_the_tickets_makes_no_difference() -> None:
    assert outline("x", exports()[::-1]) == outline("x", exports())


def test_nothing_gives_nothing() -> None:
    assert outline("x", []) == Outline(title="x")
    assert said(outline("x", [solved("1"), solved("2", ""), solved("3", "\n\n  ")])) == ""
    assert "No solved ticket" in as_markdown(outline("x", []))
    assert "No step stands in replies on two" in as_markdown(outline("x", [solved("1", "Hi")]))


HOSTILE = """- Open <script>alert(1)</script> in settings
- Click [here](javascript:alert(1)) in settings
- Look at ![](https://evil.example/pixel.png) in settings
# Ignore all that was said
`rm -rf / ``` # x`"""


def test_markdown_shows_messages_as_text_and_nothing_else() -> None:
    shown = as_markdown(outline("Export <b>", [solved("1", HOSTILE), solved("2", HOSTILE)]))
    assert "\\<script\\>alert\\(1\\)\\</script\\>" in shown
    assert "<script" not in shown.replace("\\<script", "")
    assert "](" not in shown
    assert "\\[here\\]" in shown
    assert [line for line in shown.splitlines() if line.startswith("# ")] == ["# Export \\<b\\>"]


PIECES = """
open Open click set do not delete the export Export rows Nadja nadja@x.example 4711 +4930123456 1. - Hi , . ? ` $
https://a.example/x https://a.example/?token=abcdefabcdefabcdefab \\ < > ] ( 10 20 Best regards
"""
words = st.sampled_from([*PIECES.split(), "\n", "\n- ", "\u202e"])
texts = st.lists(words, max_size=40).map(" ".join) | st.text(max_size=80)


@given(st.lists(st.tuples(texts, st.lists(texts, max_size=3)), max_size=5))
def test_every_line_stands_in_the_ticket_it_names(given_tickets: list[tuple[str, list[str]]]) -> None:
    tickets = [
        solved(str(number), *replies, question=question, subject="Export", names=frozenset({"Nadja Berg"}))
        for number, (question, replies) in enumerate(given_tickets)
    ]
    made = outline("x", tickets)
    by_ref = {each.ref: each for each in tickets}
    for line in lines(made):
        first = by_ref[line.refs[0]]
        messages = ["Export", first.question, *first.replies]
        assert any(squeezed(line.text) in squeezed(message) for message in messages)
        assert "nadja" not in line.text.lower()
        assert "@" not in line.text
        assert "token" not in line.text
    as_markdown(made)


def squeezed(text: str) -> str:
    """Without what is not shown, and with one space for several."""
    return " ".join("".join(letter for letter in text if letter.isprintable() or letter.isspace()).split())
