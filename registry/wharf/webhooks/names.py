"""Looking up the names of endpoints.

Rule: a look-up that hangs holds up nobody but who asked. So each has a thread of its own: those that asyncio shares are
few, and one dead name server would take them all. Nothing is remembered: who connects anew asks anew, once.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

Address = tuple[Any, ...]
"""What socket.getaddrinfo answers: family, kind, protocol, name, and the address itself."""


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of `host`, by the system's resolver. Raises OSError."""
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


def _settle(answer: asyncio.Future[list[Address]], found: list[Address], failure: OSError | None) -> None:
    if answer.done():  # nobody waits any more
        return
    if failure is None:
        answer.set_result(found)
    else:
        answer.set_exception(failure)
