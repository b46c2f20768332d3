"""The index in files: swapped at once, damaged files are told, and only what changed is encoded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from connectors import index_files
from connectors.encoder import Vectors
from connectors.index import IndexBroken, IndexMissing, build, make
from connectors.index_files import put_in_use
from connectors.index_folder import FolderPlace
from tests.triage.search.shelf import SHELF, WordEncoder, article, refs

MORE = (*SHELF, article("giraffe", "Giraffes", "<p>The turquoise giraffe sleeps.</p>"))
QUERY = "turquoise giraffe"
WRITES = 14  # twelve arrays, then the version and the pointer are put in place


def versions(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_an_opened_index_finds_what_the_built_one_found(tmp_path: Path) -> None:
    built = build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    opened = FolderPlace(tmp_path).open()
    assert (opened.version, opened.encoder_id, opened.encoded) == (built.version, "words", 0)
    for query in ("password", "max rows", "konto"):
        assert refs(opened.corpus, query) == refs(built.corpus, query)


def test_only_what_changed_is_encoded(tmp_path: Path) -> None:
    first, second, third, fourth = (WordEncoder() for _ in range(4))
    build(SHELF, first, FolderPlace(tmp_path))
    changed = replace(SHELF[0], body_html=SHELF[0].body_html.replace("spam", "junk"))
    made = build((changed, *SHELF[1:]), second, FolderPlace(tmp_path))
    assert (first.made > 10, second.made, made.encoded) == (True, 1, 1)
    assert refs(made.corpus, "junk folder")[0] == "reset"
    build((changed, *SHELF[2:]), third, FolderPlace(tmp_path))
    build((*SHELF[2:], changed), fourth, FolderPlace(tmp_path))
    assert (third.made, fourth.made) == (0, 0)


def test_another_encoder_encodes_all(tmp_path: Path) -> None:
    build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    other = WordEncoder("others")
    assert build(SHELF, other, FolderPlace(tmp_path)).encoded == other.made > 10
    assert FolderPlace(tmp_path).open().encoder_id == "others"


def test_the_same_articles_give_the_same_version(tmp_path: Path) -> None:
    first = build(SHELF, WordEncoder(), FolderPlace(tmp_path / "one")).version
    assert build(SHELF, WordEncoder(), FolderPlace(tmp_path / "two")).version == first
    assert build(SHELF, WordEncoder(), FolderPlace(tmp_path / "two")).version == first
    assert build(SHELF[1:], WordEncoder(), FolderPlace(tmp_path / "two")).version != first


def test_a_reader_of_the_old_version_goes_on_when_its_files_are_gone(tmp_path: Path) -> None:
    old = build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    expected = refs(old.corpus, "password")
    for number in range(6):
        build((*SHELF, article(f"new-{number}", f"New {number}")), WordEncoder(), FolderPlace(tmp_path))
    assert not (tmp_path / old.version).exists()
    assert len(versions(tmp_path)) <= 4
    assert refs(old.corpus, "password") == expected
    assert "new-5" in refs(FolderPlace(tmp_path).open().corpus, "new 5")


def test_a_version_is_used_only_when_told(tmp_path: Path) -> None:
    old = build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    made = make(MORE, WordEncoder(), FolderPlace(tmp_path))
    assert refs(made.corpus, QUERY)[0] == "giraffe"
    assert FolderPlace(tmp_path).open().version == old.version
    put_in_use(tmp_path, made.version)
    assert FolderPlace(tmp_path).open().version == made.version


@pytest.mark.parametrize("crash_at", [0, 6, WRITES - 3, WRITES - 2, WRITES - 1, WRITES])
def test_a_crash_at_any_write_leaves_the_old_version(
    tmp_path: Path, crash_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends at its n-th write or rename; what is left is opened by another."""
    old = build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", CRASHING, str(tmp_path), str(crash_at)], capture_output=True, text=True, check=False
    )
    assert done.returncode == (9 if crash_at < WRITES else 0), done.stderr
    after = FolderPlace(tmp_path).open()
    assert (after.version == old.version) is (crash_at < WRITES)
    assert refs(after.corpus, "password")[0] == "reset"
    assert refs(build(MORE, WordEncoder(), FolderPlace(tmp_path)).corpus, QUERY)[0] == "giraffe"


CRASHING = """
import os, sys
from pathlib import Path
import numpy as np
left = int(sys.argv[2])
def counted(does):
    def call(*given, **more):
        global left
        if left == 0:
            os._exit(9)
        left -= 1
        return does(*given, **more)
    return call
np.save, os.replace = counted(np.save), counted(os.replace)
from connectors.index import build
from connectors.index_folder import FolderPlace
from tests.connectors.test_index import MORE
from tests.triage.search.shelf import WordEncoder
build(MORE, WordEncoder(), FolderPlace(Path(sys.argv[1])))
"""


def test_readers_never_see_half_an_index(tmp_path: Path) -> None:
    build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    done = threading.Event()
    wrong: list[BaseException] = []

    def read() -> None:
        while not done.is_set():
            try:
                assert "reset" in refs(FolderPlace(tmp_path).open().corpus, "password")
            except BaseException as error:  # carried to the test's own thread
                wrong.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(8):
        build((*SHELF, article(f"new-{number}", f"New {number}")), WordEncoder(), FolderPlace(tmp_path))
    done.set()
    for reader in readers:
        reader.join(30)
    assert wrong == []


def test_before_the_first_build_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"current\.json"):
        FolderPlace(tmp_path).open()


def test_every_damaged_file_is_told_and_built_anew(tmp_path: Path) -> None:
    version = build(SHELF, WordEncoder(), FolderPlace(tmp_path)).version
    files = [tmp_path / "current.json", *sorted((tmp_path / version).iterdir())]
    assert len(files) > 10
    for path in files:
        whole = path.read_bytes()
        for damaged in (b"", whole[:-1], bytes([whole[0] ^ 1]) + whole[1:], whole + b"x", None):
            if damaged is None:
                path.unlink()
            else:
                path.write_bytes(damaged)
            with pytest.raises((IndexBroken, IndexMissing), match=path.name):
                FolderPlace(tmp_path).open()
            path.write_bytes(whole)
    path = tmp_path / version / "vectors.npy"
    path.write_bytes(b"broken")
    assert build(SHELF, WordEncoder(), FolderPlace(tmp_path)).version == version
    assert refs(FolderPlace(tmp_path).open().corpus, "password")[0] == "reset"


def test_files_hold_no_python_objects(tmp_path: Path) -> None:
    version = build(SHELF, WordEncoder(), FolderPlace(tmp_path)).version
    for path in (tmp_path / version).glob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype != object


def test_another_format_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    monkeypatch.setattr(index_files, "FORMAT", "2")
    with pytest.raises(IndexBroken, match="format"):
        FolderPlace(tmp_path).open()
    assert build(SHELF, WordEncoder(), FolderPlace(tmp_path)).encoded > 10


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path: Path) -> None:
    left, young = tmp_path / "making-old", tmp_path / "making-young"
    for folder in (left, young):
        folder.mkdir()
    os.utime(left, (0, 0))
    build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    assert (left.exists(), young.exists()) == (False, True)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    made = build(SHELF, WordEncoder(), FolderPlace(tmp_path), progress=lambda done, of: told.append((done, of)))
    assert told[0] == (0, made.encoded)
    assert told[-1] == (made.encoded, made.encoded)


class Stopped(WordEncoder):
    """Ends after so many batches."""

    def _made(self, texts: list[str]) -> Vectors:
        if self.made > 400:
            raise KeyboardInterrupt
        return super()._made(texts)


def test_a_long_build_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    many = [article(str(number), f"Title {number}", f"<p>Body {number}</p>") for number in range(600)]
    stopped, again = Stopped(), WordEncoder()
    with pytest.raises(KeyboardInterrupt):
        build(many, stopped, FolderPlace(tmp_path))
    (tmp_path / "making-vectors" / "torn.npy").write_bytes(b"torn")
    made = build([*many[1:], article("new", "New")], again, FolderPlace(tmp_path))
    assert stopped.made > 400
    assert again.made < 1199 - 0.9 * stopped.made
    assert refs(made.corpus, "title 77")[0] == "77"
    assert not list(tmp_path.glob("making-*"))


@pytest.mark.parametrize("articles", [(), (article("empty", "", " "),)])
def test_nothing_to_search(tmp_path: Path, articles: tuple[()]) -> None:
    build(articles, WordEncoder(), FolderPlace(tmp_path))
    assert refs(FolderPlace(tmp_path).open().corpus, "password") == []


def test_answering_needs_no_heavy_library(tmp_path: Path) -> None:
    build(SHELF, WordEncoder(), FolderPlace(tmp_path))
    code = (
        "import sys; from pathlib import Path; from connectors.index_folder import FolderPlace; import numpy as np;"
        f"corpus = FolderPlace(Path({str(tmp_path)!r})).open().corpus;"
        "vector = np.ones(corpus.vectors.passages.shape[1], np.float32);"
        "assert corpus.search('password', vector, allowed=corpus.everything());"
        "print(*{'torch', 'sklearn', 'scipy', 'bm25s', 'faiss', 'onnxruntime'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_the_pointer_says_only_a_name(tmp_path: Path) -> None:
    build(SHELF, WordEncoder(), FolderPlace(tmp_path / "own"))
    (tmp_path / "own" / "current.json").write_text(json.dumps({"version": "../../etc"}))
    with pytest.raises(IndexBroken, match="own/etc"):
        FolderPlace(tmp_path / "own").open()
