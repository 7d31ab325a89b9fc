"""`kubectl registry events`: the Events of a Registry and of all that belongs to it, in order, and its deliveries.

Rule: an Event belongs to the Registry with the longest name that the object's name begins with, as children of `team`
and of `team-b` both begin with `team`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from kubectl_registry import clock, registries, wording
from kubectl_registry.commands.status import WEBHOOKS, webhook_rows
from kubectl_registry.commands.webhooks import summary
from kubectl_registry.kube.kinds import EVENT, REGISTRY
from kubectl_registry.registries import Object
from kubectl_registry.screen import Cell, styled
from kubectl_registry.session import Session

COLUMNS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")
_KINDS = ("Deployment", "ReplicaSet", "Pod", "Service", "PersistentVolumeClaim", "Secret", "ConfigMap",
          "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Ingress", "Certificate")  # fmt: skip


def run(session: Session) -> int:
    """Carry out the command."""
    registry = session.registry()
    webhooks = session.webhooks(registry)
    others = [registries.name(each) for each in session.api.list_all(REGISTRY, session.namespace)]
    events = session.api.list_all(EVENT, session.namespace)
    mine = of_registry(events, registries.name(registry), others, [registries.name(each) for each in webhooks])
    if session.screen.as_json:
        session.screen.object(
            {"events": [as_object(e) for e in mine], "webhooks": [summary(each) for each in webhooks]}
        )
        return 0
    if mine:
        session.screen.table(COLUMNS, rows(mine, clock.now()))
    else:
        session.screen.note("No Events: the cluster keeps them for about an hour.")
    if webhooks:
        session.screen.line()
        session.screen.table(WEBHOOKS, webhook_rows(webhooks, clock.now()))
    return 0


def of_registry(
    events: Iterable[Object], registry: str, registries_there: Sequence[str], webhooks: Sequence[str]
) -> list[Object]:
    """The Events of a Registry, its children and its webhooks, oldest first."""
    return sorted((e for e in events if _belongs(e, registry, registries_there, webhooks)), key=time_of)


def _belongs(event: Object, registry: str, others: Sequence[str], webhooks: Sequence[str]) -> bool:
    about = event.get("involvedObject") or {}
    kind, name = about.get("kind"), str(about.get("name", ""))
    if kind == "Registry":
        return name == registry
    if kind == "RegistryWebhook":
        return name in webhooks
    begins = [each for each in others if name == each or name.startswith(f"{each}-")]
    return kind in _KINDS and max(begins, key=len, default="") == registry


def time_of(event: Object) -> str:
    """When an Event was last seen; RFC 3339 in UTC, so it sorts as text."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return str(next((time for time in times if time), None) or event["metadata"].get("creationTimestamp", ""))


def rows(events: Iterable[Object], now: datetime) -> list[Sequence[Cell]]:
    """The table."""
    table: list[Sequence[Cell]] = []
    for event in events:
        about, kind = event["involvedObject"], str(event.get("type", ""))
        times = int((event.get("series") or {}).get("count") or event.get("count") or 1)
        often = f" (x{times})" if times > 1 else ""
        table.append(
            (
                wording.ago(time_of(event), now),
                styled(kind, None) if kind == "Warning" else kind,
                str(event.get("reason", "")),
                f"{about.get('kind')}/{about.get('name')}",
                f"{str(event.get('message', '')).strip()}{often}",
            )
        )
    return table


def as_object(event: Object) -> dict[str, Any]:
    """One Event for programs."""
    about = event["involvedObject"]
    return {
        "time": time_of(event),
        "type": event.get("type", ""),
        "reason": event.get("reason", ""),
        "kind": about.get("kind", ""),
        "name": about.get("name", ""),
        "message": event.get("message", ""),
        "count": int((event.get("series") or {}).get("count") or event.get("count") or 1),
    }
