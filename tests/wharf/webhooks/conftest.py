"""What the tests of webhooks share: a real outbox, a real receiver on loopback, webhooks by name."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wharf import clock
from wharf.metadata.interface import Event
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_outbox import SqliteOutbox
from wharf.webhook_settings import Webhook
from wharf.webhooks.router import Router


async def nothing_lost(digests: list[str]) -> list[str]:
    return []


class Receiver:
    """Keeps what it is sent; answers from `answers`, then 200; waits for `gate` before it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[web.BaseRequest, dict]] = []
        self.answers: list[web.Response] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.json()
        self.requests.append((request, body))
        await self.gate.wait()
        return self.answers.pop(0) if self.answers else web.Response()

    @property
    def received(self) -> list[str]:
        """The ids of the events, in the order of their requests."""
        return [event["id"] for _, body in self.requests for event in body["events"]]


@pytest.fixture
async def receivers() -> AsyncIterator[Callable]:
    """Starts receivers."""
    servers = []

    async def start() -> Receiver:
        receiver = Receiver()
        application = web.Application()
        application.router.add_post("/hook", receiver.answer)
        server = TestServer(application)
        await server.start_server()
        servers.append(server)
        receiver.url = str(server.make_url("/hook"))
        return receiver

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def receiver(receivers: Callable) -> Receiver:
    return await receivers()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    index = SqliteIndex(tmp_path / "index.db", nothing_lost)
    index.open()
    yield index
    index.close()


@pytest.fixture
def outbox(index: SqliteIndex) -> SqliteOutbox:
    return SqliteOutbox(index, clock.now)


@pytest.fixture
def hook() -> Callable[..., Webhook]:
    """A webhook that retries fast."""

    def make(url: str, name: str = "hook", **fields: object) -> Webhook:
        return Webhook(name=name, url=url, **{"min_backoff": 0.01, "max_backoff": 0.02, "timeout": 5.0, **fields})

    return make


@pytest.fixture
def event() -> Callable[..., Event]:
    def make(number: int = 1, action: str = "push", repository: str = "team/app", **fields: object) -> Event:
        return Event(f"event-{number}", "2027-01-15T08:00:00.000000Z", action, repository, **fields)

    return make


@pytest.fixture
def push(index: SqliteIndex, event: Callable[..., Event]) -> Callable:
    """Commits push events, by number, for these webhooks."""

    async def commit(hooks: list[Webhook], *numbers: int) -> None:
        index.replace_route(Router(hooks))
        for number in numbers:
            await index.record([event(number)])

    return commit


@pytest.fixture
def until() -> Callable:
    """Waits, with a deadline, until a condition holds."""

    async def wait(condition: Callable) -> None:
        async with asyncio.timeout(10):
            while True:
                result = condition()
                if await result if asyncio.iscoroutine(result) else result:
                    return
                await asyncio.sleep(0.005)

    return wait
