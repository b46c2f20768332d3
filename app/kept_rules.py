"""Rules that admins own, read once for each version in a process: a tenant's own, or else the shipped ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from connectors.store import Store

KEPT = 200
"""Of so many tenants a process keeps the rules, with what was built for them."""


class Versioned(Protocol):
    @property
    def version(self) -> str: ...


Rules = TypeVar("Rules", bound=Versioned)


class KeptRules(Generic[Rules]):
    """The rules of one `kind`: `shipped` makes the default ones, `read` a version's from its body and its number."""

    def __init__(
        self, kind: str, shipped: Callable[[], Rules], read: Callable[[Mapping[str, Any], str], Rules]
    ) -> None:
        self.kind, self.shipped, self.read = kind, shipped, read
        self._known: WeakKeyDictionary[Store, dict[str, Rules]] = WeakKeyDictionary()
        self._lock = Lock()

    def of(self, store: Store, tenant: str) -> Rules:
        """What holds now; asked of the database each time, read once for each version. Raises what `read` raises."""
        version = store.config.current_number(tenant, self.kind)
        if version is None:
            return self.shipped()
        with self._lock:
            rules = self._known.setdefault(store, {}).get(tenant)
        if rules is not None and rules.version == str(version):
            return rules
        stored = store.config.version(tenant, self.kind, version)
        if stored is None:
            return self.shipped()  # its tenant was taken away between the two reads
        rules = self.read(stored.body, str(version))
        with self._lock:
            kept = self._known.setdefault(store, {})
            kept.pop(tenant, None)
            kept[tenant] = rules
            while len(kept) > KEPT:
                del kept[next(iter(kept))]
        return rules
