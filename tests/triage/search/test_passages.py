"""Passages: about 120 words, by heading, with their place; code and tables together, nothing lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from triage.search.passages import BLOCK_WORDS, WORDS, Kind, Passage, length, parts, passages

LINE = "The export runs at night and writes one file for each queue. "


def test_a_section_begins_a_passage_that_knows_the_headings_above_it() -> None:
    text = f"# Exports\n\n{LINE * 5}\n\n## Limits\n\n{LINE * 5}\n\n# Other\n\n{LINE * 5}"
    found = passages(text)
    assert [each.headings for each in found] == [("Exports",), ("Exports", "Limits"), ("Other",)]
    assert all(each.text == (LINE * 5).strip() for each in found)


def test_underlined_headings_are_headings() -> None:
    text = f"Parameters\n----------\n{LINE * 5}\n\nReturns\n=======\n{LINE * 5}"
    assert [each.headings for each in passages(text)] == [("Parameters",), ("Returns",)]


def test_short_sections_go_together() -> None:
    (only,) = passages("# One\n\nFirst.\n\n# Two\n\nSecond.")
    assert (only.headings, only.text) == (("One",), "First.\n\n# Two\n\nSecond.")


def test_headings_without_text_are_not_lost() -> None:
    (only,) = passages("# Lonely\n\n# Another")
    assert only.text == "# Lonely\n\n# Another"
    first, second = passages(f"# One\n\n{LINE * 5}\n\n# Lonely\n\n# Two\n\nText.")
    assert first.headings == ("One",)
    assert second.text == "# Lonely\n\n# Two\n\nText."


def test_a_long_paragraph_is_cut_at_sentences() -> None:
    found = passages(LINE * 40)
    assert len(found) > 3
    assert all(each.text.endswith("queue.") and length(each.text) <= WORDS for each in found)
    assert sum(each.text.count("export") for each in found) == 40


def test_code_and_tables_stay_whole_where_they_fit() -> None:
    code = "```\n" + "run --with option value\n" * 30 + "```"
    table = "name | value\n" * 50
    found = passages(f"{LINE * 8}\n\n{code}\n\n{table}")
    assert any(each.text == code for each in found)
    assert any(each.text == table.strip() for each in found)
    assert length(code) > WORDS
    assert length(table) <= BLOCK_WORDS


def test_a_comment_in_code_is_no_heading() -> None:
    assert [part.kind for part in parts("```\n# not a heading\n```\n")] == [Kind.BLOCK]


def test_text_without_spaces_is_cut_as_well() -> None:
    for text in ("x" * 50_000, "漢" * 5_000, LINE.replace(".", ",") * 200):
        found = passages(text)
        assert max(length(each.text) for each in found) <= 1.5 * WORDS
        assert sum(len(each.text) for each in found) >= len(text.rstrip()) - len(found)


def test_an_empty_text_has_none() -> None:
    assert passages("") == passages(" \n\n\t ") == ()


def test_what_is_encoded_begins_with_title_and_headings() -> None:
    passage = Passage("Look there.", ("Exports", "Limits"), 0, 11)
    assert passage.to_encode(" CSV ") == "CSV. Exports / Limits. Look there."
    assert Passage("", (), 0, 0).to_encode("") == ""


MARKUP = st.lists(
    st.sampled_from(
        ["# A", "## B", "```", "a | b", "", LINE, "----", "word", "  indented", "漢字。", "\u2028", "# " + LINE * 9]
    )
)


@given(MARKUP)
def test_every_word_is_in_a_passage_or_its_headings(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = passages(text)
    end = 0
    for each in found:
        assert end <= each.start < each.end
        assert text[each.start : each.end] == each.text
        end = each.end
    said = " ".join(" ".join([*each.headings, each.text]) for each in found)
    assert {word for word in text.split() if word.isalnum()} <= set(said.replace("#", " ").split())
