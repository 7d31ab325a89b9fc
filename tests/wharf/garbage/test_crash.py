"""What a process that is killed leaves behind: every acknowledged image, and nothing that a sweep does not remove."""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

from wharf.garbage.timeline import Timeline

PUSHER = Path(__file__).with_name("crashing_pusher.py")
ROUNDS = 6


def push_and_be_killed(root: Path, seconds: float) -> list[list[str]]:
    """What a pusher printed before it was killed; a line that the kill cut is left out."""
    with subprocess.Popen([sys.executable, str(PUSHER), str(root)], stdout=subprocess.PIPE) as process:
        first = process.stdout.readline()
        time.sleep(seconds)  # the moment of the kill is what is tested
        process.kill()
        rest = process.stdout.read()
    return [line.split() for line in (first + rest).decode().split("\n")[:-1]]


async def test_acknowledged_images_survive_kills_and_the_rest_can_be_swept(tmp_path, registry, clock, sweep_now):
    kept: dict[str, list[str]] = {}
    deleted: set[str] = set()
    doubtful: set[str] = set()
    for _ in range(ROUNDS):
        for mark, name, *layers in push_and_be_killed(tmp_path, random.uniform(0.0, 0.25)):  # noqa: S311 - no secret
            if mark == "+":
                kept[name] = layers
            elif mark == "~":
                doubtful.add(name)
            else:
                deleted.add(name)
    assert len(kept) > ROUNDS
    images = {name: layers for name, layers in kept.items() if name not in deleted | doubtful}
    for name, layers in images.items():
        assert (await registry.index.get_manifest("app", name)).content == name.encode()
        for layer in layers:
            reader = await registry.store.read(layer, 0, await registry.store.stat(layer))
            assert registry.digest(b"".join([piece async for piece in reader])) == layer
    for name in deleted:
        assert await registry.index.get_manifest("app", name) is None

    for name in await registry.index.tags("app", "", 100_000):
        await registry.index.delete_manifest("app", registry.digest(name.encode()), [])
    registry.collector.timekeeper.observe = lambda: asyncio.sleep(0, Timeline(clock.now + 1e9))
    await sweep_now()
    assert not [file for file in (tmp_path / "blobs" / "sha256").rglob("*") if file.is_file()]
    assert list((tmp_path / "uploads").glob("*/*")) == []
    assert await registry.inventory.contents("", 10) == []
    assert registry.index.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()) == ("ok",)
