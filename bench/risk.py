"""Whether the promise of few mistakes holds on tickets that had no part in finding the floor, and what it costs.

    python -m bench.risk --train T.csv [--text text] [--label category] [--promise 0.05] [--resamples 200] [--json]

The model is fitted once. Its out-of-fold confidences are split into halves, many times: one half finds the floor
(triage/risk.py), the other counts what was answered and what of that was wrong.

held_share       share of splits in which at most `promise` of the answered were wrong; none answered holds
mean_error       mean share wrong among the answered
mean_coverage    mean share answered; oracle_coverage the same with the floor that the judging half itself would choose,
                 coverage_gap their difference
no_floor_share   share of splits in which nothing was automated
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from bench.labelled import encoder, label_texts, read, run
from triage.classify import TicketClassifier
from triage.risk import CERTAINTY, NEVER, PROMISE, guaranteed_floor, hindsight_floor


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    train, encode = read(arguments.train, arguments.text, arguments.label), encoder()
    named = label_texts(train.labels)
    model = TicketClassifier(encoder_id=encode.id).fit(
        train.texts,
        encode.encode(train.texts),
        train.labels,
        label_texts=named,
        label_vectors=encode.encode(list(named.values())),
    )
    confidence, right = model.held_out_.max(axis=1), model.held_out_.argmax(axis=1) == model.labels_
    return resampled(confidence, right, arguments.promise, arguments.certainty, arguments.resamples, arguments.seed)


def resampled(
    confidence: np.ndarray, right: np.ndarray, promise: float, certainty: float, resamples: int, seed: int
) -> dict[str, Any]:
    """Halves of the rows, `resamples` times."""
    random = np.random.default_rng(seed)
    held, errors, coverages, oracles, none = 0, [], [], [], 0
    half = len(confidence) // 2
    for _ in range(resamples):
        order = random.permutation(len(confidence))
        known, judged = order[:half], order[half:]
        found = guaranteed_floor(confidence[known], right[known], promise, certainty).floor
        answered = confidence[judged] >= (NEVER if found is None else found)
        error = float((~right[judged][answered]).mean()) if answered.any() else 0.0
        held += error <= promise
        none += found is None
        errors.append(error)
        coverages.append(float(answered.mean()))
        oracles.append(
            float((confidence[judged] >= hindsight_floor(confidence[judged], right[judged], promise)).mean())
        )
    return {
        "held_share": round(held / resamples, 3),
        "mean_error": round(float(np.mean(errors)), 4),
        "mean_coverage": round(float(np.mean(coverages)), 4),
        "oracle_coverage": round(float(np.mean(oracles)), 4),
        "coverage_gap": round(float(np.mean(oracles) - np.mean(coverages)), 4),
        "no_floor_share": round(none / resamples, 3),
        "accuracy": round(float(right.mean()), 4),
        "promise": promise,
        "certainty": certainty,
        "n_calibration": half,
        "resamples": resamples,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.risk", description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True, help="CSV of labelled rows")
    parser.add_argument("--text", default="text")
    parser.add_argument("--label", default="category")
    parser.add_argument("--promise", type=float, default=PROMISE)
    parser.add_argument("--certainty", type=float, default=CERTAINTY)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    run(parser, measure)


if __name__ == "__main__":
    main()
