"""`kubectl registry status`: registries in a table, or everything about one.

Rule: shows what the status of the objects says, and invents nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kubectl_registry import clock, registries, wording
from kubectl_registry.registries import Object
from kubectl_registry.screen import Cell, Screen, styled
from kubectl_registry.session import Session

_GOOD = {"True": True, "False": False}
LIST = ("NAMESPACE", "NAME", "READY", "URL", "USERS", "USED", "CERTIFICATE", "WEBHOOKS", "AGE")


def run(session: Session) -> int:
    """Carry out the command."""
    found, now = session.registries(), clock.now()
    if session.screen.as_json:
        summaries = [summary(each) for each in found]
        session.screen.object(summaries[0] if session.options.name else summaries)
    elif session.options.name:
        detail(session.screen, found[0], session.webhooks(found[0]), now)
    elif found:
        session.screen.table(LIST, [row(each, now) for each in found])
    else:
        where = "the cluster" if session.options.all_namespaces else f"namespace {session.namespace}"
        session.screen.note(f"There is no Registry in {where}: `kubectl apply` one, or look with -A.")
    return 0


def summary(registry: Object) -> dict[str, Any]:
    """One Registry for programs."""
    ready, status = registries.condition(registry, "Ready"), registries.status(registry)
    return {
        "namespace": registries.namespace(registry),
        "name": registries.name(registry),
        "ready": registries.is_ready(registry),
        "reason": ready.get("reason", ""),
        "message": ready.get("message", ""),
        **{
            key: status[key]
            for key in ("url", "users", "robots", "certificate", "storage", "webhooks")
            if key in status
        },
        **{key: status[key] for key in ("garbageCollection", "conditions") if key in status},
    }


def ready_cell(registry: Object) -> Cell:
    """Whether it is Ready, or why not."""
    ready = registries.condition(registry, "Ready")
    if not ready:
        return styled("Unknown", None)
    if not registries.settled(registry):
        return styled("Updating", None)
    said = "True" if ready["status"] == "True" else str(ready.get("reason") or ready["status"])
    return styled(said, _GOOD.get(ready["status"]))


def row(registry: Object, now: datetime) -> Sequence[Cell]:
    """One Registry in the table of many."""
    status = registries.status(registry)
    hooks, certificate = status.get("webhooks") or {}, status.get("certificate") or {}
    return (
        registries.namespace(registry),
        registries.name(registry),
        ready_cell(registry),
        str(status.get("url", "-")),
        str(len(registries.users(registry))),
        used(registry),
        certificate_life(certificate, now) if certificate else "-",
        f"{hooks.get('healthy', 0)}/{hooks['total']}" if hooks.get("total") else "-",
        wording.ago(registry["metadata"].get("creationTimestamp"), now).removesuffix(" ago"),
    )


def used(registry: Object) -> Cell:
    """How full the volume is."""
    storage = registries.status(registry).get("storage") or {}
    percent = storage.get("usedPercent")
    if percent is None:
        return "-"
    text = f"{percent}% of {storage.get('capacity', '?')}" + (", read-only" if storage.get("readOnly") else "")
    return styled(text, False if percent >= 95 or storage.get("readOnly") else None if percent >= 85 else True)


def certificate_life(certificate: Object, now: datetime) -> Cell:
    """How long the certificate is valid still."""
    end = wording.moment(certificate.get("notAfter"))
    if end is None:
        return "-"
    return (
        styled("expired " + wording.ago(certificate["notAfter"], now), False) if end <= now else wording.span(end - now)
    )


def detail(screen: Screen, registry: Object, webhooks: Sequence[Object], now: datetime) -> None:
    """Everything about one Registry."""
    screen.table(("", ""), facts(registry, now))
    screen.line()
    screen.table(("CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"), condition_rows(registry, now))
    screen.line()
    screen.table(("USER", "SECRET", "ROTATED", "NEXT", "OLD PASSWORD"), user_rows(registry, now))
    if webhooks:
        screen.line()
        screen.table(WEBHOOKS, webhook_rows(webhooks, now))


def facts(registry: Object, now: datetime) -> list[tuple[str, Cell]]:
    """The lines on top."""
    status = registries.status(registry)
    certificate, storage = status.get("certificate") or {}, status.get("storage") or {}
    rows: list[tuple[str, Cell]] = [
        ("Registry", f"{registries.namespace(registry)}/{registries.name(registry)}"),
        ("Ready", ready_cell(registry)),
        ("URL", str(status.get("url", "-"))),
    ]
    if status.get("nodePort"):
        rows.append(("Node port", str(status["nodePort"])))
    if certificate:
        renewal = f", renewed {wording.ago(certificate['renewsAt'], now)}" if certificate.get("renewsAt") else ""
        ends = f"{certificate.get('issuer', '')}, ends {wording.ago(certificate.get('notAfter'), now)}{renewal}"
        rows.append(("Certificate", ends))
        rows.append(("CA", f"ConfigMap {ca}" if (ca := registries.ca_name(registry)) else "of a public authority"))
    if storage:
        rows.append(("Storage", used(registry)))
        rows.append(("Claim", f"{storage.get('claimName', '-')}, content {storage.get('used', '-')}"))
    rows.append(("Garbage", garbage(status.get("garbageCollection") or {}, now)))
    return rows


def garbage(collection: Object, now: datetime) -> str:
    """What garbage collection did last."""
    if not collection:
        return "collected by itself; `kubectl registry gc NAME --dry-run` says what would go"
    parts = [f"last run {wording.ago(collection.get('lastRun'), now)}", f"freed {collection.get('freed', '0')}"]
    if collection.get("nextRun"):
        parts.append(f"next {wording.ago(collection['nextRun'], now)}")
    return ", ".join(parts)


def condition_rows(registry: Object, now: datetime) -> list[Sequence[Cell]]:
    """The conditions, those that are not as they should be in red."""
    return [
        (
            each["type"],
            styled(each["status"], _GOOD.get(each["status"])),
            each.get("reason", ""),
            wording.ago(each.get("lastTransitionTime"), now),
            each.get("message", ""),
        )
        for each in registries.status(registry).get("conditions") or []
    ]


def user_rows(registry: Object, now: datetime) -> list[Sequence[Cell]]:
    """The users and the operator's own accounts, and until when old passwords work."""
    return [
        (
            each.name,
            f"{each.secret} ({each.key})" if each.given else each.secret,
            "by its Secret" if each.given else wording.ago(each.rotated_at, now) if each.rotated_at else "never",
            wording.ago(each.next_rotation, now) if each.next_rotation else "-",
            f"works until {each.previous_valid_until}" if each.previous_valid_until else "-",
        )
        for each in [*registries.users(registry), *registries.robots(registry)]
    ]


WEBHOOKS = ("WEBHOOK", "READY", "DELIVERING", "DELIVERED", "PENDING", "DEAD", "LAST SUCCESS", "LAST ERROR")


def webhook_rows(webhooks: Sequence[Object], now: datetime) -> list[Sequence[Cell]]:
    """The webhooks, and what became of their events."""
    rows: list[Sequence[Cell]] = []
    for each in webhooks:
        status = registries.status(each)
        error = status.get("lastError") or {}
        states = [registries.condition(each, kind).get("status", "Unknown") for kind in ("Ready", "Delivering")]
        dead = int(status.get("dead") or 0)
        rows.append(
            (
                registries.name(each),
                *(styled(state, _GOOD.get(state)) for state in states),
                str(status.get("delivered") or 0),
                str(status.get("pending") or 0),
                styled(str(dead), False) if dead else "0",
                wording.ago(status.get("lastSuccess"), now),
                f"{error['message']} ({wording.ago(error.get('at'), now)})" if error.get("message") else "-",
            )
        )
    return rows
