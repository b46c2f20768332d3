"""The bench of the knowledge base runs on any two files of the right shape, and says in one line why it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import kb
from tests.bench.test_triage_benches import Run, run, write
from tests.triage.search.shelf import SHELF, WordEncoder

__all__ = ["run"]
KEYS = {"recall_at_1", "recall_at_3", "mrr_at_10", "ms_per_query_p50", "ms_per_query_p95", "index_s", "passages_per_s"}


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own encoder takes seconds to start and is tested elsewhere."""
    monkeypatch.setattr(kb, "encoder", WordEncoder)


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    rows = [(each.ref, each.title, each.body_html) for each in SHELF]
    return write(tmp_path / "articles.csv", ("article_id", "title", "body"), rows)


def queries(path: Path, *rows: tuple[str, str]) -> Path:
    return write(path / "queries.csv", ("query", "article_id"), list(rows))


def test_it_measures_all_that_others_read(run: Run, tmp_path: Path, articles: Path) -> None:
    asked = queries(
        tmp_path,
        ("reset my password", "reset"),
        ("invoices", "sso; billing; gone"),
        ("giraffe", "untitled"),
        ("", "reset"),
    )
    code, out, _ = run(kb.main, "--articles", articles, "--queries", asked, "--json")
    measured = json.loads(out)
    assert code == 0
    assert set(measured) >= KEYS
    assert (measured["articles"], measured["queries"]) == (8, 4)
    assert measured["recall_at_1"] in (0.5, 0.75)
    assert measured["recall_at_1"] <= measured["mrr_at_10"] <= 0.75


def test_copies_are_timed_but_not_measured(run: Run, tmp_path: Path, articles: Path) -> None:
    asked = queries(tmp_path, ("reset my password", "reset"), ("invoices", "billing"))
    _, once, _ = run(kb.main, "--articles", articles, "--queries", asked, "--json")
    _, often, _ = run(kb.main, "--articles", articles, "--queries", asked, "--copies", 20, "--json")
    one, many = json.loads(once), json.loads(often)
    assert many["passages"] == 20 * one["passages"]
    assert [many[key] for key in ("recall_at_1", "mrr_at_10")] == [one[key] for key in ("recall_at_1", "mrr_at_10")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([("reset", "unknown")], "line 2: article_id 'unknown' is none of the articles"),
        ([("reset", "reset"), ("reset", " ; ")], "line 3: article_id"),
        ([], "a header but no rows"),
    ],
)
def test_wrong_queries_are_told(
    run: Run, tmp_path: Path, articles: Path, wrong: list[tuple[str, str]], said: str
) -> None:
    code, _, err = run(kb.main, "--articles", articles, "--queries", queries(tmp_path, *wrong))
    assert code == 2
    assert said in err


def test_wrong_articles_are_told(run: Run, tmp_path: Path) -> None:
    asked = queries(tmp_path, ("a", "b"))
    twice = write(tmp_path / "twice.csv", ("article_id", "title", "body"), [("a", "", ""), ("a", "", "")])
    bare = write(tmp_path / "bare.csv", ("article_id", "title"), [("a", "")])
    for path, said in ((twice, "line 3: article_id is 'a' again"), (bare, "no column 'body'"), (tmp_path / "x", "x: ")):
        code, _, err = run(kb.main, "--articles", path, "--queries", asked)
        assert code == 2
        assert said in err
