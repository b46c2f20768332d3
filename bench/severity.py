"""How well the learner finds the tickets of one severity that is rare, on any two CSV files.

    python -m bench.severity --train T.csv --test E.csv [--text text] [--label severity] [--positive 1_high] [--json]

A ticket is found when the share of `--positive` reaches `threshold`, which is the one with the best F1 out of fold on
the training rows. precision, recall, f1 and average_precision are of that severity; macro_f1 is the mean F1 over all
severities when each ticket gets the likeliest.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from bench.labelled import BadInput, encoder, peak_mb, read, run
from bench.triage import learn, macro_f1, share

Floats = NDArray[np.float64]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    train = read(arguments.train, arguments.text, arguments.label)
    test = read(arguments.test, arguments.text, arguments.label)
    for path, rows in ((arguments.train, train), (arguments.test, test)):
        if arguments.positive not in rows.labels:
            known = ", ".join(sorted(set(rows.labels))[:10])
            raise BadInput(f"{path}: no row with {arguments.label} {arguments.positive!r}; there are {known}.")
    encode = encoder()
    model = learn(encode, train, encode.encode(train.texts))
    column = int(np.searchsorted(model.classes_, arguments.positive))
    threshold = best_f1(model.held_out_[:, column], model.labels_ == column)
    shares = model.predict_proba(test.texts, encode.encode(test.texts))
    labels = np.asarray(test.labels)
    wanted, found = labels == arguments.positive, shares[:, column] >= threshold
    hits = int((wanted & found).sum())
    return {
        "precision": share(wanted[found]),
        "recall": share(found[wanted]),
        "f1": round(2 * hits / int(wanted.sum() + found.sum()), 4),
        "macro_f1": macro_f1(labels, model.classes_[shares.argmax(axis=1)]),
        "average_precision": round(float(average_precision_score(wanted, shares[:, column])), 4),
        "threshold": round(threshold, 4),
        "n_train": len(train),
        "n_test": len(test),
        "rss_mb": peak_mb(),
    }


def best_f1(shares: Floats, wanted: NDArray[np.bool_]) -> float:
    """The threshold with the highest F1 on these rows."""
    precision, recall, thresholds = precision_recall_curve(wanted, shares)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[int(np.argmax(f1[:-1]))])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.severity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--text", default="text", help="column with the text [text]")
    parser.add_argument("--label", default="severity", help="column with the severity [severity]")
    parser.add_argument("--positive", default="1_high", help="the severity to find [1_high]")
    run(parser, measure)


if __name__ == "__main__":
    main()
