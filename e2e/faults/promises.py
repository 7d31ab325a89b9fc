"""What a registry has promised: what it acknowledged is served whole, its storage verifies, and the rest can be swept.

Rule: asked over HTTP where a client would ask, and of the storage only when the registry is down.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from e2e.faults.process import Client
from e2e.faults.pusher import Memory
from wharf import clock
from wharf.garbage.collector import Collector, Terms
from wharf.garbage.timekeeper import Clocks, Timekeeper
from wharf.garbage.timeline import Timeline
from wharf.metadata.sqlite_audit import SqliteAudit
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.upkeep import opened
from wharf.verify.verifier import Storage, Verifier
from wharf.witness import Witness


def require_whole(port: int, repository: str, memory: Memory, *, blobs: bool = False) -> None:
    """Require that all that was acknowledged is served whole, and nothing of what was deleted.

    `blobs`: those too that no acknowledged image names.
    """
    path = f"/v2/{repository}"
    with contextlib.closing(Client(port)) as client:
        for tag, contents in memory.kept.items():
            for digest, content in contents.items():
                kind = "manifests" if b"schemaVersion" in content else "blobs"
                found = client.request("GET", f"{path}/{kind}/{digest}")
                assert found == (200, content), f"{tag}: {digest} is not what was pushed: {found[0]}"
            found = client.request("GET", f"{path}/manifests/{tag}")
            assert found == (200, list(contents.values())[-1]), f"{tag} is not what was pushed: {found[0]}"
        for tag in memory.gone:
            assert client.request("GET", f"{path}/manifests/{tag}")[0] == 404, f"{tag} was deleted and is back"
        for digest, content in memory.blobs.items() if blobs else ():
            found = client.request("GET", f"{path}/blobs/{digest}")
            assert found == (200, content), f"{digest} is not what was pushed: {found[0]}"


async def require_sound(data: Path) -> None:
    """Require that verification finds nothing wrong. The registry must be down."""
    with opened(str(data)) as storage:
        audit = SqliteAudit(storage.index, clock.now)
        witness = Witness(SqliteSettings(storage.index), storage.layout.mark)
        verifier = Verifier(Storage(audit, SqliteDoubts(storage.index), storage.layout, witness))
        assert [finding async for finding in verifier.run()] == []


async def require_sweepable(data: Path) -> None:
    """Delete every tag, let much time pass, and require that a sweep leaves nothing. The registry must be down."""
    with opened(str(data)) as storage:
        for name in await storage.index.repositories("", 99):
            for tag in await storage.index.tags(name, "", 100_000) or ():
                await storage.index.delete_tag(name, tag, [])
        collector = Collector(storage.index, storage.blobs, storage.layout, Clocks(clock.now))
        for round_ in (1, 2):  # blobs go a sweep after the manifests that named them
            collector.timekeeper = LongAfter(round_ * 1e9)
            await collector.collect(Terms(delete_untagged=True))
        assert [path for path in (storage.layout.blobs / "sha256").rglob("*") if path.is_file()] == []
        assert list(storage.layout.uploads.glob("*/*")) == []
        assert await collector.storage.inventory.repositories("", 9) == []


class LongAfter(Timekeeper):
    """A timekeeper by whom `seconds` more have passed."""

    def __init__(self, seconds: float) -> None:
        self._now = clock.now() + seconds

    async def observe(self) -> Timeline:
        """The time, much later."""
        return Timeline(self._now)
