"""Everything that crosses the process boundary: helpdesks, database, queue, model files."""
