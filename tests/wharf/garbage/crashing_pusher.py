"""A process that pushes, deletes and sweeps until it is killed, and prints what was acknowledged, a line each.

`+ NAME LAYER...` an image was pushed, `- NAME` one was deleted: printed only after the acknowledgement. `~ NAME`: the
deletion of an image was begun.
"""

import asyncio
import hashlib
import os
import sys
import uuid
from pathlib import Path

from wharf import clock
from wharf.blobs.filesystem import FileBlobStore
from wharf.blobs.paths import Layout
from wharf.garbage import plan
from wharf.garbage.collector import Collector, Terms
from wharf.garbage.recovery import boot_id, recover
from wharf.garbage.timekeeper import Clocks
from wharf.metadata.interface import Blob, ManifestPut, MissingReferencesError
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings

plan.QUIET = 0.3  # so that sweeps find something to do while pushes go on

SHARED = [b"shared layer %d" % number * 1000 for number in range(3)]


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def halves(content: bytes):
    yield content[: len(content) // 2]
    await asyncio.sleep(0)
    yield content[len(content) // 2 :]


async def push(index: SqliteIndex, store: FileBlobStore, name: str) -> None:
    layers = [os.urandom(100_000), SHARED[int(name[0], 16) % 3], os.urandom(10)]
    for layer in layers:
        upload = await store.append(await store.start_upload("app"), 0, halves(layer))
        size = await store.finish(upload, digest_of(layer))
        await index.put_blob("app", Blob(digest_of(layer), size))
    named = tuple(digest_of(layer) for layer in layers)
    put = ManifestPut("app", digest_of(name.encode()), "application/x", name.encode(), named, (), tags=(name,))
    await index.put_manifest(put, [])
    say("+", name, *named)


async def work(index: SqliteIndex, store: FileBlobStore) -> None:
    while True:
        name = uuid.uuid4().hex
        try:
            await push(index, store, name)
        except MissingReferencesError:
            continue  # this machine was so slow that the push had fallen quiet
        if name < "8":
            say("~", name)
            await index.delete_manifest("app", digest_of(name.encode()), [])
            say("-", name)


async def keep_sweeping(index: SqliteIndex, store: FileBlobStore, root: Path) -> None:
    collector = Collector(index, store, Layout(root), Clocks(clock.now))
    while True:
        await collector.collect(Terms(grace=0.0, delete_untagged=True))


async def main(root: Path) -> None:
    store = FileBlobStore(root)
    store.open()
    index = SqliteIndex(root / "index.db", store.flush)
    index.open()
    await recover(SqliteDoubts(index), SqliteSettings(index), store, boot_id())
    await asyncio.gather(*(work(index, store) for _ in range(4)), keep_sweeping(index, store, root))


asyncio.run(main(Path(sys.argv[1])))
