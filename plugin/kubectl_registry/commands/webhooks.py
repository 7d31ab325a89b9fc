"""`kubectl registry webhooks`: what became of events, and sending the dead letters again.

Rule: a replay is asked for in spec.replay of the RegistryWebhook, so that it is done by whoever keeps the registry and
needs no right to enter its pod.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kubectl_registry import clock, ownership, registries
from kubectl_registry.commands.status import WEBHOOKS, webhook_rows
from kubectl_registry.errors import PluginError, RefusedError
from kubectl_registry.kube.execution import Target, execute
from kubectl_registry.kube.kinds import REGISTRY, WEBHOOK
from kubectl_registry.registries import Object
from kubectl_registry.screen import Cell
from kubectl_registry.session import Session

LETTERS = ("EVENT", "TIME", "ACTION", "WHAT", "ATTEMPTS", "LAST ANSWER")
_SHOW = ("python3", "-m", "wharf", "webhooks", "show", "--config", "/etc/wharf/config.yaml", "--output", "json")
_SECONDS = 60.0


def run(session: Session) -> int:
    """Carry out the command."""
    return {"list": _list, "dead": _dead, "replay": _replay}[session.options.action](session)


def _list(session: Session) -> int:
    options = session.options
    namespace = "" if options.all_namespaces else session.namespace
    found = session.webhooks(session.registry()) if options.name else session.api.list_all(WEBHOOK, namespace)
    if session.screen.as_json:
        session.screen.object([summary(each) for each in found])
    elif found:
        session.screen.table(("NAMESPACE", "REGISTRY", *WEBHOOKS), rows(found, clock.now()))
    else:
        session.screen.note("There is no RegistryWebhook: docs/how-to/webhooks.md tells how to add one.")
    return 0


def rows(webhooks: Sequence[Object], now: datetime) -> list[Sequence[Cell]]:
    """The table."""
    places = [(registries.namespace(each), each["spec"]["registryRef"]["name"]) for each in webhooks]
    return [(*place, *row) for place, row in zip(places, webhook_rows(webhooks, now), strict=True)]


def summary(webhook: Object) -> dict[str, Any]:
    """One RegistryWebhook for programs."""
    return {
        "namespace": registries.namespace(webhook),
        "name": registries.name(webhook),
        "registry": webhook["spec"]["registryRef"]["name"],
        "url": webhook["spec"]["url"],
        **registries.status(webhook),
    }


def _dead(session: Session) -> int:
    options, screen = session.options, session.screen
    webhook = session.api.get(WEBHOOK, session.namespace, options.webhook)
    registry = session.api.get(REGISTRY, session.namespace, webhook["spec"]["registryRef"]["name"])
    target = Target(session.namespace, session.running_pod(registry))
    done = execute(session.api, target, [*_SHOW, options.webhook, "--limit", str(options.limit)], timeout=_SECONDS)
    if done.status:
        raise PluginError(f"`wharf webhooks` failed in pod {target.pod}: {done.complaints.strip()[-300:]}")
    letters = json.loads(done.output)
    if screen.as_json:
        screen.object(letters)
    elif letters:
        screen.table(LETTERS, [letter_row(each) for each in letters])
    else:
        screen.note(f"No event of {options.webhook} was given up.")
    return 0


def letter_row(letter: Mapping[str, Any]) -> Sequence[Cell]:
    """One event that was given up."""
    event = letter["event"]
    what = f"{event['repository']}:{event['tag']}" if event.get("tag") else event["repository"]
    answer = f"{letter['error']}: {letter['answer']}" if letter.get("answer") else letter["error"]
    return event["id"], event["timestamp"], event["action"], what, str(letter["attempts"]), answer


def _replay(session: Session) -> int:
    name = session.options.webhook
    webhook = session.api.get(WEBHOOK, session.namespace, name)
    check(webhook, force=session.options.force)
    text = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        session.api.apply(WEBHOOK, change(webhook, text), force=True)
    except RefusedError as error:
        if ".spec.replay: field not declared" in str(error):
            raise RefusedError(
                "this cluster's RegistryWebhook has no spec.replay: upgrade Wharfinger's CRDs"
            ) from error
        raise
    dead = int(registries.status(webhook).get("dead") or 0)
    if session.screen.as_json:
        session.screen.object({"webhook": name, "replay": text, "dead": dead})
    else:
        session.screen.line(f"Asked for {dead} dead letter{'' if dead == 1 else 's'} of {name} to be sent again.")
        session.screen.line(f"Watch it: kubectl get regwh {name} -n {session.namespace} --watch")
    return 0


def check(webhook: Object, *, force: bool) -> None:
    """Raises RefusedError when a GitOps tool owns the field and would undo the change."""
    tools = {ownership.tool(owner) for owner in ownership.owners(webhook, ("f:spec", "f:replay"))} - {""}
    if tools and not force:
        raise RefusedError(
            f"{' and '.join(sorted(tools))} owns spec.replay: change it where the manifest is kept, or use --force"
        )


def change(webhook: Object, text: str) -> dict[str, Any]:
    """The object to apply."""
    return {
        "apiVersion": WEBHOOK.api_version,
        "kind": WEBHOOK.name,
        "metadata": {"name": registries.name(webhook), "namespace": registries.namespace(webhook)},
        "spec": {"replay": text},
    }
