"""From what an admin writes to `SlaRules`: every problem at once, each with its place and the way out."""

from triage.sla.reading.node import SlaRulesError
from triage.sla.reading.rules import rules_from

__all__ = ["SlaRulesError", "rules_from"]
