"""HTML, Markdown and plain text as search reads them."""

from __future__ import annotations

import pytest

from connectors.article_text import article_text

PAGE = """<h1 id="a">Install</h1><p>First &amp; foremost, run\n<code>make</code>.</p><pre>make install
  --here</pre><h2>Limits</h2><table><tr><th>Plan</th><th>Rows</th></tr><tr><td>Small</td><td>10</td></tr></table>
<ul><li>one</li><li><a href="https://example.org/x">two</a><script>no()</script></li></ul>"""
READ = """# Install

First & foremost, run make.

```
make install
  --here
```

## Limits

Plan | Rows
Small | 10

- one
- two"""
MARKDOWN = """# Install

Run **now**, see [the page](https://example.org/x_y) ![picture](a.png) and \\*this\\*.

| Plan | Rows |
|------|------|
| Small | 10 |

```
[kept](as it is)
```"""


def test_html_keeps_headings_code_tables_and_lists() -> None:
    assert [line.strip() for line in article_text(PAGE).split("\n")] == [line.strip() for line in READ.split("\n")]


def test_markdown_loses_link_targets_and_signs_but_not_its_code() -> None:
    assert article_text(MARKDOWN) == (
        "# Install\n\nRun now, see the page picture and *this*.\n\n| Plan | Rows\n| Small | 10\n\n"
        "```\n[kept](as it is)\n```"
    )


@pytest.mark.parametrize(
    "text", ["Use <del> ... </del> for it, not <s>.", "if a < b and c > d:", "a <b>bold</b> word " + "and more " * 60]
)
def test_text_that_only_speaks_of_tags_is_text(text: str) -> None:
    assert article_text(text) == text.strip(" ")


def test_odd_bodies() -> None:
    assert article_text("") == ""
    assert article_text("a\r\nb\0c") == "a\nb c"
    assert article_text("\ud800") == "?"
    assert article_text("<p>a") == "a"


@pytest.mark.parametrize("piece", ["<p>", "[", "**a", "|---", "\\", "<li><b>x", "![a](", "```\n", "  \n"])
def test_large_odd_bodies_end(piece: str) -> None:
    assert isinstance(article_text(piece * 30_000), str)
