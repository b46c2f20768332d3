"""An index in files: a folder with one sub-folder for each version, and a pointer that says the one in use.

Readers map the files into memory, so an open index goes on working after it was replaced. No pickle: arrays and JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from connectors import index_files
from connectors.encoder import Vectors
from connectors.index import Index, IndexBroken, IndexMissing, Made
from connectors.index_files import Arrays
from triage.search.corpus import Corpus
from triage.search.kept import Entry, RecordArrays, VectorArrays
from triage.search.lexical import Lexical, PostingArrays
from triage.search.query import Vocabulary


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """Implements `connectors.index.Place`."""

    folder: Path

    @property
    def scratch(self) -> Path:
        return self.folder

    def in_use(self) -> str:
        return index_files.in_use(self.folder)

    def open(self) -> Index:
        version = self.in_use()
        try:
            return self.open_version(version)
        except IndexBroken:
            # Replaced twice between reading the pointer and opening: the pointer says another version by now.
            if (now := self.in_use()) == version:
                raise
            return self.open_version(now)

    def open_version(self, version: str) -> Index:
        manifest, arrays = index_files.read(self.folder / version)
        try:
            entries = tuple(Entry(*each) for each in manifest["entries"])
            places = arrays["places"]
            count = len(places) - 1
            first = arrays["first"]
            terms = arrays["terms"].tobytes().decode()
            corpus = Corpus(
                entries=entries,
                first=first,
                titled=np.array([bool(entry.title) for entry in entries], np.bool_),
                readable=np.asarray(places[first[1:]] > places[first[:-1]], np.bool_),
                vectors=VectorArrays(arrays["vectors"][:count], arrays["vectors"][count:]),
                records=RecordArrays(arrays["records"], places),
                by_article=Lexical(_postings(arrays, "article"), len(entries)),
                by_passage=Lexical(_postings(arrays, "passage"), count),
                vocabulary=Vocabulary.of(
                    terms.split("\n") if terms else [], sorted({entry.language for entry in entries})
                ),
            )
            return Index(version, manifest["encoder"], corpus)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise IndexBroken(f"{self.folder / version} is not an index of this format ({error!r}).") from error

    def keep(self, made: Made) -> str:
        arrays: Arrays = {
            "first": made.first,
            "vectors": made.vectors,
            "keys": made.keys,
            "records": np.frombuffer(b"".join(made.records), np.uint8),
            "places": np.cumsum([0, *map(len, made.records)], dtype=np.int64),
            "terms": np.frombuffer("\n".join(made.terms).encode(), np.uint8),
        }
        for name, postings in (("article", made.by_article), ("passage", made.by_passage)):
            arrays |= {
                f"{name}_weights": postings.weights,
                f"{name}_rows": postings.rows,
                f"{name}_starts": postings.starts,
            }
        entries = [astuple(entry) for entry in made.entries]
        return index_files.write(self.folder, {"encoder": made.encoder_id, "entries": entries}, arrays)

    def put_in_use(self, version: str, *, built_from: str = "") -> None:
        index_files.put_in_use(self.folder, version, built_from=built_from)

    def built_from(self) -> str:
        return index_files.built_from(self.folder)

    def known(self, encoder_id: str) -> Mapping[bytes, Vectors]:
        try:
            manifest, arrays = index_files.read(self.folder / self.in_use())
            if manifest.get("encoder") != encoder_id:
                return {}
            return dict(zip((key.tobytes() for key in arrays["keys"]), arrays["vectors"], strict=True))
        except (IndexMissing, IndexBroken, KeyError, ValueError):
            return {}


def _postings(arrays: Arrays, name: str) -> PostingArrays:
    return PostingArrays(arrays[f"{name}_weights"], arrays[f"{name}_rows"], arrays[f"{name}_starts"])
