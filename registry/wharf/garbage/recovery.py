"""Putting index and content in agreement after a power cut, and before a planned end.

Rule: content that was received but never made durable is not trusted after another boot of the machine, or on another
machine: a power cut can have left it empty or torn, and no manifest names it yet. Run recover() before the first
request, in one process, and settle() after the last.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wharf.metadata.settings import BOOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.metadata.doubts import Doubts
    from wharf.metadata.settings import Settings

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Names the present boot of the machine, on Linux."""

_LOG = logging.getLogger(__name__)


class Store(Protocol):
    """What recovery asks of the blob store."""

    async def delete(self, digest: str, before: float | None = None) -> int:
        """See BlobStore."""

    async def flush(self, digests: Sequence[str]) -> Sequence[str]:
        """See BlobStore."""


def boot_id() -> str:
    """The present boot of the machine; empty where that cannot be known, and then every start counts as a new boot."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


async def recover(doubts: Doubts, settings: Settings, store: Store, boot: str) -> int:
    """Drop what a power cut may have torn; how many blobs. Costs one look-up when the machine was not booted since."""
    if boot and boot == await settings.get(BOOT):
        return 0
    doubtful = await doubts.volatile()
    for digest in doubtful:
        await store.delete(digest)
    await doubts.lost(doubtful)
    await settings.put({BOOT: boot})
    if doubtful:
        _LOG.warning("dropped %d blobs that were being pushed when the machine went down: push again", len(doubtful))
    return len(doubtful)


async def settle(doubts: Doubts, store: Store) -> None:
    """Make durable whatever was received, so that a push goes on after a planned restart, wherever that is."""
    volatile = await doubts.volatile()
    gone = set(await store.flush(volatile))
    await doubts.durable([digest for digest in volatile if digest not in gone])
    await doubts.lost(gone)
