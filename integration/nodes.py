"""What a cluster with nodes would do, as far as the operator can tell: pods run, claims are bound, pods report.

Rule: a pod runs as soon as its Deployment asks for one, has loaded each Secret as soon as it is written, and says so as
the registry does: over TLS with the Registry's certificate, to whoever knows its token. Of two pods one is active, the
first unless a test says otherwise, and the other stands by. (The registry itself is not here: what it really does is
shown by e2e.)
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web

from integration.api import APPS, CORE, Api, ApiError, Object
from integration.control_plane import ControlPlane, free_port

SELECTOR = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dwharfinger"
LABEL = "wharfinger.dev/registry"
ADDRESSES = "127.0.0.1", "127.0.0.2"  # of the pods of a Registry
Where = tuple[str, str]  # namespace and name


class Nodes:
    """The stand-in. Use as an async context manager; `port` is where its pods report."""

    def __init__(self, api: Api, plane: ControlPlane) -> None:
        self._api, self._plane = api, plane
        self._secrets: dict[Where, Object] = {}
        self._contexts: dict[str, tuple[str, ssl.SSLContext]] = {}  # by server name: version of the Secret, and it
        self._capacity: dict[Where, int] = {}  # of claims, in bytes
        self._tasks: list[asyncio.Task[None]] = []
        self.port = free_port()
        self.active: dict[Where, int] = {}  # the number of the active pod, by Registry
        self.silent: set[Where] = set()  # Registries whose pods do not answer
        self.taken: dict[Where, int] = {}  # bytes in use, by Registry

    async def __aenter__(self) -> Nodes:
        self._server = web.AppRunner(self._application(), access_log=None)
        await self._server.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._choose
        for address in ADDRESSES:
            await web.TCPSite(self._server, address, self.port, ssl_context=context).start()
        for path, take in ((f"{CORE}/secrets", self._secret), (f"{APPS}/deployments", self._deployment),
                           (f"{CORE}/persistentvolumeclaims", self._claim)):  # fmt: skip
            self._tasks.append(asyncio.create_task(self._follow(path, take)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.cleanup()

    async def _follow(self, path: str, take: Callable[[str, Object], Coroutine[Any, Any, None]]) -> None:
        while True:
            listed = await self._api.request("GET", f"{path}?{SELECTOR}")
            for item in listed["items"]:
                await self._try(take, "ADDED", item)
            version = listed["metadata"]["resourceVersion"]
            async with contextlib.aclosing(self._api.watch(f"{path}?{SELECTOR}", version)) as events:
                async for event in events:
                    await self._try(take, event["type"], event["object"])

    @staticmethod
    async def _try(take: Callable[[str, Object], Coroutine[Any, Any, None]], kind: str, obj: Object) -> None:
        for pause in (0.1, 0.5, 2.0):
            try:
                return await take(kind, obj)
            except ApiError as error:
                if error.status == 404:
                    return None  # gone meanwhile
            await asyncio.sleep(pause)
        return await take(kind, obj)

    async def _secret(self, kind: str, secret: Object) -> None:
        where = secret["metadata"]["namespace"], secret["metadata"]["name"]
        if kind == "DELETED":
            self._secrets.pop(where, None)
        else:
            self._secrets[where] = secret

    async def _claim(self, kind: str, claim: Object) -> None:
        where = claim["metadata"]["namespace"], claim["metadata"]["name"]
        bound = (claim.get("status") or {}).get("capacity", {}).get("storage", "10Gi")
        self._capacity[where] = int(bound.removesuffix("Gi")) << 30 if bound.endswith("Gi") else 10 << 30
        if kind == "DELETED" or (claim.get("status") or {}).get("phase") == "Bound":
            return
        path = f"{CORE}/namespaces/{claim['metadata']['namespace']}/persistentvolumeclaims/{claim['metadata']['name']}"
        size = claim["spec"]["resources"]["requests"]
        await self._api.patch(f"{path}/status", {"status": {"phase": "Bound", "capacity": size}})

    async def _deployment(self, kind: str, deployment: Object) -> None:
        namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        template = deployment["spec"]["template"]
        digest = hashlib.sha256(json.dumps(template["spec"], sort_keys=True).encode()).hexdigest()[:8]
        count = 0 if kind == "DELETED" else deployment["spec"].get("replicas", 1)
        wanted = {f"{name}-{digest}-{number}" for number in range(count)}
        pods = f"{CORE}/namespaces/{namespace}/pods"
        there = {pod["metadata"]["name"] for pod in await self._api.list(f"{pods}?labelSelector={LABEL}%3D{name}")}
        for pod in there - wanted:
            await self._api.request("DELETE", f"{pods}/{pod}?gracePeriodSeconds=0")
        for pod in sorted(wanted):
            await self._run(pods, pod, None if pod in there else template)
        status = {"observedGeneration": deployment["metadata"]["generation"]}
        status |= dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count)
        if kind != "DELETED" and {k: v for k, v in deployment.get("status", {}).items() if v} != {
            k: v for k, v in status.items() if v
        }:
            await self._api.patch(f"{APPS}/namespaces/{namespace}/deployments/{name}/status", {"status": status})

    async def _run(self, pods: str, name: str, template: Object | None) -> None:
        if template is not None:
            metadata = {"name": name, "labels": template["metadata"]["labels"]}
            await self._api.create(pods, {"metadata": metadata, "spec": template["spec"]})
        address = ADDRESSES[int(name.rpartition("-")[2])]
        status = {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
        }
        await self._api.patch(f"{pods}/{name}/status", {"status": status}, "strategic")

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/status", self._report)
        return application

    async def _report(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        for (namespace, name), secret in self._secrets.items():
            known = _value(secret, "admin-token")
            if name.endswith("-config") and known and hmac.compare_digest(known, token.encode()):
                registry = name.removesuffix("-config")
                if (namespace, registry) in self.silent:
                    return web.Response(status=500)
                loaded = self._loaded(namespace, registry)
                if request.get_extra_info("sockname")[0] == ADDRESSES[self.active.get((namespace, registry), 0)]:
                    loaded |= {"role": "active", "storage": self._storage(namespace, registry)}
                else:
                    loaded |= {"role": "standby", "active": registry}
                return web.json_response(loaded)
        return web.Response(status=401)

    def _loaded(self, namespace: str, registry: str) -> Object:
        def file(secret: str, key: str) -> Object:
            content = _value(self._secrets.get((namespace, f"{registry}-{secret}"), {}), key)
            return {"sha256": hashlib.sha256(content).hexdigest()}

        return {
            "version": "0.0.0",
            "configuration": file("config", "config.yaml"),
            "htpasswd": file("htpasswd", "htpasswd"),
            "certificate": file("tls", "tls.crt"),
        }

    def _storage(self, namespace: str, registry: str) -> Object:
        claim = self._capacity.get((namespace, registry), 10 << 30)
        free = claim - self.taken.get((namespace, registry), 0)
        return {"used": 0, "capacity": claim, "available": free, "readOnly": False}

    def _choose(self, connection: ssl.SSLObject, server_name: str | None, __: ssl.SSLContext) -> None:
        registry, _, rest = (server_name or "").partition(".")
        secret = self._secrets.get((rest.removesuffix(".svc"), f"{registry}-tls"))
        if secret is None or server_name is None:
            return
        version = secret["metadata"]["resourceVersion"]
        known = self._contexts.get(server_name)
        if known is None or known[0] != version:
            known = self._contexts[server_name] = (version, _context(secret))
        connection.context = known[1]


def _value(secret: Object, key: str) -> bytes:
    return base64.b64decode((secret.get("data") or {}).get(key, ""))


def _context(secret: Object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        pair = Path(directory) / "pair.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(_value(secret, "tls.key") + _value(secret, "tls.crt"))
        context.load_cert_chain(pair)
    return context
