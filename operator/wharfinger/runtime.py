"""Puts the parts together and runs them.

Rule: workers start when every informer has listed, so that nothing is taken for missing that has not been read yet;
when one part ends by a defect, everything ends and the process is started anew.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import kopf
from aiohttp import web
from kubernetes.aio.client import Configuration

from wharfinger import clock, garbage, logs, metrics
from wharfinger.apply.applier import Applier
from wharfinger.apply.distribution import Distributor
from wharfinger.apply.events import Recorder
from wharfinger.handlers import Door
from wharfinger.health import Health
from wharfinger.kube.cache import Cache, Key, key_of, trim, version_of
from wharfinger.kube.client import Client, credentials, load_configuration
from wharfinger.kube.election import Elector, Terms
from wharfinger.kube.informer import Informer, Scope
from wharfinger.kube.queue import WorkQueue
from wharfinger.kube.resources import MANAGED_BY, REGISTRY, WATCHED, WEBHOOK, Resource
from wharfinger.observe.elsewhere import Lookout
from wharfinger.observe.foreign_kinds import ForeignKinds
from wharfinger.observe.observer import Observer, Reading
from wharfinger.observe.pod_events import PodEvents
from wharfinger.observe.poller import Poller
from wharfinger.observe.references import References
from wharfinger.observe.report import Asker
from wharfinger.reconciler import Decisions, Reconciler, Workers, conditions
from wharfinger.settings import Settings
from wharfinger.supervisor import FrontDoor, kopf_runner

log = logging.getLogger(__name__)
LEASE_NAME = "wharfinger"
_FIRST_LOOKS_SECONDS = 30.0  # one that stands by looks at nothing


def informers(client: Client, cache: Cache, namespaces: tuple[str, ...]) -> list[Informer]:
    """Return an informer for each watched type and namespace (all namespaces, if none is given)."""
    return [
        Informer(client, resource, store, Scope(namespace, "" if resource in (REGISTRY, WEBHOOK) else MANAGED_BY))
        for resource, store in cache.stores.items()
        if resource in WATCHED
        for namespace in namespaces or ("",)
    ]


async def run(settings: Settings, decisions: Decisions) -> None:
    """Run the operator until SIGTERM or SIGINT, then stop in good order."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.of_loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await _serve(settings, decisions)
    except asyncio.CancelledError:
        log.info("stopped")


async def _serve(settings: Settings, decisions: Decisions) -> None:
    configuration = await load_configuration(settings.kubeconfig)
    queue: WorkQueue[Key] = WorkQueue()
    cache = Cache(queue.add)
    async with AsyncExitStack() as stack:
        stack.callback(queue.close)
        client = await stack.enter_async_context(Client(configuration))
        lookout = Lookout(client, cache, queue.add, settings.namespaces) if settings.across_namespaces else None
        lead = await _leader(stack, client, (cache, queue, lookout), (settings, decisions))
        elector = await _elector(stack, configuration, settings)
        leading = (lambda: elector.leading) if elector else (lambda: True)
        watching = informers(client, cache, settings.namespaces)
        _measure(queue, cache, leading)
        await _listen(stack, settings, Health(queue, watching, leading))
        door = FrontDoor(kopf_runner(_door(configuration, cache), settings.namespaces))
        async with asyncio.TaskGroup() as group:
            for informer in (*watching, *(lookout.informers if lookout else ())):
                group.create_task(informer.run(), name=f"watch {informer.resource.plural}")
            group.create_task(_work(watching, elector, lead), name="work")
            group.create_task(_open(door, watching, queue), name="front door")
            group.create_task(garbage.set_aside(), name="garbage")


async def _leader(
    stack: AsyncExitStack,
    client: Client,
    known: tuple[Cache, WorkQueue[Key], Lookout | None],
    told: tuple[Settings, Decisions],
) -> Callable[[], Awaitable[None]]:
    """Return what the operator does while it leads."""
    (cache, queue, lookout), (settings, decisions) = known, told
    asker = await stack.enter_async_context(Asker())
    poller, references = Poller(asker, queue.add), References(client, queue.add)
    kinds = ForeignKinds(client, cache, settings.namespaces)
    stack.push_async_callback(references.close)
    stack.push_async_callback(kinds.close)
    observer = Observer(cache, Reading(references, kinds, lookout), poller, PodEvents(client))
    applier = Applier(client, cache, Recorder(client, clock.now, settings.instance), clock.now)
    distributor = Distributor(client, lookout) if lookout else None
    workers = Workers(queue, Reconciler(cache, observer, applier, decisions, distributor), clock.now)

    async def lead() -> None:
        # whoever led before may have left something half done
        for key in cache.concerned() | (lookout.concerned() if lookout else set()):
            queue.add(key)
        try:
            await workers.run(settings.workers)
        finally:
            await poller.close()

    return lead


async def _elector(stack: AsyncExitStack, configuration: Configuration, settings: Settings) -> Elector | None:
    """Return what decides when this operator works; None when it is the only one."""
    if not settings.lease_namespace:
        return None
    terms = Terms.of(settings.lease_seconds)
    client = await stack.enter_async_context(Client(configuration, timeout=terms.request, tries=1))
    return Elector(client, (settings.lease_namespace, LEASE_NAME), settings.instance, clock.now, terms)


async def _open(door: FrontDoor, watching: list[Informer], queue: WorkQueue[Key]) -> None:
    """Run Kopf, but not before all that is there has been looked at once: at a start it has nothing to tell that the
    informers have not told, and takes a fifth of the processor's time to do so.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_FIRST_LOOKS_SECONDS):
            for informer in watching:
                await informer.synced.wait()
            await queue.drained()
    await door.run()


async def _work(watching: list[Informer], elector: Elector | None, lead: Callable[[], Awaitable[None]]) -> None:
    for informer in watching:
        await informer.synced.wait()
    log.info("all caches are filled: work begins" if elector is None else "all caches are filled: standing by")
    await (lead() if elector is None else elector.run(lead))


async def _listen(stack: AsyncExitStack, settings: Settings, health: Health) -> None:
    runner = web.AppRunner(health.application(), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.address or None, settings.port).start()


def _measure(queue: WorkQueue[Key], cache: Cache, leading: Callable[[], bool]) -> None:
    metrics.LEADER.read = lambda: {(): float(leading())}
    metrics.QUEUE_DEPTH.read = lambda: {(): float(len(queue))}
    metrics.CACHED.read = lambda: {
        (resource.kind,): float(len(store.objects)) for resource, store in cache.stores.items()
    }
    metrics.CONDITIONS.read = lambda: conditions(cache)
    metrics.REASONS.read = lambda: conditions(cache, "reason")


def _door(configuration: Configuration, cache: Cache) -> Door:
    loop = asyncio.get_running_loop()

    def deliver(resource: Resource, event: kopf.RawEvent) -> None:
        loop.call_soon_threadsafe(take, cache, resource, event)

    return Door(functools.partial(connection, configuration), deliver)


def take(cache: Cache, resource: Resource, event: kopf.RawEvent) -> None:
    """Put what Kopf saw into the cache; what the informers already know is dropped there."""
    obj = dict(event["object"])
    if event["type"] == "DELETED":
        cache.stores[resource].drop(key_of(obj), version_of(obj))
    else:
        cache.stores[resource].put(trim(obj, resource))


async def connection(configuration: Configuration) -> kopf.ConnectionInfo:
    """Return the operator's credentials in Kopf's form."""
    scheme, _, token = (await credentials(configuration)).get("authorization", "").partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        scheme=scheme or None,
        token=token or None,
    )
