"""Every decision this product makes, as pure functions: no network, disk, clock, environment or database."""
