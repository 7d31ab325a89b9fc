"""The walk: every check, in the order in which one thing depends on the other.

Rule: a reader who mends the first broken thing has mended the cause, as a rule; a test pins the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kubectl_registry.doctor import certificates, network, use, workload
from kubectl_registry.doctor.facts import Facts
from kubectl_registry.doctor.findings import Finding

Check = Callable[[Facts], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    workload.operator,
    workload.conditions,
    workload.storage,
    workload.pod,
    workload.service,
    network.name_inside,
    network.network_policy,
    network.names,
    network.connections,
    certificates.certificate,
    certificates.trust_here,
    use.logins,
    use.pull,
    use.push,
    use.nodes,
    use.webhooks,
)


def examine(facts: Facts) -> list[Finding]:
    """Every finding, in order."""
    return [finding for check in CHECKS for finding in check(facts)]
