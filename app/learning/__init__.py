"""Learning from a tenant's own solved tickets: import, train, compare, put into use, watch.

`history` reads solved tickets in, `training` makes a model and its card, `nightly` does both for all that a tenant
has, `models` finds the one that answers, `deciding` lets it, `looking` tells what it would do, `watching` what changed.
Imported where it is needed only: all of it stands on numpy, and the web process does without.
"""
