"""What the tests of webhooks share: a real outbox, a real receiver on loopback, webhooks by name."""

import asyncio
import datetime
import ipaddress
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wharf import clock
from wharf.metadata.interface import Event
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_outbox import SqliteOutbox
from wharf.metadata.sqlite_pull_log import SqlitePullLog
from wharf.webhook_settings import Webhook
from wharf.webhooks.courier import Frame
from wharf.webhooks.delivery import Deliveries
from wharf.webhooks.envelope import Source
from wharf.webhooks.networks import Networks
from wharf.webhooks.router import Router

FRAME = Frame(Source("r.example", "pod-1"), Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),)))


TODAY = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Pair:
    """A self-signed certificate and its key, PEM."""

    def __init__(self, name="127.0.0.1"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
        names = [x509.IPAddress(ipaddress.ip_address(name))]
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY)
            .not_valid_after(TODAY + datetime.timedelta(days=36500))
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.certificate = built.public_bytes(serialization.Encoding.PEM).decode()
        self.key = key.private_bytes(*form).decode()


@pytest.fixture
def another() -> Callable[..., Pair]:
    """Makes further certificates, each with a key of its own."""
    return Pair


@pytest.fixture
def pair() -> Pair:
    return Pair()


async def nothing_lost(digests: list[str]) -> list[str]:
    return []


class Receiver:
    """Keeps what it is sent; answers from `answers`, then 200; waits for `gate` before it answers.

    What is `refused` (by event), or all while it is `down`, is answered with 500.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[web.BaseRequest, dict]] = []
        self.answers: list[web.Response] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""
        self.refused: set[str] = set()
        self.down = False
        self.most_at_once = self._at_once = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.json()
        self.requests.append((request, body))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await self.gate.wait()
        await asyncio.sleep(0)
        self._at_once -= 1
        if self.down or (body["events"] and body["events"][0]["id"] in self.refused):
            return web.Response(status=500)
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
def pulls(index: SqliteIndex) -> SqlitePullLog:
    return SqlitePullLog(index, clock.now)


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
async def deliveries(index: SqliteIndex, outbox: SqliteOutbox, pulls: SqlitePullLog) -> AsyncIterator[Deliveries]:
    """Delivery that runs."""
    deliveries = Deliveries(outbox, pulls, clock.now)
    index.on_events(deliveries.wake)
    looking = asyncio.create_task(deliveries.run())
    yield deliveries
    looking.cancel()
    await deliveries.stop()


class Site:
    """An outbox, delivery of it, and what tests do with both."""

    def __init__(self, index: SqliteIndex, outbox: SqliteOutbox, pulls: SqlitePullLog, deliveries: Deliveries) -> None:
        self.index, self.outbox, self.pulls, self.deliveries = index, outbox, pulls, deliveries

    async def configure(self, *hooks: Webhook) -> None:
        """Route to these webhooks, and deliver to them."""
        self.index.replace_route(Router(hooks))
        await self.deliveries.configure(hooks, FRAME)

    async def push(self, *numbers: int, repository: str = "team/app") -> None:
        """Commit push events, by number."""
        moment = "2027-01-15T08:00:00.000000Z"
        events = [Event(f"event-{number}", moment, "push", repository) for number in numbers]
        await asyncio.gather(*(self.index.write(lambda _: True, [event]) for event in events))

    async def pull(self, *numbers: int, repository: str = "team/app") -> None:
        """Note pulls, by the numbers of their requests."""
        kind = Event("", "", "pull", repository)
        await self.index.note_pulls([(kind, f"request-{number}", "192.0.2.1", clock.now()) for number in numbers])

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait, with a deadline, until a condition holds."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - any condition, not one event
                await asyncio.sleep(0.005)

    async def until_state(self, name: str = "hook", **fields: object) -> None:
        """Wait until the state of a webhook has these values."""
        async with asyncio.timeout(20):
            while not await self.has(name, **fields):  # noqa: ASYNC110 - other processes change it too
                await asyncio.sleep(0.005)

    async def has(self, name: str = "hook", **fields: object) -> bool:
        """Whether the state of a webhook has these values."""
        state = (await self.outbox.states()).get(name)
        return state is not None and all(getattr(state, field) == value for field, value in fields.items())


@pytest.fixture
def site(index: SqliteIndex, outbox: SqliteOutbox, pulls: SqlitePullLog, deliveries: Deliveries) -> Site:
    return Site(index, outbox, pulls, deliveries)
