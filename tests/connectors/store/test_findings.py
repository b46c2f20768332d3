"""What checks found: the latest of each, for each tenant."""

from __future__ import annotations

from connectors.installing import Finding, Health
from connectors.store import Store
from tests.conftest import ToldClock, new_tenant


def finding(check: str, health: Health = Health.GOOD, state: str = "Fine") -> Finding:
    return Finding(check=check, health=health, state=state, detail="It is.", fix="Nothing.", repairable=True)


def test_the_latest_finding_of_each_check_stands_in_the_order_of_the_checks(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.findings.save(tenant, [finding("gaps"), finding("address")], clock())
    first = clock()
    worse = finding("gaps", Health.WARN, "3 missed by webhook")
    store.findings.save(tenant, [worse], clock.forward(minutes=5))
    assert [(each.finding, each.checked_at) for each in store.findings.all(tenant)] == [
        (finding("address"), first),
        (worse, clock()),
    ]


def test_findings_are_a_tenants_own(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="other-path", now=clock())
    store.findings.save("other", [finding("gaps")], clock())
    store.findings.save(tenant, [], clock())
    assert store.findings.all(tenant) == []
