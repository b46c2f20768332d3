"""Keeping articles right: which of them a release touches, and what becomes of a review."""
