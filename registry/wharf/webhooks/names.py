"""Looking up the names of endpoints.

Rule: a look-up that hangs holds up nobody but who asked. So each has a thread of its own: those that asyncio shares are
few, and one dead name server would take them all. Nothing is remembered: who connects anew asks anew, once.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp.abc import AbstractResolver

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult


class Resolver(AbstractResolver):
    """The system's resolver. Is what aiohttp calls a resolver."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`. Raises OSError."""
        found = await _in_a_thread(host, port, family)
        results: list[ResolveResult] = []
        for kind, _, protocol, _, address in found:
            results.append(
                {
                    "hostname": host,
                    "host": str(address[0]),
                    "port": int(address[1]),
                    "family": kind,
                    "proto": protocol,
                    "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                }
            )
        return results

    async def close(self) -> None:
        """Nothing is kept."""


async def _in_a_thread(host: str, port: int, family: socket.AddressFamily) -> list[Any]:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def look_up() -> None:
        found: list[Any] = []
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except UnicodeError:  # a name that cannot be one
            failure = OSError("Name or service not known")
        except OSError as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended, and who asked with it
            loop.call_soon_threadsafe(_settle, answer, found, failure)

    threading.Thread(target=look_up, name="wharf-name", daemon=True).start()
    return await answer


def _settle(answer: asyncio.Future[list[Any]], found: list[Any], failure: OSError | None) -> None:
    if answer.done():  # nobody waits any more
        return
    if failure is None:
        answer.set_result(found)
    else:
        answer.set_exception(failure)
