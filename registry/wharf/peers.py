"""The worker processes of one registry, to each other: what each has loaded, and what it has counted.

Rule: what is said for all of them is made of what each says at that moment. Who says nothing in time has loaded
nothing. They speak over Unix sockets in a directory that only their user can enter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wharf.metrics import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECONDS = 2.0
"""For another worker to answer."""

VARIABLE = "WHARF_WORKER"
"""The environment variable that tells a process which worker it is."""

FILES = ("configuration", "htpasswd", "certificate", "client_ca")

Report = Mapping[str, str]

_SILENT = {"sha256": "", "loadedAt": "", "error": "a worker process does not answer: it is starting, or hangs"}
_NOT_YET = {"sha256": "", "loadedAt": "", "error": ""}


class Post(msgspec.Struct, frozen=True):
    """What a worker is told by the process that starts it: who it is among how many, and the sockets that it inherits.

    `admin` is -1 where there is no such listener; `directory` has the sockets of the workers; `parent` is a process id.
    `held`: descriptors that say, where another process stands by, that the index is open; they are closed after it, in
    this order.
    """

    number: int
    count: int
    public: int
    admin: int
    directory: str
    parent: int
    held: tuple[int, ...] = ()

    @classmethod
    def of_environment(cls) -> Post | None:
        """Which worker this process is; None: it serves alone, or is to start some."""
        told = os.environ.get(VARIABLE)
        return msgspec.json.decode(told, type=cls) if told else None


class Word(msgspec.Struct, frozen=True):
    """What one worker says: each of FILES as /status has it, and its part of the metrics."""

    files: dict[str, dict[str, str] | None]
    metrics: dict[str, State]


class Peers:
    """The other workers."""

    def __init__(self, post: Post | None) -> None:
        self._post = post
        self._server: asyncio.Server | None = None

    async def listen(self, word: Callable[[], Word]) -> None:
        """Answer the others. From now on this worker counts as started."""
        if self._post is None:
            return

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                writer.write(msgspec.json.encode(word()))
                await writer.drain()
            writer.close()

        self._server = await asyncio.start_unix_server(answer, socket_of(self._post.directory, self._post.number))

    async def ask(self) -> list[Word | None]:
        """What each of the others says; None of one that does not answer."""
        if self._post is None:
            return []
        others = (number for number in range(self._post.count) if number != self._post.number)
        return list(await asyncio.gather(*(_ask(socket_of(self._post.directory, number)) for number in others)))

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()


def socket_of(directory: str, number: int) -> Path:
    """Where a worker answers."""
    return Path(directory) / str(number)


def agreed(own: Report | None, others: Sequence[Report | None]) -> Report | None:
    """What can be said of a file for all: what it is in all, or the report of one that does not have the newest."""
    every = [own, *others]
    if all(report is None for report in every):
        return None
    reports = [report or _NOT_YET for report in every]
    broken = next((report for report in reports if report["error"]), None)
    if broken is not None:
        return broken
    same = len({report["sha256"] for report in reports}) == 1
    return (max if same else min)(reports, key=lambda report: report["loadedAt"])


def said_of(name: str, words: Sequence[Word | None]) -> list[Report | None]:
    """What the others say of a file."""
    return [_SILENT if word is None else word.files.get(name) for word in words]


async def _ask(path: Path) -> Word | None:
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return msgspec.json.decode(await reader.read(), type=Word)
            finally:
                writer.close()
    except (OSError, TimeoutError, msgspec.DecodeError):
        return None
