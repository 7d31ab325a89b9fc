"""Looking up the names of endpoints.

Rule: a look-up that hangs holds up nobody but who asked. So each has a thread of its own: those that asyncio shares are
few, and one dead name server would take them all. An address is none to look up, and needs no thread. Nothing is
remembered: who connects anew asks anew, once.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

Address = tuple[Any, ...]
"""What socket.getaddrinfo answers: family, kind, protocol, name, and the address itself."""


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of `host`, by the system's resolver. Raises OSError."""
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Address]] = loop.create_future()

    def look_up() -> None:
        found: list[Address] = []
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:  # a name that cannot be one
            failure = OSError("Name or service not known")
        except OSError as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended, and who asked with it
            loop.call_soon_threadsafe(_settle, answer, found, failure)

    threading.Thread(target=look_up, name="wharf-name", daemon=True).start()
    return await answer


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        ip_address(host.partition("%")[0])
        return True
    return False


def _settle(answer: asyncio.Future[list[Address]], found: list[Address], failure: OSError | None) -> None:
    if answer.done():  # nobody waits any more
        return
    if failure is None:
        answer.set_result(found)
    else:
        answer.set_exception(failure)
