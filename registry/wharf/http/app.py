"""The ASGI application of the public listener: finds the handler, asks who is there, answers, and writes it down.

Rule: every request gets an id, one line in the access log and one count in the metrics, whatever becomes of it; every
error leaves in the specification's form; no secret is logged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from typing import TYPE_CHECKING

from wharf.blobs.interface import BlobError
from wharf.http import routes
from wharf.http.authentication import authenticate, require_allowed
from wharf.http.exchange import Exchange
from wharf.http.failures import translated
from wharf.http.forwarding import believe
from wharf.http.messages import ClientGoneError, Request, Response, error_response, first_line
from wharf.metadata.interface import MetadataError
from wharf.protocol import references
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.http.fast_answers import Answers
    from wharf.http.messages import Message, Receive, Send
    from wharf.http.services import Services

access_log = logging.getLogger("wharf.access")
log = logging.getLogger("wharf.http")

_STOPPING = "the registry is stopping: try again, and go on where the upload stands"

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RegistryApp:
    """The registry API."""

    def __init__(self, services: Services, answers: Answers | None = None) -> None:
        self._services = services
        self._answers = answers
        self._asking: dict[asyncio.Task[None], Request] = {}  # requests that may need the index or the store

    def busy(self) -> bool:
        """Whether any request still needs more than to be answered."""
        return bool(self._asking)

    def receives(self) -> bool:
        """Whether the body of any request is still to come."""
        return any(not request.body_ended and not request.stalled for request in self._asking.values())

    def refuse(self) -> None:
        """Answer those requests at once, that they are to be tried again."""
        for task in self._asking:
            task.cancel()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        request = Request(scope, receive, _request_id(scope))
        exchange = Exchange(request, receive, send)
        label = "unknown"
        begun = time.perf_counter()
        metrics = self._services.metrics
        metrics.in_flight.add()
        task = asyncio.current_task()
        assert task is not None
        self._asking[task] = request
        try:
            found = routes.find(request.path)
            label = found[0].label if found else label
            response = await self._answer(request, found)
            del self._asking[task]
            await exchange.answer(response)
            if self._answers is not None:
                self._answers.keep(request, response, exchange.headers, (request.method, label, str(response.status)))
        except asyncio.CancelledError:  # the process ends, and has waited for as long as it may
            request.stalled = True
            unavailable = RegistryError(Problem.UNAVAILABLE, _STOPPING, headers=[("Retry-After", "1")])
            await self._answer_error(exchange, request, unavailable)
        except ClientGoneError:
            exchange.status = exchange.status or 499  # nginx's number for it; nobody receives it
        except (RegistryError, BlobError, MetadataError) as error:
            await self._answer_error(exchange, request, error)
        finally:
            self._asking.pop(task, None)
            if not exchange.started and not exchange.status:  # an error of our own: uvicorn logs it once it is raised
                log.error("unexpected error", extra={"request_id": request.id, "path": first_line(request.path)})
                await exchange.answer(error_response(RegistryError(Problem.INTERNAL)))
            metrics.in_flight.add(amount=-1)
            self._note(exchange, request, label, time.perf_counter() - begun)

    async def _answer(self, request: Request, found: tuple[routes.Endpoint, str, str] | None) -> Response:
        if not request.names_one_host:
            raise RegistryError(Problem.REQUEST_INVALID, "there must be one Host header, with a host in it")
        if found is None:
            raise RegistryError(Problem.ENDPOINT_UNKNOWN)
        endpoint, request.name, request.reference = found
        request.live = live = self._services.live
        believe(request, live.config.trusted_proxies)
        request.subject = await authenticate(self._services, request)
        if request.name and not references.is_name(request.name):
            raise RegistryError(Problem.NAME_INVALID, f"{first_line(request.name)!r} is not a repository name")
        operation = endpoint.operation(request.method)
        if operation is None:
            if request.method == "HEAD":
                raise RegistryError(Problem.ENDPOINT_UNKNOWN)
            raise RegistryError(Problem.UNSUPPORTED, headers=[("Allow", endpoint.allow())])
        if operation.actions:
            require_allowed(request, operation.actions)
        if operation.writes and live.config.read_only:
            raise RegistryError(Problem.READ_ONLY)
        if operation.writes and self._services.room is not None:
            self._services.room.require()
        return await operation.handler(self._services, request)

    async def _answer_error(
        self, exchange: Exchange, request: Request, error: RegistryError | BlobError | MetadataError
    ) -> None:
        answer = error if isinstance(error, RegistryError) else translated(error)
        if answer.problem.status >= 500:
            cause = f"{type(error).__name__}: {error}"
            log.error("request failed", extra={"request_id": request.id, "cause": cause, "path": request.path})
        if exchange.started:  # the body broke off in the middle: only closing can say so
            raise error
        await exchange.answer(error_response(answer))

    def _note(self, exchange: Exchange, request: Request, label: str, seconds: float) -> None:
        metrics = self._services.metrics
        method = request.method if request.method in _METHODS else "other"
        metrics.requests.add(method, label, str(exchange.status))
        metrics.duration.observe(method, label, value=seconds)
        metrics.request_size.observe(method, label, value=request.received)
        metrics.response_size.observe(method, label, value=exchange.sent)
        if access_log.isEnabledFor(logging.INFO):
            fields = {
                "request_id": request.id,
                "method": method,
                "path": first_line(request.path, 512),
                "status": exchange.status,
                "seconds": round(seconds, 6),
                "received": request.received,
                "sent": exchange.sent,
                "user": request.subject.name,
                "address": request.client,
                "agent": first_line(request.header(b"user-agent") or ""),
            }
            access_log.info("request", extra=fields)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _request_id(scope: Message) -> str:
    """The client's own request id where it is one that may be logged, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value).decode("ascii")
    return os.urandom(16).hex()
