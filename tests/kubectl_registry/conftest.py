"""A small API server on loopback: real HTTP and websockets, objects in memory, refusals on demand.

It stands in for the real one so that the plugin runs here as users run it; e2e/test_plugin.py has the real one.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import WSMsgType, web

from kubectl_registry import cli
from kubectl_registry.kube import kinds
from kubectl_registry.kube.api import Api, Place
from kubectl_registry.kube.kinds import REGISTRY, Kind

KINDS = {kind.plural: kind for kind in vars(kinds).values() if isinstance(kind, Kind)}
Object = dict[str, Any]
Address = tuple[str, str, str]  # plural, namespace, name


def merge(into: Object, patch: Object) -> Object:
    """Server-side apply as far as the plugin needs it: maps merge, lists of things with names merge by name."""
    for key, value in patch.items():
        if isinstance(value, dict):
            into[key] = merge(dict(into.get(key) or {}), value)
        elif isinstance(value, list) and all(isinstance(each, dict) and "name" in each for each in value):
            there = {each["name"]: each for each in into.get(key) or []}
            into[key] = list({**there, **{e["name"]: merge(dict(there.get(e["name"], {})), e) for e in value}}.values())
        else:
            into[key] = value
    return into


@dataclass
class Command:
    """What a command in a pod answers."""

    output: str = ""
    complaints: str = ""
    status: int = 0


@dataclass
class FakeCluster:
    """The server: `objects` can be changed at any time; `refuse` makes it answer a verb on a resource with a status."""

    objects: dict[Address, Object] = field(default_factory=dict)
    refuse: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    patches: list[tuple[dict[str, str], Object]] = field(default_factory=list)
    execute: Callable[[list[str]], Command] = lambda _: Command()
    forward: Callable[[int], int] = lambda port: port
    after_patch: Callable[[Object], None] = lambda _: None
    installed: bool = True
    page: str = ""
    port: int = 0

    def add(self, kind: Kind, thing: Object) -> Object:
        """Put an object there."""
        metadata = thing["metadata"]
        thing.setdefault("kind", kind.name)
        self.objects[kind.plural, metadata.get("namespace", ""), metadata["name"]] = thing
        return thing

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if self.page:
            return web.Response(text=self.page, content_type="text/html")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.36.0"})
        parts = request.path.strip("/").split("/")[2 if request.path.startswith("/api/") else 3 :]
        if parts:
            return await self._resource(request, parts)
        served = web.json_response({"resources": [{"name": plural} for plural in KINDS]})
        return served if self.installed else web.Response(status=404)

    async def _resource(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        namespace = ""
        if parts[0] == "namespaces" and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        plural, name, subresource = (*parts, "", "")[:3]
        verb = {"GET": "get" if name else "list", "PATCH": "patch"}[request.method]
        verb = "create" if subresource else verb
        if refused := self.refuse.get((verb, f"{plural}/{subresource}" if subresource else plural)):
            return web.json_response({"kind": "Status", "message": refused[1]}, status=refused[0])
        if not self.installed and KINDS[plural].group == "wharfinger.dev":
            return web.Response(status=404, text="404 page not found")
        if subresource:
            return await (self._exec(request) if subresource == "exec" else self._forward(request))
        if not name:
            return web.json_response({"items": self._listed(plural, namespace, request.query)})
        return await self._one(request, (plural, namespace, name))

    async def _one(self, request: web.Request, address: Address) -> web.Response:
        found = self.objects.get(address)
        if found is None:
            details = {"name": address[2]}
            return web.json_response({"kind": "Status", "reason": "NotFound", "details": details}, status=404)
        if request.method == "PATCH":
            patch = await request.json()
            self.patches.append((dict(request.query), patch))
            merge(found, {"spec": patch["spec"]})
            found["metadata"]["generation"] = found["metadata"].get("generation", 1) + 1
            answer = json.loads(json.dumps(found))
            self.after_patch(found)
            return web.json_response(answer)
        return web.json_response(found)

    def _listed(self, plural: str, namespace: str, query: Any) -> list[Object]:
        wanted = dict(pair.split("=", 1) for pair in query.get("labelSelector", "").split(",") if pair)
        return [
            thing
            for (kind, where, _), thing in self.objects.items()
            if kind == plural
            and namespace in ("", where)
            and wanted.items() <= (thing["metadata"].get("labels") or {}).items()
        ]

    async def _exec(self, request: web.Request) -> web.WebSocketResponse:
        command = request.query.getall("command")
        self.commands.append(command)
        done = self.execute(command)
        socket_ = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket_.prepare(request)
        for channel, text in ((1, done.output), (2, done.complaints)):
            for start in range(0, len(text), 100):  # in pieces, as a slow program writes
                await socket_.send_bytes(bytes([channel]) + text[start : start + 100].encode())
        causes = [{"reason": "ExitCode", "message": str(done.status)}]
        told = {"status": "Failure", "details": {"causes": causes}} if done.status else {"status": "Success"}
        await socket_.send_bytes(b"\x03" + json.dumps(told).encode())
        await socket_.close()
        return socket_

    async def _forward(self, request: web.Request) -> web.WebSocketResponse:
        wanted = int(request.query["ports"])
        socket_ = web.WebSocketResponse(protocols=["v4.channel.k8s.io"])
        await socket_.prepare(request)
        for channel in (0, 1):
            await socket_.send_bytes(bytes([channel]) + struct.pack("<H", wanted))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.forward(wanted))
        except OSError as error:
            await socket_.send_bytes(b"\x01" + str(error).encode())
            await socket_.close()
            return socket_

        async def back() -> None:
            while data := await reader.read(65536):
                await socket_.send_bytes(b"\x00" + data)
            await socket_.close()

        pump = asyncio.create_task(back())
        async for message in socket_:
            if message.type is WSMsgType.BINARY and message.data[0] == 0:
                writer.write(message.data[1:])
                await writer.drain()
        writer.close()
        pump.cancel()
        return socket_


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    """The server, in a thread with an event loop of its own, as the plugin under test is not asynchronous."""
    fake, loop, started = FakeCluster(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", fake.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            fake.port = free.getsockname()[1]
        await web.TCPSite(runner, "127.0.0.1", fake.port).start()
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(10)
    yield fake
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def kubeconfig(cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig for it, whose context has the namespace `ci`; it is the default one."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{cluster.port}"}}],
        "users": [{"name": "me", "user": {"token": "a-token"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": "ci"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    return file


@pytest.fixture
def api(kubeconfig: Path) -> Iterator[Api]:
    """The plugin's way to it."""
    opened = Api.connect(Place(str(kubeconfig)))
    yield opened
    opened.close()


def registry(name: str = "team", namespace: str = "ci", *, generation: int = 1, **status: Any) -> Object:
    """A Registry that is Ready, with one generated user."""
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": "2026-11-01T00:00:00Z"}
        for kind, reason in (("Ready", "Ready"), ("CredentialsReady", "CredentialsLive"))
    ]
    return {
        "apiVersion": REGISTRY.api_version,
        "kind": "Registry",
        "metadata": {
            "name": name, "namespace": namespace, "generation": generation, "creationTimestamp": "2026-11-01T00:00:00Z",
        },
        "spec": {},
        "status": {
            "observedGeneration": generation,
            "url": f"https://{name}.{namespace}.svc",
            "conditions": conditions,
            "users": [{"name": "admin", "secretName": f"{name}-user-admin", "rotatedAt": "2026-11-02T00:00:00Z"}],
            "certificate": {
                "issuer": "SelfSigned", "notAfter": "2099-01-01T00:00:00Z", "renewsAt": "2098-01-01T00:00:00Z",
                "fingerprint": "AB:CD", "caConfigMapName": f"{name}-ca",
            },
            "storage": {"claimName": name, "capacity": "10Gi", "used": "3Gi", "usedPercent": 30, "readOnly": False},
        }
        | status,
    }  # fmt: skip


@pytest.fixture
def team(cluster: FakeCluster) -> Object:
    """The Registry ci/team on the server."""
    return cluster.add(REGISTRY, registry())


@pytest.fixture(scope="session")
def wharf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real registry for all tests that want one, each of which leaves it empty."""
    from tests.kubectl_registry.doctor.conftest import running  # noqa: PLC0415 - it needs what is above

    with running(tmp_path_factory.mktemp("wharf")) as registry:
        yield registry


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plugin(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line: runs it, gives exit status, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
