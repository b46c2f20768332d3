"""Rows with a text and a label from a CSV file, and what the benches of triage share: errors, vectors, one thread."""

from __future__ import annotations

import argparse
import csv
import json
import re
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import Settings
from connectors.encoder import Encoder, load

csv.field_size_limit(sys.maxsize)


class BadInput(ValueError):
    """A file or an argument cannot be used; the text says which, where and why."""


@dataclass(frozen=True, slots=True)
class Labelled:
    texts: list[str]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, rows: Sequence[int]) -> Labelled:
        return Labelled([self.texts[row] for row in rows], [self.labels[row] for row in rows])


def read(path: str, text: str, label: str) -> Labelled:
    """The two columns of a UTF-8 CSV file with a header; rows without a label are an error, empty texts are not."""
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            columns = list(rows.fieldnames or [])
            if not columns:
                raise BadInput(f"{path}: the file is empty; a header and rows are needed.")
            for name in (text, label):
                if name not in columns:
                    raise BadInput(f"{path}: no column {name!r}; there are {', '.join(columns)}.")
            found = Labelled([], [])
            for row in rows:
                if not (row[label] or "").strip():
                    raise BadInput(f"{path}, line {rows.line_num}: column {label!r} is empty.")
                found.texts.append(row[text] or "")
                found.labels.append(row[label].strip())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8.") from error
    except csv.Error as error:
        raise BadInput(f"{path}: not CSV ({error}).") from error
    if not len(found):
        raise BadInput(f"{path}: a header but no rows.")
    return found


def label_texts(labels: Sequence[str]) -> dict[str, str]:
    """Each label as words: "card_payment_fee" and "CardPaymentFee" both say "card payment fee"."""
    return {
        label: re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", label)).strip().lower() or label
        for label in sorted(set(labels))
    }


def encoder() -> Encoder:
    """The product's encoder, in the folder where the product keeps it."""
    return load(Settings.from_env({}).models)


def peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def run(parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace], dict[str, Any]]) -> None:
    """Parse, measure on one thread and print; bad input ends with one line on stderr and exit 2."""
    from threadpoolctl import threadpool_limits

    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = parser.parse_args()
    try:
        with threadpool_limits(1):
            result = measure(arguments)
    except ValueError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:<24} {value}")
