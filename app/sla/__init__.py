"""Service levels of a tenant: its rules, its tickets under them, and who has what."""
