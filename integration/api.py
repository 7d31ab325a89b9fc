"""The API server as the tests use it: the administrator's requests, JSON in, JSON out.

Rule: it shares no code with the operator's client, so that a mistake there does not hide here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from integration.control_plane import ControlPlane

T = TypeVar("T")
Object = dict[str, Any]
CORE, APPS, OURS = "/api/v1", "/apis/apps/v1", "/apis/wharfinger.dev/v1"
NETWORKING, POLICY = "/apis/networking.k8s.io/v1", "/apis/policy/v1"
CHILDREN = (
    (APPS, "deployments"), (CORE, "services"), (CORE, "persistentvolumeclaims"), (CORE, "secrets"),
    (CORE, "configmaps"), (CORE, "serviceaccounts"), (NETWORKING, "networkpolicies"),
    (POLICY, "poddisruptionbudgets"),
)  # fmt: skip
PATCHES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class ApiError(AssertionError):
    """The API server refused; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """The administrator. Use as an async context manager."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    async def __aenter__(self) -> Api:
        connector = aiohttp.TCPConnector(ssl=self._plane.trust(), limit=32)
        self._session = aiohttp.ClientSession(self._plane.url, connector=connector, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def request(self, method: str, path: str, body: Object | None = None, content: str = "") -> Object:
        """Send one request. Raises ApiError when it is refused."""
        headers = {"Content-Type": content or "application/json"}
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, URL(path, encoded=True), data=data, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise ApiError(answer.status, text)
            found: Object = json.loads(text)
            return found

    async def create(self, path: str, body: Object) -> Object:
        """POST a new object to a collection."""
        return await self.request("POST", path, body)

    async def get(self, path: str) -> Object | None:
        """The object at a path, or None."""
        try:
            return await self.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, path: str) -> list[Object]:
        """The objects of a collection; a path may carry a selector."""
        found: list[Object] = (await self.request("GET", path))["items"]
        return found

    async def patch(self, path: str, body: Object, how: str = "merge", query: str = "") -> Object:
        """Patch the object at a path: `merge`, `strategic` or `apply` (by force, as field manager `test`)."""
        query = query or ("?fieldManager=test&force=true" if how == "apply" else "")
        return await self.request("PATCH", path + query, body, PATCHES[how])

    async def watch(self, path: str, version: str) -> AsyncGenerator[Object, None]:
        """The events of a collection since a version, until the connection ends."""
        limits = aiohttp.ClientTimeout(total=None)
        query = f"&watch=true&resourceVersion={version}"
        request = self._session.get(URL(path + query, encoded=True), timeout=limits)
        async with request as answer:
            with unfinished(answer):
                async for line in answer.content:
                    yield json.loads(line)

    async def delete(self, path: str) -> None:
        """Delete what is at a path, if it is there."""
        try:
            await self.request("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise


@contextlib.contextmanager
def unfinished(answer: aiohttp.ClientResponse) -> Iterator[None]:
    """Cut the connection of an answer that has no end, when nobody wants more of it.

    Closed politely, TLS waits for the peer's farewell; a loop that ends before it leaves the socket open.
    """
    connection = answer.connection  # gone once the answer has ended by itself
    try:
        yield
    finally:
        if connection is not None and connection.transport is not None:
            connection.transport.abort()


async def eventually(
    what: str, probe: Callable[[], Awaitable[T | None]], *, seconds: float = 30, pause: float = 0.05
) -> T:
    """Ask `probe` until it answers something true, at most `seconds`; that answer.

    An AssertionError counts as not yet, and is shown when the time runs out.
    """
    deadline = time.monotonic() + seconds
    seen: object = None
    while time.monotonic() < deadline:
        try:
            seen = await probe()
        except AssertionError as error:
            seen = error
        else:
            if seen:
                return seen
        await asyncio.sleep(pause)
    raise AssertionError(f"after {seconds:.0f} s still not: {what}; last seen: {seen}")
