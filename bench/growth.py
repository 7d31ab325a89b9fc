"""What must not grow with the registry: the time to start, and that of a page of tags or of the catalog. Only of wharf.

Rule: the index is filled through the index's own interface, as pushes would fill it.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from bench import load, servers
from bench.figures import Run
from wharf.blobs.paths import Layout
from wharf.metadata.interface import ManifestPut
from wharf.metadata.sqlite import SqliteIndex

MANY = 10_000
BATCH = 2_000
PAGES = 20


def growth(run: Run) -> None:
    """Fill an index, and start on it."""
    run.say(f"an index of {run.effort.manifests:,} manifests")
    data = run.place.root / "grown"
    (data / "data").mkdir(parents=True)
    asyncio.run(_fill(data / "data", run.effort.manifests))
    for _ in range(run.effort.rounds):
        begun = time.perf_counter()
        server = servers.start("wharf", run.place, tls=False, login=True, data=data)
        run.note(f"start with {run.effort.manifests:,} manifests, ms", server, (time.perf_counter() - begun) * 1000)
        try:
            for row, path in (("tags", "/v2/many/tags/tags/list?n=1000"), ("catalog", "/v2/_catalog?n=1000")):
                times = sorted(load.curl(server, run.place, path)[0] * 1000 for _ in range(PAGES))
                run.note(f"page of 1,000 of {MANY:,}, {row}, ms", server, times[PAGES // 2])
                last = "t05000" if row == "tags" else "repository/r05000"
                middle = sorted(load.curl(server, run.place, f"{path}&last={last}")[0] * 1000 for _ in range(PAGES))
                run.note(f"the same from the middle, {row}, ms", server, middle[PAGES // 2])
        finally:
            server.stop()


async def _fill(directory: Path, manifests: int) -> None:
    async def flush(_: object) -> tuple[()]:
        return ()

    index = SqliteIndex(Layout(directory).index, flush)
    index.open()
    try:
        names = _names(manifests)
        while batch := [put for put, _ in zip(names, range(BATCH), strict=False)]:
            await asyncio.gather(*(index.put_manifest(put, ()) for put in batch))
    finally:
        index.close()


def _names(manifests: int) -> Iterator[ManifestPut]:
    for number in range(manifests):
        content = b'{"schemaVersion": 2, "n": %d}' % number
        if number % 2 and number // 2 < MANY:
            repository, tag = "many/tags", f"t{number // 2:05}"
        else:
            repository, tag = f"repository/r{number % MANY:05}", f"t{number}"
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        yield ManifestPut(repository, digest, load.IMAGE, content, (), (), tags=(tag,))
