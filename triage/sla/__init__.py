"""Service levels: what is promised, what happened to a ticket, and where its clocks stand."""

from triage.sla.policies import Metric, Policy, Target

__all__ = ["Metric", "Policy", "Target"]
