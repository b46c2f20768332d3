"""Which category a ticket is, how sure we are and why: a pool of small text classifiers with calibrated confidence.

`classifier` is the estimator; `features` counts words, `heads` are the pooled classifiers, `pool` weighs them,
`evidence` finds the words that spoke for the answer, `metrics` measures. Figures: docs/triage.md.
"""

from triage.classify.classifier import TicketClassifier
from triage.classify.metrics import Quality, automation_floor, quality

__all__ = ["Quality", "TicketClassifier", "automation_floor", "quality"]
