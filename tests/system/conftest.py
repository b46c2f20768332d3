"""Real processes for the tests that need them."""

from tests.real_processes import Start, models, start

__all__ = ["Start", "models", "start"]
