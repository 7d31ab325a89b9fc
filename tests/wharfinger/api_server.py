"""A small API server on loopback: real HTTP, list and watch as the real one has them, and faults on demand.

It stands in for the real one only where faults are to be seen (a dropped watch, 410, 409, 429, 500, silence).
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from wharfinger.kube.resources import DEFINITION, EVENT, FOREIGN, LEASE, NAMESPACE, STORAGE_CLASS, WATCHED, Resource

PLURALS = {
    resource.plural: resource for resource in (*WATCHED, *FOREIGN, EVENT, LEASE, STORAGE_CLASS, DEFINITION, NAMESPACE)
}
Address = tuple[str, str, str]  # plural, namespace, name


@dataclass
class Call:
    """One request that the server got."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any = None
    authorization: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


@dataclass
class Watch:
    """One open watch."""

    plural: str
    namespace: str
    query: dict[str, str]
    events: asyncio.Queue[dict[str, Any] | None] = field(default_factory=asyncio.Queue)


def merge(into: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """JSON merge patch; near enough to server-side apply for what the tests look at."""
    for name, value in patch.items():
        if isinstance(value, dict):
            into[name] = merge(dict(into.get(name) or {}), value)
        elif value is None:
            into.pop(name, None)
        else:
            into[name] = value
    return into


def status(code: int, message: str, **more: Any) -> web.Response:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code, **more}
    return web.json_response(body, status=code)


class ApiServer:
    """Objects, their history, and what clients asked for."""

    def __init__(self) -> None:
        self.objects: dict[Address, dict[str, Any]] = {}
        self.history: list[tuple[int, str, Address, dict[str, Any]]] = []
        self.version = 100
        self.oldest = 0  # watches from before this version are Gone
        self.calls: list[Call] = []
        self.faults: list[tuple[Callable[[Call], bool], Callable[[], Any]]] = []
        self.watches: list[Watch] = []
        self.url = ""

    # what tests do

    def put(self, resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
        """Create or replace an object, as another client would."""
        metadata = {"namespace": "ci", **obj["metadata"]}
        address = (resource.plural, metadata["namespace"], metadata["name"])
        old = self.objects.get(address)
        metadata.setdefault("uid", old["metadata"]["uid"] if old else f"uid-{self.version + 1}")
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, **obj, "metadata": metadata}
        return self._note("MODIFIED" if old else "ADDED", address, typed)

    def remove(self, resource: Resource, name: str, namespace: str = "ci") -> None:
        """Delete an object, as another client would."""
        self._note("DELETED", (resource.plural, namespace, name), dict(self.objects[resource.plural, namespace, name]))

    def fail(self, verb: str, answer: Callable[[], Any], part: str = "", times: int = 1) -> None:
        """Answer the next requests of a verb, whose path contains `part`, otherwise."""
        for _ in range(times):
            self.faults.append((lambda call: call.verb == verb and part in call.path, answer))

    def cut(self) -> None:
        """Close all watches."""
        for watch in self.watches:
            watch.events.put_nowait(None)

    def compact(self) -> None:
        """Forget the history: watches from before now are Gone."""
        self.oldest = self.version

    def seen(self, *verbs: str) -> list[str]:
        """Return the requests of these verbs, in order."""
        return [str(call) for call in self.calls if call.verb in verbs]

    # what clients see

    def _note(self, kind: str, address: Address, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        obj = copy.deepcopy(obj)
        obj["metadata"]["resourceVersion"] = str(self.version)
        obj["metadata"]["managedFields"] = [{"manager": "someone"}]
        if kind == "DELETED":
            del self.objects[address]
        else:
            self.objects[address] = obj
        self.history.append((self.version, kind, address, obj))
        for watch in self.watches:
            self._tell(watch, kind, address, obj)
        return obj

    def _tell(self, watch: Watch, kind: str, address: Address, obj: dict[str, Any]) -> None:
        if address[0] == watch.plural and watch.namespace in ("", address[1]) and self._selected(obj, watch.query):
            watch.events.put_nowait({"type": kind, "object": obj})

    @staticmethod
    def _selected(obj: dict[str, Any], query: dict[str, str]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        wanted = [pair.partition("=") for pair in query.get("labelSelector", "").split(",") if pair]
        name = query.get("fieldSelector", "").removeprefix("metadata.name=")
        fields = not query.get("fieldSelector", "").startswith("metadata.name=") or obj["metadata"]["name"] == name
        return fields and all(label in labels and value in (labels[label], "") for label, _, value in wanted)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = ""
        if parts[:1] == ["namespaces"] and len(parts) > 2:
            namespace, parts = parts[1], parts[2:]
        plural, name, sub = (*parts, "", "", "")[:3]
        if plural not in PLURALS:
            return status(404, "the server could not find the requested resource")
        body = json.loads(text) if (text := await request.text()) else None
        call = Call(self._verb(request, name), request.path, dict(request.query), body)
        call.authorization = request.headers.get("Authorization", "")
        self.calls.append(call)
        for fault in self.faults:
            if fault[0](call):
                self.faults.remove(fault)
                answer = fault[1]()
                return await answer if asyncio.iscoroutine(answer) else answer
        return await getattr(self, f"_{call.verb}")(request, call, (plural, namespace, name), sub)

    @staticmethod
    def _verb(request: web.Request, name: str) -> str:
        if request.method == "GET":
            return "get" if name else "watch" if request.query.get("watch") else "list"
        if request.method == "PATCH":
            return "apply" if "apply" in request.headers["Content-Type"] else "patch"
        return {"POST": "create", "PUT": "update", "DELETE": "delete"}[request.method]

    async def _list(self, _: web.Request, call: Call, address: Address, __: str) -> web.Response:
        plural, namespace, _ = address
        found = [obj for (p, ns, _), obj in sorted(self.objects.items()) if p == plural and namespace in ("", ns)]
        found = [obj for obj in found if self._selected(obj, call.query)]
        start, limit = int(call.query.get("continue", 0)), int(call.query.get("limit", len(found)))
        following = str(start + limit) if start + limit < len(found) else ""
        # as the real one: items of a list come without their type
        items = [{k: v for k, v in obj.items() if k not in ("apiVersion", "kind")} for obj in found]
        metadata = {"resourceVersion": str(self.version), "continue": following}
        return web.json_response({"metadata": metadata, "items": items[start : start + limit]})

    async def _watch(self, request: web.Request, call: Call, address: Address, _: str) -> web.StreamResponse:
        since = int(call.query["resourceVersion"])
        if since < self.oldest:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            return web.json_response({"type": "ERROR", "object": gone})
        response = web.StreamResponse()
        await response.prepare(request)
        watch = Watch(address[0], address[1], call.query)
        for version, kind, where, obj in self.history:
            if version > since:
                self._tell(watch, kind, where, obj)
        self.watches.append(watch)
        try:
            while (event := await watch.events.get()) is not None:
                await response.write(json.dumps(event).encode() + b"\n")
        finally:
            self.watches.remove(watch)
        return response

    async def _get(self, _: web.Request, __: Call, address: Address, ___: str) -> web.Response:
        found = self.objects.get(address)
        return web.json_response(found) if found else status(404, f"{address[0]} {address[2]!r} not found")

    async def _create(self, _: web.Request, call: Call, address: Address, __: str) -> web.Response:
        address = (address[0], address[1], call.body["metadata"]["name"])
        if address in self.objects:
            return status(409, "already exists", reason="AlreadyExists")
        return web.json_response(self.put(PLURALS[address[0]], call.body), status=201)

    async def _apply(self, _: web.Request, call: Call, address: Address, sub: str) -> web.Response:
        old = self.objects.get(address)
        uid = call.body["metadata"].get("uid")
        if sub and (old is None or (uid and uid != old["metadata"]["uid"])):
            return status(404 if old is None else 409, "not the same any more")
        if old and "foreign" in (old["metadata"].get("annotations") or {}) and call.query["force"] != "true":
            return status(409, "conflict", details={"causes": [{"reason": "FieldManagerConflict"}]})
        merged = merge(copy.deepcopy(old or {}), call.body)
        if old == {**merged, "metadata": {**merged["metadata"]}}:
            return web.json_response(old)
        return web.json_response(self.put(PLURALS[address[0]], merged), status=200 if old else 201)

    async def _update(self, _: web.Request, call: Call, address: Address, __: str) -> web.Response:
        old = self.objects.get(address)
        if old is None:
            return status(404, "not found")
        if call.body["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
            return status(409, "the object has been modified")
        return web.json_response(self.put(PLURALS[address[0]], call.body))

    async def _patch(self, _: web.Request, call: Call, address: Address, __: str) -> web.Response:
        old = self.objects.get(address)
        if old is None:
            return status(404, "not found")
        now = old["metadata"]["resourceVersion"]
        if call.body.get("metadata", {}).get("resourceVersion", now) != now:
            return status(409, "the object has been modified")
        return web.json_response(self.put(PLURALS[address[0]], merge(copy.deepcopy(old), call.body)))

    async def _delete(self, _: web.Request, call: Call, address: Address, __: str) -> web.Response:
        old = self.objects.get(address)
        if old is None:
            return status(404, "not found")
        if call.body["preconditions"]["uid"] != old["metadata"]["uid"]:
            return status(409, "the uid is another one")
        self.remove(PLURALS[address[0]], address[2], address[1])
        return web.json_response({"kind": "Status", "status": "Success", "metadata": {}})
