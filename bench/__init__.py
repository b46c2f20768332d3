"""Measurements: `python -m bench.<name> --json` prints one JSON object; progress goes to stderr."""
