"""Real processes for the tests that need them."""

from tests.faults.stages import stage_of
from tests.real_processes import Start, models, start

__all__ = ["Start", "models", "stage_of", "start"]
