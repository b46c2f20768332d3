"""What is done for a tenant every night: read what was solved, learn, and let the better model answer."""

from __future__ import annotations

from app.learning.history import FIELD, import_history
from app.learning.progress import Progress, silent
from app.learning.training import MOST_ROWS, Learner, train
from app.learning.watching import watch
from connectors.store.models import CATEGORY
from triage.training import TrainingError


def learn(learner: Learner, tenant: str, *, limit: int = MOST_ROWS, progress: Progress = silent) -> tuple[str, ...]:
    """Import, train every target the tenant has models of, put into use what is better beyond noise, look for drift.

    Returns what was done, a sentence for each target. Raises `RateLimited` while the helpdesk's budget is spent: the
    import then goes on where it stopped.
    """
    targets = learner.deps.store.models.targets(tenant) or [CATEGORY]
    # The usual labels come with one walk, each drop-down that an admin named with one more.
    for walk in dict.fromkeys(target if target.startswith(FIELD) else CATEGORY for target in targets):
        import_history(learner.deps, tenant, target=walk, progress=progress)
    told = tuple(f"{target}: {_lesson(learner, tenant, target, limit, progress)}" for target in targets)
    watch(learner.deps, tenant, learner.encoder)
    return told


def _lesson(learner: Learner, tenant: str, target: str, limit: int, progress: Progress) -> str:
    """One target's training and what came of it; what cannot be learned is said, not raised."""
    try:
        trained = train(learner, tenant, target, limit=limit, judges=True, progress=progress)
    except TrainingError as error:
        return str(error)
    return trained.stored.why if trained.is_new else "Nothing new was learned."
