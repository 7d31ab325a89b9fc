"""An operator without its informers, for tests of what one look does."""

import datetime as dt
from typing import Any

from wharfinger import cli, settings
from wharfinger.apply.applier import Applier
from wharfinger.apply.events import Recorder
from wharfinger.kube.cache import Cache, Key
from wharfinger.kube.queue import WorkQueue
from wharfinger.kube.resources import REGISTRY
from wharfinger.observe.foreign_kinds import ForeignKinds
from wharfinger.observe.observer import Observer, Reading
from wharfinger.observe.pod_events import PodEvents
from wharfinger.observe.poller import Poller
from wharfinger.observe.references import References
from wharfinger.observe.report import Asker
from wharfinger.reconciler import Decisions, Reconciler, Workers

TEAM = Key("ci", "team")
NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
DECISIONS = cli.decisions(settings.Settings())


class Operator:
    """Everything but the informers: what is on the server is put into the cache by hand."""

    def __init__(self, client, asker: Asker, decisions: Decisions) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(first_backoff=0.01, last_backoff=0.05)
        self.cache = Cache(self.queue.add)
        self.poller, self.references = Poller(asker, self.queue.add), References(client, self.queue.add)
        self.kinds = ForeignKinds(client, self.cache)
        observer = Observer(self.cache, Reading(self.references, self.kinds), self.poller, PodEvents(client))
        applier = Applier(client, self.cache, Recorder(client, lambda: NOW, "operator-0"), lambda: NOW)
        self.reconciler = Reconciler(self.cache, observer, applier, decisions)
        self.workers = Workers(self.queue, self.reconciler, lambda: NOW)


def registry(api, **spec: Any) -> dict[str, Any]:
    return api.put(REGISTRY, {"metadata": {"name": "team", "uid": "u", "generation": 1}, "spec": spec})


async def settle(operator: Operator) -> list[str]:
    """Reconcile until nothing more is written, as the queue would have it."""
    for _ in range(6):
        outcome = await operator.reconciler.reconcile(TEAM, NOW)
        if not outcome.writes and outcome.again != 0.0:
            break
    return sorted(f"{kind} {name}" for kind, name in operator.cache.children(TEAM))
