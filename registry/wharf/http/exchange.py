"""Sends the answer to one request over ASGI, and leaves the connection in a state that the client can live with.

Rule: an answer given before the body was read either reads the little that is left, or says `Connection: close`, reads
a bounded amount so that the answer is not lost to a reset, and closes (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from wharf.http import sendfile
from wharf.http.files import PIECE, DamagedContentError, open_checked, pieces, proof
from wharf.http.messages import ClientGoneError
from wharf.protocol.errors import RegistryError

if TYPE_CHECKING:
    from wharf.http.messages import FileBody, Receive, Request, Response, Send

DISCARD_KEEP = 64 * 1024
"""Bytes of unread body that are read to keep the connection."""

DISCARD_CLOSE = 8 * 1024 * 1024
"""Bytes of unread body that are read before a connection is closed."""

DISCARD_SECONDS = 5.0
"""Longest that either takes."""


class Exchange:
    """One request and its answer."""

    def __init__(self, request: Request, receive: Receive, send: Send) -> None:
        self._request = request
        self._receive = receive
        self._send = send
        self._ended = False
        self.started = False
        self.status = 0
        self.sent = 0  # bytes of body
        self.headers: list[tuple[bytes, bytes]] = []  # as they were sent

    async def answer(self, response: Response) -> None:
        """Send the answer."""
        closing = not self._request.body_ended and not await self._finish_small_body()
        descriptor = open_checked(response.file) if response.file and self._request.method != "HEAD" else None
        try:
            pending = await proof(response.file, descriptor) if response.file and descriptor is not None else None
            await self._start(response, closing)
            if self._request.method == "HEAD":
                await self._body(b"", closing)
            elif response.file is not None and descriptor is not None:
                await self._file(response.file, descriptor, pending)
            elif response.stream is not None:
                async with aclosing(response.stream) as stream:  # type: ignore[type-var] # every reader has aclose
                    async for piece in stream:
                        await self._body(piece, more=True)
            else:
                await self._body(response.body, closing)
        except DamagedContentError:
            if response.file is not None:
                response.file.doubt()
            raise
        finally:
            if descriptor is not None:
                os.close(descriptor)
        if closing and not self._request.stalled:
            await self._discard(DISCARD_CLOSE)
        if not self._ended:
            await self._body(b"", more=False)

    async def _start(self, response: Response, closing: bool) -> None:
        self.started = True
        self.status = response.status
        headers = [*response.headers, ("Docker-Distribution-Api-Version", "registry/2.0")]
        headers.append(("X-Request-Id", self._request.id))
        if response.status not in (204, 304):
            headers.append(("Content-Length", str(response.content_length())))
        if closing:
            headers.append(("Connection", "close"))
        self.headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": response.status, "headers": self.headers})

    async def _body(self, body: bytes, more: bool) -> None:
        self.sent += len(body)
        self._ended = not more
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _file(self, file: FileBody, descriptor: int, pending: asyncio.Future[bool] | None) -> None:
        # Sending to a client that is gone returns at once: without this the rest would be read for nobody.
        gone = asyncio.ensure_future(self._request.wait_for_disconnect())
        try:
            connection = self._request.connection
            if pending is not None:
                held = min(PIECE, file.length)
                await self._pieces(descriptor, file.start, file.length - held, gone)
                either: set[asyncio.Future[Any]] = {pending, gone}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if pending.done() and not pending.result():
                    raise DamagedContentError
                await self._pieces(descriptor, file.start + file.length - held, held, gone)
            elif connection is not None and await sendfile.send(connection, file, descriptor, gone):
                self.sent += file.length
            else:
                await self._pieces(descriptor, file.start, file.length, gone)
        finally:
            gone.cancel()

    async def _pieces(self, descriptor: int, start: int, length: int, gone: asyncio.Future[None]) -> None:
        async with aclosing(pieces(descriptor, start, length)) as stream:  # type: ignore[type-var] # it has aclose
            async for piece in stream:
                # What is written to a connection that ends is taken at once: only another turn of the loop tells of it.
                await asyncio.sleep(0)
                if gone.done():
                    raise ClientGoneError
                await self._body(piece, more=True)

    async def _finish_small_body(self) -> bool:
        """Read what is left of the body, if it is little and the client is sending it; whether it is read."""
        announced = self._request.content_length()
        if self._request.stalled or announced is None or announced > DISCARD_KEEP or b"expect" in self._request.headers:
            return False
        await self._discard(DISCARD_KEEP)
        return self._request.body_ended

    async def _discard(self, limit: int) -> None:
        """Read and forget up to `limit` bytes of the body."""
        left = limit
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                async for piece in self._request.chunks():
                    left -= len(piece)
                    if left < 0:
                        return
        except (TimeoutError, ClientGoneError, RegistryError):
            return
