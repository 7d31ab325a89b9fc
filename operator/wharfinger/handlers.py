"""Kopf's handlers: events of our two kinds go into the cache, which puts keys onto the queue.

Rule: the only module with Kopf's decorators. A handler delivers and returns; it decides nothing, writes nothing, calls
no other handler, and Kopf keeps neither finalizers nor annotations for it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import kopf

from wharfinger.kube.resources import REGISTRY, WEBHOOK, Resource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """What the handlers need of the rest; Kopf hands it to them as `memo.door`."""

    login: Callable[[], Awaitable[kopf.ConnectionInfo]]
    deliver: Callable[[Resource, kopf.RawEvent], None]  # may be called from any thread


class Nothing(kopf.DiffBaseStorage):
    """What Kopf compares an object with, to tell changes from other events: here events are all that is asked for.

    (Its own way copies each object twice, a third of all that Kopf costs.)
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Take nothing of an object."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Remember nothing."""
        return None

    def store(self, **_: Any) -> None:
        """Note nothing."""


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Keep Kopf from writing anything, from logging a line for each event, and from killing the process."""
    settings.posting.enabled = False
    settings.scanning.disabled = False  # else the deletion of a CRD ends Kopf
    settings.process.ultimate_exiting_timeout = None  # it is restarted inside a process that lives on
    settings.networking.request_timeout = 30.0
    settings.networking.connect_timeout = 5.0
    settings.watching.inactivity_timeout = 90.0
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 0.5  # for which it keeps a task for each object
    settings.persistence.diffbase_storage = Nothing()
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


@kopf.on.cleanup()
async def farewell(**_: Any) -> None:
    """Say that Kopf has ended in good order."""
    log.debug("Kopf has ended")


@kopf.on.login(backoff=5.0)
async def login(memo: Any, **_: Any) -> kopf.ConnectionInfo:
    """Use the credentials that the rest of the operator uses."""
    connection: kopf.ConnectionInfo = await memo.door.login()
    return connection


@kopf.on.event(REGISTRY.api_version, REGISTRY.plural)
async def registry_event(event: kopf.RawEvent, memo: Any, **_: Any) -> None:
    """Deliver what happened to a Registry."""
    memo.door.deliver(REGISTRY, event)


@kopf.on.event(WEBHOOK.api_version, WEBHOOK.plural)
async def webhook_event(event: kopf.RawEvent, memo: Any, **_: Any) -> None:
    """Deliver what happened to a RegistryWebhook."""
    memo.door.deliver(WEBHOOK, event)
