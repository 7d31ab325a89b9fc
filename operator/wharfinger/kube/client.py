"""Requests to the API server: credentials and connections by `kubernetes.aio`, everything else kept thin.

Rule: every request has a timeout; 429, 5xx and lost connections are tried again a few times, as long as the server
asks (Retry-After) or with back-off; what still fails becomes a `KubeError`. Requests use the connections that the
official package makes, and not its `ApiClient`, which costs three times the CPU for each server-side apply.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, overload
from urllib.parse import urlencode
from urllib.request import getproxies_environment

import aiohttp
import msgspec
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import load_incluster_config, load_kube_config
from kubernetes.aio.config.incluster_config import SERVICE_HOST_ENV_NAME
from yarl import URL

from wharfinger import metrics
from wharfinger.kube.errors import BusyError, KubeError, UnreachableError, from_status
from wharfinger.kube.resources import FIELD_MANAGER, Resource

_APPLY, _MERGE, _JSON = "application/apply-patch+yaml", "application/merge-patch+json", "application/json"
_STRATEGIC = "application/strategic-merge-patch+json"
_CONNECT_SECONDS = 5.0
_TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError)
Object = dict[str, Any]


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str


class Page(msgspec.Struct):
    """A collection, or a page of it. Its items are read one by one: as dicts, all at once, they take much memory."""

    metadata: _Metadata
    items: list[msgspec.Raw] | None = None

    def objects(self) -> Iterator[Object]:
        """Yield the objects. Raises UnreachableError for what is none."""
        for item in self.items or ():
            try:
                yield msgspec.json.decode(item, type=Object)
            except msgspec.DecodeError as error:
                raise UnreachableError(f"a list holds what is no object: {error}") from error


@dataclass(frozen=True, slots=True)
class _Call:
    """One request. `verb` is RBAC's word for it, except `apply`, which RBAC calls patch."""

    verb: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content_type: str = _JSON


async def load_configuration(kubeconfig: str = "", context: str = "") -> Configuration:
    """Return the way to the API server: in a pod by its ServiceAccount, else by kubeconfig (default: KUBECONFIG)."""
    configuration = Configuration()
    if not kubeconfig and SERVICE_HOST_ENV_NAME in os.environ:
        load_incluster_config(client_configuration=configuration)
    else:
        await load_kube_config(kubeconfig or None, context or None, client_configuration=configuration)
    configuration.connection_pool_maxsize = 0  # watches hold a connection each; workers bound the rest
    return configuration


async def credentials(configuration: Configuration) -> dict[str, str]:
    """Return the request headers that say who we are; a token that has been renewed meanwhile is read again."""
    settings: dict[str, Any] = dict(await configuration.auth_settings())
    return {setting["key"]: setting["value"] for setting in settings.values()}


class _Pool(RESTClientObject):
    """The official package's connections, without what its own requests do for every kind of body and retry."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool, made with the first request."""
        if self.pool_manager is None:
            self.pool_manager = self._create_pool_manager()
        return self.pool_manager

    @functools.cached_property
    def way(self) -> dict[str, Any]:
        """What the configuration says about the way to the API server: another TLS name, a proxy."""
        asked = {
            "server_hostname": self.configuration.tls_server_name,
            "proxy": self.proxy,
            "proxy_headers": self.proxy_headers,
        }
        return {name: value for name, value in asked.items() if value}


class Client:
    """A connection pool to one API server. Use as an async context manager."""

    def __init__(
        self, configuration: Configuration, *, timeout: float = 15.0, backoff: float = 0.2, tries: int = 4
    ) -> None:
        self._configuration = configuration
        # aiohttp would read ~/.netrc, in a thread, for each request: it is asked to only where a proxy is set
        configuration.client_session_kwargs = {"trust_env": bool(getproxies_environment())}
        self._pool = _Pool(configuration)
        self._timeout = timeout
        self._backoff = backoff
        self._tries = tries

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def list_page(self, path: str, query: Mapping[str, str]) -> Page:
        """GET a collection, or (with a limit) its first page."""
        return await self._request(_Call("list", "GET", path, query), Page)

    async def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """GET one object. Raises NotFoundError when it is not there."""
        return await self._request(_Call("get", "GET", resource.path(namespace, name)))

    async def create(self, resource: Resource, body: Mapping[str, Any]) -> Object:
        """POST a new object. Raises ConflictError when the name is taken."""
        path = resource.path(body["metadata"]["namespace"])
        return await self._request(_Call("create", "POST", path, {"fieldManager": FIELD_MANAGER}, body))

    async def replace(self, resource: Resource, body: Mapping[str, Any]) -> Object:
        """PUT an object, if it still has the resourceVersion that `body` names. Raises ConflictError otherwise."""
        path = resource.path(body["metadata"]["namespace"], body["metadata"]["name"])
        return await self._request(_Call("update", "PUT", path, {"fieldManager": FIELD_MANAGER}, body))

    async def apply(
        self, resource: Resource, body: Mapping[str, Any], *, subresource: str = "", force: bool = True
    ) -> Object:
        """Server-side apply as field manager `wharfinger`. Without `force` raises OwnedError if others hold fields."""
        metadata = body["metadata"]
        path = resource.path(metadata["namespace"], metadata["name"], subresource)
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        return await self._request(_Call("apply", "PATCH", path, query, body, _APPLY))

    async def merge(self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any]) -> Object:
        """JSON merge patch (RFC 7396)."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._request(_Call("patch", "PATCH", resource.path(namespace, name), query, body, _MERGE))

    async def strategic(self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any]) -> Object:
        """Strategic merge patch (Kubernetes API conventions): it can name an entry of a list; built-in kinds only."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._request(_Call("patch", "PATCH", resource.path(namespace, name), query, body, _STRATEGIC))

    async def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> Object:
        """Delete the object with this uid, dependents in the background. Raises ConflictError for another uid."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        return await self._request(_Call("delete", "DELETE", resource.path(namespace, name), {}, body))

    @asynccontextmanager
    async def watch(
        self, path: str, query: Mapping[str, str], silence: float
    ) -> AsyncIterator[AsyncIterator[Mapping[str, Any]]]:
        """Open a watch and give its events. They end when the server ends them, and after `silence` seconds of none.

        (A server sends bookmarks about once a minute, but none while the resource rests at the version asked for; so
        silence is no error, only a reason to open a new connection.)
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence)
        response = await self._send(_Call("watch", "GET", path, {**query, "watch": "true"}), timeout)
        try:
            yield _events(response, path)
        finally:
            response.close()

    @overload
    async def _request(self, call: _Call) -> Object: ...

    @overload
    async def _request(self, call: _Call, form: type[Page]) -> Page: ...

    async def _request(self, call: _Call, form: Any = Object) -> Any:
        timeout = aiohttp.ClientTimeout(total=self._timeout, sock_connect=_CONNECT_SECONDS)
        for attempt in range(self._tries):
            try:
                return await _decode(await self._send(call, timeout), call, form)
            except (BusyError, UnreachableError) as error:
                if attempt == self._tries - 1:
                    raise
                spread = self._backoff * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret
                await asyncio.sleep(max(min(error.retry_after, self._timeout), spread))
        raise AssertionError("the loop above returns or raises")

    async def _send(self, call: _Call, limits: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        url = f"{self._configuration.host}{call.path}" + (f"?{urlencode(call.query)}" if call.query else "")
        headers = {"Accept": _JSON, "Accept-Encoding": "identity", "User-Agent": FIELD_MANAGER}
        headers["Content-Type"] = call.content_type
        headers |= await credentials(self._configuration)
        body = None if call.body is None else msgspec.json.encode(call.body)
        try:
            response = await self._pool.session.request(
                call.method, URL(url, encoded=True), headers=headers, data=body, timeout=limits, **self._pool.way
            )
        except _TRANSPORT_ERRORS as error:
            metrics.API_REQUESTS.inc(call.verb, "none")
            raise UnreachableError(f"{call.verb} {call.path}: {_describe(error)}") from error
        metrics.API_REQUESTS.inc(call.verb, str(response.status))
        if response.status >= 400:
            raise await _refusal(response)
        return response


async def _events(response: aiohttp.ClientResponse, path: str) -> AsyncIterator[Mapping[str, Any]]:
    rest = b""
    try:
        async for chunk in response.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield msgspec.json.decode(line)
    except TimeoutError:
        return
    except _TRANSPORT_ERRORS as error:
        raise UnreachableError(f"watch {path}: {_describe(error)}") from error


async def _decode(response: aiohttp.ClientResponse, call: _Call, form: Any) -> Any:
    try:
        return msgspec.json.decode(await response.read(), type=form)
    except _TRANSPORT_ERRORS as error:
        raise UnreachableError(f"{call.verb} {call.path}: {_describe(error)}") from error


async def _refusal(response: aiohttp.ClientResponse) -> KubeError:
    try:
        body = msgspec.json.decode(await response.read())
    except _TRANSPORT_ERRORS:
        body = None  # a proxy's page, or nothing: the status says enough
    retry_after = response.headers.get("Retry-After", "")
    return from_status(response.status, body, float(retry_after) if retry_after.isdigit() else 0.0)


def _describe(error: BaseException) -> str:
    return str(error) or type(error).__name__
