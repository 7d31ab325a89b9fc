"""What the operator's tests share: a small API server, clients of it, and operators that reconcile against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import Configuration
from tests.wharfinger.api_server import ApiServer
from tests.wharfinger.reconciling import DECISIONS, Operator

from wharfinger.kube.client import Client
from wharfinger.observe.report import Asker
from wharfinger.reconciler import Decisions


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    """The server, running."""
    api = ApiServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.handle)
    server = TestServer(application)
    await server.start_server()
    api.url = str(server.make_url("")).rstrip("/")
    yield api
    api.cut()
    await server.close()


@pytest.fixture
def configuration(api: ApiServer) -> Configuration:
    """The way to the server."""
    return Configuration(host=api.url)


@pytest.fixture
async def client(configuration: Configuration) -> AsyncIterator[Client]:
    """A client of the server whose patience is short."""
    async with Client(configuration, timeout=0.5, backoff=0.01) as client:
        yield client


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until something holds, for at most five seconds."""

    async def until(holds: Callable[[], Any]) -> Any:
        async with asyncio.timeout(5):
            while not (result := holds()):  # noqa: ASYNC110 - any condition, not one event
                await asyncio.sleep(0.005)
        return result

    return until


@pytest.fixture
async def build(client):
    built = []
    async with Asker() as asker:

        def build(decisions: Decisions = DECISIONS) -> Operator:
            built.append(Operator(client, asker, decisions))
            return built[-1]

        yield build
        for operator in built:
            operator.queue.close()
            await operator.poller.close()
            await operator.references.close()
