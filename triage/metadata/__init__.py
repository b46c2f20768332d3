"""What a ticket's own words say before any model reads them: clean text, product area, severity, codes, accounts,
versions, places, people, deadlines, each with its evidence."""

from triage.metadata.found import Found, Kind, Part, Sure
from triage.metadata.reading import Metadata, extract
from triage.text import READ_LIMIT, TEXT_LIMIT, Prepared, clean, prepare

__all__ = [
    "READ_LIMIT",
    "TEXT_LIMIT",
    "Found",
    "Kind",
    "Metadata",
    "Part",
    "Prepared",
    "Sure",
    "clean",
    "extract",
    "prepare",
]
