"""How well a fresh install sorts tickets from descriptions of the labels alone, without one solved ticket.

    python -m bench.zero --labels L.csv --test E.csv [--text text] [--label category] [--json]

L.csv has the columns label and description. Each ticket gets the label whose description is nearest to it.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from bench.labelled import BadInput, encoder, label_texts, read, run
from bench.triage import macro_f1, share


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    described = read(arguments.labels, "description", "label")
    test = read(arguments.test, arguments.text, arguments.label)
    if len(set(described.labels)) < 2:
        raise BadInput(f"{arguments.labels}: fewer than two labels; there is nothing to tell apart.")
    named = label_texts(described.labels)
    texts = [f"{named[label]}: {text}" for label, text in zip(described.labels, described.texts, strict=True)]
    encode = encoder()
    likeness = encode.encode(test.texts) @ encode.encode(texts).T
    said = np.asarray(described.labels)[likeness.argmax(axis=1)]
    labels = np.asarray(test.labels)
    known = np.isin(labels, described.labels)
    if not known.any():
        raise BadInput(f"{arguments.test}: none of its labels is in {arguments.labels}.")
    return {
        "accuracy": share(said[known] == labels[known]),
        "macro_f1": macro_f1(labels[known], said[known]),
        "n_labels": len(set(described.labels)),
        "n_test": int(known.sum()),
        "n_out_of_scope": int((~known).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.zero", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--text", default="text", help="column with the text [text]")
    parser.add_argument("--label", default="category", help="column with the label [category]")
    run(parser, measure)


if __name__ == "__main__":
    main()
