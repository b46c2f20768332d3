"""Which category a ticket is, how sure we are and why: a pool of small text classifiers with calibrated confidence.

`classifier` is the estimator; `features` counts words, `heads` are the pooled classifiers, `history` is the one that
unlabelled tickets teach, `pool` weighs them, `evidence` finds the words that spoke for the answer, `metrics` measures,
`state` takes a fitted one apart and puts it together again. Figures: docs/triage.md.
"""

from triage.classify.classifier import OneCategory, TicketClassifier, few
from triage.classify.metrics import Quality, automation_floor, quality
from triage.classify.state import UnknownRecipe

__all__ = ["OneCategory", "Quality", "TicketClassifier", "UnknownRecipe", "automation_floor", "few", "quality"]
