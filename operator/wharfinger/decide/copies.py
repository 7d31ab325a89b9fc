"""Copies of the pull Secret in other namespaces, and the ServiceAccounts that name them.

Rule: a copy says what the pull Secret says now. What is put into a ServiceAccount is noted on it, and only that is
taken out again; a ServiceAccount is put right before the copy that it names goes. So no finalizer is needed: whatever
became of the Registry, labels and notes say what is left to clear away.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any

from wharfinger.api.reasons import Reason
from wharfinger.api.registry import Registry
from wharfinger.api.selector import selects
from wharfinger.children.copy import copy, source_of
from wharfinger.children.docker import document_of
from wharfinger.children.owner import Owner
from wharfinger.decide.condition import Finding, bad
from wharfinger.decide.drift import differences
from wharfinger.decide.observed import Elsewhere, Manifest, Observed
from wharfinger.decide.plan import Distribution

NOTE = "wharfinger.dev/pull-secrets"  # on a ServiceAccount: the imagePullSecrets that we put there
_REMEDY = "install the operator with pullSecretsAcrossNamespaces (Helm) or manifests/overlays/pull-secrets"


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of it. `count`: namespaces with a copy that is as it should be; None: no copies are asked for."""

    plan: Distribution = field(default_factory=Distribution)
    finding: Finding | None = None  # what is wrong
    count: int | None = None


def decide(registry: Registry, owner: Owner, observed: Observed) -> Copied:
    """Decide what to do in other namespaces for one Registry."""
    wanted = registry.spec.pull_secrets.namespace_selector
    elsewhere = observed.elsewhere
    if elsewhere is None:
        return Copied(finding=None if wanted is None else _not_allowed("the operator is not set up to make them"))
    if elsewhere.trouble:
        return Copied(finding=None if wanted is None else _not_allowed(elsewhere.trouble), count=_before(registry))
    if elsewhere.reading:
        return Copied(count=_before(registry))  # the Lookout tells when it has read all
    document = document_of(observed.children.get(("Secret", owner.user("_pull"))))
    selected = frozenset(_selected(registry, elsewhere)) if wanted is not None else frozenset()
    targets = selected - {owner.namespace}
    copies = [] if document is None else [copy(owner, namespace, document) for namespace in sorted(targets)]
    stale = [child for child in copies if differences(child, elsewhere.copies.get(child["metadata"]["namespace"], {}))]
    names = frozenset(registry.spec.pull_secrets.service_accounts)
    present = targets & elsewhere.copies.keys() | selected & {owner.namespace}
    plan = Distribution(
        apply=tuple(stale),
        accounts=tuple(_accounts(owner, elsewhere, present, names)),
        delete=_superfluous(owner, elsewhere, targets),
    )
    count = None if wanted is None else len(copies) - len(stale)
    return Copied(plan, _refused(elsewhere, selected), count)


def sweep(namespace: str, name: str, elsewhere: Elsewhere) -> Distribution:
    """What is left to clear away of a Registry that is gone."""
    if elsewhere.reading or elsewhere.trouble:
        return Distribution()
    owner = Owner(name, namespace, "")
    accounts = tuple(_accounts(owner, elsewhere, frozenset(), frozenset()))
    return Distribution(accounts=accounts, delete=_superfluous(owner, elsewhere, frozenset()))


def spread(observed: Observed, document: bytes | None) -> bool:
    """Whether every copy says what the pull Secret is to say, those aside that nothing can be done about."""
    elsewhere = observed.elsewhere
    if elsewhere is None or elsewhere.reading or elsewhere.trouble:
        return True
    copies = (secret for namespace, secret in elsewhere.copies.items() if namespace not in elsewhere.refused)
    return all(document_of(secret) == document for secret in copies)


def noted(account: Manifest) -> tuple[str, ...]:
    """The imagePullSecrets that we put into a ServiceAccount."""
    annotations = account["metadata"].get("annotations") or {}
    return tuple(name for name in annotations.get(NOTE, "").split(",") if name)


def sources(account: Manifest) -> set[tuple[str, str]]:
    """Namespace and name of each Registry that a ServiceAccount pulls from by our doing."""
    return {source_of(name, account["metadata"]["namespace"]) for name in noted(account)}


def _selected(registry: Registry, elsewhere: Elsewhere) -> Iterator[str]:
    selector = registry.spec.pull_secrets.namespace_selector
    assert selector is not None
    for namespace in elsewhere.namespaces.values():
        metadata = namespace["metadata"]
        going = metadata.get("deletionTimestamp") or (namespace.get("status") or {}).get("phase") == "Terminating"
        if not going and selects(selector, metadata.get("labels") or {}):
            yield metadata["name"]


def _accounts(owner: Owner, elsewhere: Elsewhere, present: Set[str], names: Set[str]) -> Iterator[dict[str, Any]]:
    """Patches for the ServiceAccounts that do not name the copy as they should."""
    for (namespace, name), account in elsewhere.accounts.items():
        secret = owner.user("_pull") if namespace == owner.namespace else owner.copy
        wanted = namespace in present and name in names
        listed = list(account.get("imagePullSecrets") or ())
        known = noted(account)
        there = any(entry.get("name") == secret for entry in listed)
        if wanted and not there:
            yield _patch(account, [*listed, {"name": secret}], sorted({*known, secret}))
        elif not wanted and secret in known:
            others = [entry for entry in listed if entry.get("name") != secret]
            yield _patch(account, others, [entry for entry in known if entry != secret])


def _patch(account: Manifest, listed: list[Manifest], known: list[str]) -> dict[str, Any]:
    metadata = account["metadata"]
    return {
        "metadata": {
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "annotations": {NOTE: ",".join(known) or None},
        },
        "imagePullSecrets": listed or None,
    }


def _superfluous(owner: Owner, elsewhere: Elsewhere, targets: Set[str]) -> tuple[Manifest, ...]:
    """Copies that are not wanted any more and that no ServiceAccount names by our doing."""
    named = {namespace for (namespace, _), account in elsewhere.accounts.items() if owner.copy in noted(account)}
    return tuple(secret for namespace, secret in sorted(elsewhere.copies.items()) if namespace not in targets | named)


def _refused(elsewhere: Elsewhere, selected: Set[str]) -> Finding | None:
    refused = sorted(elsewhere.refused.keys() & selected)
    if not refused:
        return None
    more = f" ({len(refused) - 1} more like it)" if len(refused) > 1 else ""
    return bad(Reason.COPY_REFUSED, f"namespace {refused[0]!r}: {elsewhere.refused[refused[0]]}{more}")


def _not_allowed(why: str) -> Finding:
    return bad(
        Reason.COPIES_NOT_ALLOWED,
        f"spec.pullSecrets.namespaceSelector asks for copies in other namespaces, but {why}: {_REMEDY}, or remove it",
    )


def _before(registry: Registry) -> int | None:
    """What was last said, while nothing is known."""
    count = registry.status.get("pullSecretCopies")
    return count if isinstance(count, int) else None
