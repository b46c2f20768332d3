"""How well the learner sorts tickets it has not seen, on any two CSV files: train.csv to learn from, test.csv to ask.

    python -m bench.triage --train T.csv --test E.csv [--text text] [--label category] [--shots N --seed S] [--cv]

Test labels that the training file lacks are out of scope: the right answer to them is none. With --shots the other
training rows are given as the desk's unlabelled history, their labels unseen; test rows never are.

accuracy, macro_f1      the likeliest category, no way out, on in-scope rows
ece                     15 steps, in-scope rows; ece_floor_mean and _p95 are what an exact confidence would show on them
coverage                share of all rows answered from the floor on that the training rows give: the lowest with at
                        most 5 % wrong out of fold; error_when_answered is what was wrong among them
coverage_guaranteed     the same with the floor that the product uses: at most 5 % wrong on fresh rows with 90 %
                        certainty (triage/risk.py); 0 where too few training rows can promise that
coverage_at_5pct_error  the same with the floor chosen on the test rows, so an upper limit
joint_accuracy          share of all rows put right: in scope, believed and right, or out of scope and not believed.
                        Believed is what looks more like the examples than one in ten of them; oos_recall: share of
                        out-of-scope rows not believed
ms_per_ticket_b1        encode and predict with reasons, one ticket at a time; tickets_per_s_b64: 64 at a time
fit_s                   processor seconds of the fit, vectors given; encode_s those of the labelled rows' vectors
n_unlabelled            training rows given without their labels
cv_accuracy, cv_...     with --cv: 5 folds of the training rows, near copies kept together, everything fitted inside
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from bench.labelled import Labelled, encoder, label_texts, peak_mb, read, run
from connectors.encoder import Encoder
from triage.classify import TicketClassifier
from triage.classify.metrics import calibration_error
from triage.classify.pool import folds
from triage.risk import NEVER, guaranteed_floor, hindsight_floor

PROMISE, CERTAINTY = 0.05, 0.9
ASKED_SINGLY = 200
BATCH = 64
DRAWS = 1_000
CV_FOLDS = 5

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    train = read(arguments.train, arguments.text, arguments.label)
    test = read(arguments.test, arguments.text, arguments.label)
    more: list[str] = []
    if arguments.shots:
        train, more = shots(train, arguments.shots, arguments.seed)
    encode = encoder()
    encode.encode(["warm"])
    began = time.process_time()
    vectors = encode.encode(train.texts)
    encode_s = time.process_time() - began
    more_vectors = encode.encode(more) if more else None
    began = time.process_time()
    model = learn(encode, train, vectors, more, more_vectors)
    fit_s = time.process_time() - began
    found = {
        **quality(model, test, encode),
        **speed(model, test),
        "fit_s": round(fit_s, 2),
        "encode_s": round(encode_s, 2),
        "n_train": len(train),
        "n_unlabelled": len(more),
        "n_test": len(test),
    }
    if arguments.cv:
        found |= cross_validated(encode, train, vectors, model)
    return {**found, "rss_mb": peak_mb()}


def learn(
    encode: Encoder,
    train: Labelled,
    vectors: NDArray[np.float32],
    more: Sequence[str] = (),
    more_vectors: NDArray[np.float32] | None = None,
) -> TicketClassifier:
    named = label_texts(train.labels)
    return TicketClassifier(encoder_id=encode.id).fit(
        train.texts,
        vectors,
        train.labels,
        label_texts=named,
        label_vectors=encode.encode(list(named.values())),
        more_texts=more,
        more_vectors=more_vectors,
    )


def shots(train: Labelled, count: int, seed: int) -> tuple[Labelled, list[str]]:
    """`count` rows of each label, or all where there are fewer, and the texts of the others in random order."""
    random = np.random.default_rng(seed)
    labels = np.asarray(train.labels)
    chosen = [random.permutation(np.flatnonzero(labels == label))[:count] for label in np.unique(labels)]
    rows = np.sort(np.concatenate(chosen))
    others = random.permutation(np.setdiff1d(np.arange(len(train)), rows))  # Files are often sorted by label.
    return train.at(rows.tolist()), [train.texts[row] for row in others]


def quality(model: TicketClassifier, test: Labelled, encode: Encoder) -> dict[str, Any]:
    vectors = encode.encode(test.texts)
    shares = model.predict_proba(test.texts, vectors)
    said, confidence = model.classes_[shares.argmax(axis=1)], shares.max(axis=1)
    labels = np.asarray(test.labels)
    right, known = said == labels, np.isin(labels, model.classes_)
    believed = model.belonging(test.texts, vectors) >= 1
    held_out = model.held_out_
    held_right = held_out.argmax(axis=1) == model.labels_
    answered = confidence >= hindsight_floor(held_out.max(axis=1), held_right, PROMISE)
    guarantee = guaranteed_floor(held_out.max(axis=1), held_right, PROMISE, CERTAINTY).floor
    promised = confidence >= (NEVER if guarantee is None else guarantee)
    floor_mean, floor_p95 = exact_error(confidence[known])
    return {
        "accuracy": share(right[known]),
        "macro_f1": macro_f1(labels[known], said[known]),
        "ece": round(calibration_error(confidence[known], right[known]), 4),
        "ece_floor_mean": floor_mean,
        "ece_floor_p95": floor_p95,
        "coverage": share(answered),
        "error_when_answered": share(~right[answered]),
        "coverage_guaranteed": share(promised),
        "error_guaranteed": share(~right[promised]),
        "coverage_at_5pct_error": share(confidence >= hindsight_floor(confidence, right, PROMISE)),
        "joint_accuracy": share(np.where(known, right & believed, ~believed)),
        "oos_recall": share(~believed[~known]) if (~known).any() else None,
        "n_out_of_scope": int((~known).sum()),
    }


def exact_error(confidence: Floats) -> tuple[float, float]:
    """Mean and 95th percentile of the calibration error where each answer is right with just its confidence."""
    random = np.random.default_rng(0)
    drawn = [calibration_error(confidence, random.random(len(confidence)) < confidence) for _ in range(DRAWS)]
    return round(float(np.mean(drawn)), 4), round(float(np.quantile(drawn, 0.95)), 4)


def speed(model: TicketClassifier, test: Labelled) -> dict[str, Any]:
    """From texts to predictions with reasons, no vector known beforehand."""
    singly = test.texts[:ASKED_SINGLY]
    fresh = encoder()
    fresh.encode(["warm"])
    model.predict("warm", fresh.encode(["warm"])[0])
    began = time.perf_counter()
    for text in singly:
        model.predict(text, fresh.encode([text])[0])
    single_s = (time.perf_counter() - began) / len(singly)
    fresh = encoder()
    fresh.encode(["warm"])
    began = time.perf_counter()
    for start in range(0, len(test), BATCH):
        texts = test.texts[start : start + BATCH]
        model.predict_many(texts, fresh.encode(texts))
    together_s = time.perf_counter() - began
    return {"ms_per_ticket_b1": round(single_s * 1000, 2), "tickets_per_s_b64": round(len(test) / together_s, 1)}


def cross_validated(
    encode: Encoder, train: Labelled, vectors: NDArray[np.float32], model: TicketClassifier
) -> dict[str, Any]:
    said = np.empty(len(train), dtype=object)
    confidence = np.zeros(len(train))
    for known, held in folds(model.labels_, model.groups_, CV_FOLDS, seed=0):
        if not len(held):
            continue
        part = learn(encode, train.at(known.tolist()), vectors[known])
        shares = part.predict_proba([train.texts[row] for row in held], vectors[held])
        said[held], confidence[held] = part.classes_[shares.argmax(axis=1)], shares.max(axis=1)
    labels = np.asarray(train.labels)
    right = said.astype(str) == labels
    return {
        "cv_accuracy": share(right),
        "cv_macro_f1": macro_f1(labels, said.astype(str)),
        "cv_ece": round(calibration_error(confidence, right), 4),
        "cv_coverage_at_5pct_error": share(confidence >= hindsight_floor(confidence, right, PROMISE)),
    }


def share(flags: Flags) -> float | None:
    return round(float(flags.mean()), 4) if len(flags) else None


def macro_f1(labels: NDArray[Any], said: NDArray[Any]) -> float | None:
    if not len(labels):
        return None
    return round(float(f1_score(labels, said, average="macro", labels=np.unique(labels), zero_division=0)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.triage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--text", default="text", help="column with the text [text]")
    parser.add_argument("--label", default="category", help="column with the label [category]")
    parser.add_argument("--shots", type=positive, help="learn from so many rows of each label, the others unlabelled")
    parser.add_argument("--seed", type=int, default=0, help="which rows --shots draws [0]")
    parser.add_argument("--cv", action="store_true", help="cross-validate on the training rows too")
    run(parser, measure)


def positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


if __name__ == "__main__":
    main()
