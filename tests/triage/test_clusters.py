"""Clusters: texts that say the same are together, whatever their order and number; odd ones break nothing."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from triage.clusters import Cluster, Floats, clusters
from triage.search.words import written

TOPICS = {
    "export": ["export", "rows", "csv", "limit", "missing"],
    "invoice": ["invoice", "vat", "billing", "amount", "wrong"],
    "login": ["login", "password", "locked", "reset", "mail"],
    "map": ["map", "route", "driver", "gps", "vehicle"],
}
FILLERS = ["today", "please", "again", "still", "help", "urgent", "maybe", "since", "monday", "team"]


def vectors(texts: list[str]) -> Floats:
    """Each word has a direction of its own, the same in every run."""
    rows = np.zeros((len(texts), 64), np.float32)
    for row, text in enumerate(texts):
        for word in written(text):
            rows[row] += np.random.default_rng(zlib.crc32(word.lower().encode())).standard_normal(64).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)


def tickets(each: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """So many texts of each topic, with their topics."""
    random = np.random.default_rng(seed)
    made = [
        (" ".join([*random.permutation(words)[:4], random.choice(FILLERS)]), topic)
        for topic, words in TOPICS.items()
        for _ in range(each)
    ]
    return [text for text, _ in made], [topic for _, topic in made]


def groups(texts: list[str], found: tuple[Cluster, ...]) -> set[frozenset[str]]:
    return {frozenset(texts[place] for place in cluster.members) for cluster in found}


@pytest.mark.parametrize("each", [3, 12, 60])
def test_texts_on_one_topic_are_together(each: int) -> None:
    texts, topics = tickets(each)
    found = clusters(texts, vectors(texts))
    assert sorted(place for cluster in found for place in cluster.members) == list(range(len(texts)))
    assert all(len({topics[place] for place in cluster.members}) == 1 for cluster in found)
    assert sum(len(cluster.members) > 1 for cluster in found) >= 4
    largest = max(len(cluster.members) for cluster in found)
    assert largest >= each / 2
    assert [len(cluster.members) for cluster in found] == sorted((len(each.members) for each in found), reverse=True)


def test_a_cluster_is_told_by_its_own_words() -> None:
    texts, topics = tickets(20)
    for cluster in clusters(texts, vectors(texts))[:4]:
        assert cluster.words
        assert set(cluster.words) <= set(TOPICS[topics[cluster.members[0]]])


@pytest.mark.parametrize("each", [2, 10, 40])
def test_the_order_of_the_texts_makes_no_difference(each: int) -> None:
    texts, _ = tickets(each)
    rows = vectors(texts)
    expected = clusters(texts, rows)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(texts)).tolist()
        shuffled = [texts[place] for place in order]
        found = clusters(shuffled, rows[order])
        assert groups(shuffled, found) == groups(texts, expected)
        assert [texts[each.members[0]] for each in expected] == [shuffled[each.members[0]] for each in found]
        assert [each.words for each in expected] == [each.words for each in found]


def test_the_same_text_again_is_with_itself_and_changes_nothing_else() -> None:
    texts, _ = tickets(15)
    rows = vectors(texts)
    more = [*texts, *texts[:20], texts[0]]
    found = clusters(more, np.concatenate([rows, rows[:20], rows[:1]]))
    assert groups(more, found) == groups(texts, clusters(texts, rows))
    whose = {place: number for number, cluster in enumerate(found) for place in cluster.members}
    assert all(whose[place] == whose[more.index(text)] for place, text in enumerate(more))


def test_few_texts_are_no_trouble() -> None:
    none = np.zeros((0, 64), np.float32)
    assert clusters([], none) == ()
    [one] = clusters(["only this"], vectors(["only this"]))
    assert one.members == (0,)
    same = ["a b c"] * 7
    [all_of_them] = clusters(same, vectors(same))
    assert sorted(all_of_them.members) == list(range(7))
    two = ["export rows missing csv", "password reset mail"]
    assert len(clusters(two, vectors(two))) == 2
    alike = ["export rows missing csv", "export rows missing csv today"]
    assert len(clusters(alike, vectors(alike))) == 1


def test_texts_without_words_or_vectors_are_no_trouble() -> None:
    texts = ["", "   ", "!!!", "…", "\ud800", "x" * 5_000, *tickets(6)[0]]
    rows = vectors([text.encode("utf-8", "replace").decode() for text in texts])
    found = clusters(texts, rows)
    assert sorted(place for cluster in found for place in cluster.members) == list(range(len(texts)))


def test_one_topic_that_most_ask_about_stays_whole() -> None:
    random = np.random.default_rng(3)
    words = TOPICS["export"]
    crowd = list(
        dict.fromkeys(" ".join([*random.permutation(words), *random.permutation(FILLERS)[:1]]) for _ in range(90))
    )
    others = tickets(4, seed=5)[0]
    texts = [*crowd, *(text for text in others if "export" not in text)]
    largest = clusters(texts, vectors(texts))[0]
    assert len(set(largest.members) & set(range(len(crowd)))) >= 0.9 * len(crowd)


def test_beyond_the_most_texts_the_rest_joins_what_was_drawn() -> None:
    texts, topics = tickets(60)
    rows = vectors(texts)
    found = clusters(texts, rows, most=80)
    assert sorted(place for cluster in found for place in cluster.members) == list(range(len(texts)))
    pure = [cluster for cluster in found if len({topics[place] for place in cluster.members}) == 1]
    assert sum(len(cluster.members) for cluster in pure) >= 0.95 * len(texts)
    assert len(found) < len(texts) / 4
