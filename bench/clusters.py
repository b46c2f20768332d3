"""How well texts that say the same are put together, on any CSV file; labels are used for scoring only.

    python -m bench.clusters --items X.csv [--text text] [--label category] [--draw N [--seed S]] [--json]

clusters is how many were made, noise_share the part of the texts that are alone in theirs, seconds the CPU time of
clustering without encoding. ami, v_measure and ari compare the clusters with the labels; ami is the one that does not
grow by itself with their number.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from bench.labelled import encoder, peak_mb, read, run
from triage.clusters import clusters


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

    rows = read(arguments.items, arguments.text, arguments.label)
    if arguments.draw is not None and arguments.draw < len(rows):
        order = np.random.default_rng(arguments.seed).permutation(len(rows))
        rows = rows.at(order[: arguments.draw].tolist())
    vectors = encoder().encode(rows.texts)
    began = time.process_time()
    found = clusters(rows.texts, vectors)
    seconds = time.process_time() - began
    said = np.empty(len(rows), np.int64)
    for number, cluster in enumerate(found):
        said[list(cluster.members)] = number
    return {
        "clusters": len(found),
        "ami": round(float(adjusted_mutual_info_score(rows.labels, said)), 4),
        "v_measure": round(float(v_measure_score(rows.labels, said)), 4),
        "ari": round(float(adjusted_rand_score(rows.labels, said)), 4),
        "noise_share": round(sum(len(cluster.members) == 1 for cluster in found) / len(rows), 4),
        "seconds": round(seconds, 3),
        "n": len(rows),
        "n_labels": len(set(rows.labels)),
        "rss_mb": peak_mb(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.clusters", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", required=True)
    parser.add_argument("--text", default="text", help="column with the text [text]")
    parser.add_argument("--label", default="category", help="column with the label [category]")
    parser.add_argument("--draw", type=int, default=None, help="only so many rows, drawn")
    parser.add_argument("--seed", type=int, default=0, help="of the draw [0]")
    run(parser, measure)


if __name__ == "__main__":
    main()
