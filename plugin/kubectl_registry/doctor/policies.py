"""NetworkPolicies: which of them are about a pod, and whom they let to one of its ports.

Rule: pure, and as the Kubernetes API has it: policies add up; a pod that no policy with type Ingress selects is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kubectl_registry.registries import Object


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom the policies let to a port. `everyone`, or the peers in words; none of either: nobody."""

    policies: tuple[str, ...]
    everyone: bool
    peers: tuple[str, ...] = ()
    addresses: bool = False  # whether some peer is a range of addresses

    @property
    def nobody(self) -> bool:
        """Whether no connection is let through."""
        return not self.everyone and not self.peers


def admission(policies: Iterable[Object], labels: Mapping[str, str], port: int, port_name: str) -> Admission:
    """Whom all policies together let to a port of the pod with these labels."""
    about = [each for each in policies if _ingress(each) and selects(each["spec"].get("podSelector") or {}, labels)]
    if not about:
        return Admission((), everyone=True)
    rules = [rule for each in about for rule in each["spec"].get("ingress") or [] if _covers(rule, port, port_name)]
    sources = [peer for rule in rules for peer in rule.get("from") or []]
    return Admission(
        tuple(str(each["metadata"]["name"]) for each in about),
        everyone=any(not rule.get("from") for rule in rules),
        peers=tuple(dict.fromkeys(map(_words, sources))),
        addresses=any("ipBlock" in peer for peer in sources),
    )


def admits_namespace(policies: Iterable[Object], labels: Mapping[str, str], port: int, namespace: str) -> bool:
    """Whether some rule lets a whole namespace to a port; rules for some of its pods count as well."""
    for each in policies:
        if not _ingress(each) or not selects(each["spec"].get("podSelector") or {}, labels):
            continue
        for rule in each["spec"].get("ingress") or []:
            if _covers(rule, port, "") and any(_is_of(peer, each, namespace) for peer in rule.get("from") or [{}]):
                return True
    return False


def _is_of(peer: Object, policy: Object, namespace: str) -> bool:
    if not peer:
        return True
    if "namespaceSelector" in peer:
        return selects(peer["namespaceSelector"] or {}, {"kubernetes.io/metadata.name": namespace})
    return "podSelector" in peer and policy["metadata"].get("namespace") == namespace


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions) fits; an empty one fits everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_fits(each, labels) for each in selector.get("matchExpressions") or [])


def _fits(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _ingress(policy: Object) -> bool:
    return "Ingress" in (policy["spec"].get("policyTypes") or ["Ingress"])


def _covers(rule: Object, port: int, name: str) -> bool:
    ports: Sequence[Object] = rule.get("ports") or []
    return not ports or any(_is_port(each, port, name) for each in ports)


def _is_port(entry: Object, port: int, name: str) -> bool:
    if entry.get("protocol", "TCP") != "TCP":
        return False
    wanted = entry.get("port")
    if wanted is None or wanted in (port, name):
        return True
    return isinstance(wanted, int) and wanted <= port <= int(entry.get("endPort") or wanted)


def _words(peer: Object) -> str:
    if "ipBlock" in peer:
        return str(peer["ipBlock"].get("cidr"))
    pods = _selected(peer.get("podSelector"), "pod")
    if "namespaceSelector" in peer:
        return f"{pods} of {_selected(peer['namespaceSelector'], 'namespace')}"
    return f"{pods} of this namespace"


def _selected(selector: Object | None, noun: str) -> str:
    if not selector:
        return f"all {noun}s"
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    parts += [
        f"{e['key']} {e['operator']} {','.join(e.get('values') or [])}" for e in selector.get("matchExpressions") or []
    ]
    return f"{noun}s with {', '.join(parts)}"
