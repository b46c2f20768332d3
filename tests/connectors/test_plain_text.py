"""What a reader sees of HTML, however it was written."""

from __future__ import annotations

import pytest

from connectors.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>One</div><div>Two<br>Three</div>", "One\n\nTwo\nThree"),
        ("<p>Hi&nbsp;there &amp; hello</p>", "Hi there & hello"),
        ("<style>p{}</style><!-- hidden --><b>x</b>", "x"),
        ("<script>if (a<b) {'</p>'}</script>ok", "ok"),
        ("<head><title>t</title><body>hello", "hello"),
        ("<pre>one\n  two\n</pre>three\nfour", "one\ntwo\n\nthree four"),
        ("<img alt='a > b'>seen", "seen"),
        ("<P CLASS=it's>text</P> it's", "text\nit's"),
        ("1 &lt;b&gt; 2", "1 <b> 2"),
        ("a < b & c", "a < b & c"),
        ("if x <y then nothing ends", "if x <y then nothing ends"),
        ("seen<!-- a comment that nobody closed", "seen"),
        ("no markup", "no markup"),
        ("", ""),
    ],
)
def test_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_a_declaration_that_means_nothing_hides_nothing_else() -> None:
    """`html.parser` raises at some of these."""
    assert plain_text("<![if !x]>A<![endif]>B<![foo]>C<![<!D>E<![CDATA[F]]>G") == "ABCEG"


@pytest.mark.parametrize("piece", ["<a", "<a b='", "<!--", "</", "<![", "<p <", '<a href="', "&", "&#1", "<div>"])
def test_a_long_text_that_was_made_to_be_slow_is_read_in_one_pass(piece: str) -> None:
    """By a parser that starts again at each `<`, this would not end within the time that a test may take."""
    assert isinstance(plain_text(piece * 150_000), str)
