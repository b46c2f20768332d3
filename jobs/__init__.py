"""What runs, in which order: load, decide, apply, record. Every job takes the id and lease token of one row."""
