"""Blobs that rotted on the disk are found without anybody asking, and never served again."""

import asyncio
import errno
import hashlib
import http.client
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from wharf.blobs import inspection
from wharf.metadata.interface import IndexUnavailableError
from wharf.metadata.settings import SCRUB
from wharf.verify import scrub
from wharf.verify.scrub import Pace, Scrubbed, Scrubber

DAY = 86400.0


@pytest.fixture
def pool():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def scrubber(damaged):
    """The scrubber of a registry, which does nothing by itself so soon after the start."""
    scrubber = damaged.registry.wharf._background._scrubber
    scrubber.pace = Pace(1 << 40, 7 * DAY)
    return scrubber


@pytest.fixture
def run(damaged, scrubber, pool):
    """Runs a round, and answers what /status then says of it."""

    def round_():
        damaged.registry.call(scrubber.round, pool)
        return damaged.registry.request("GET", "/status", admin=True).json()["scrub"]

    return round_


@pytest.fixture
def run_of(pool):
    """Runs a round of a registry, and answers what is damaged then."""

    def round_(registry):
        scrubber = registry.wharf._background._scrubber
        scrubber.pace = Pace(1 << 40, 0.0)
        registry.call(scrubber.round, pool)
        told = registry.request("GET", "/status", admin=True).json()["scrub"]["damaged"]
        return [(each["digest"], each["problem"]) for each in told]

    return round_


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


def rot(path):
    """Change a byte, as a disk does: neither size nor time shows it."""
    content, status = bytearray(path.read_bytes()), path.stat()
    content[0] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_whole_registry_is_looked_at_once_a_week(damaged, scrubber, run, monkeypatch):
    report = run()
    assert (report["blobs"], report["found"], report["damaged"]) == (3, 0, [])
    assert report["lastRound"] >= report["roundBegun"] > ""
    assert run()["blobs"] == 3
    monkeypatch.setattr(scrubber, "_clock", lambda: time.time() + 8 * DAY)  # noqa: TID251 - in a test
    assert run()["blobs"] == 6


def test_a_rotten_blob_is_told_and_no_longer_served_until_it_is_pushed_again(damaged, run, caplog):
    layer = damaged.layers[0]
    path = f"/v2/team/app/blobs/{layer}"
    rot(damaged.path(layer))
    assert damaged.registry.request("GET", path).body == b"mayer one"  # nobody has looked yet
    report = run()
    (found,) = report["damaged"]
    assert (found["digest"], found["problem"], found["images"]) == (layer, "BlobCorrupt", ["team/app:v1"])
    assert report["found"] == 1
    assert "BlobCorrupt: its 9 bytes are not what the digest says" in caplog.text
    answer = damaged.registry.request("GET", path)
    assert (answer.status, answer.code()) == (404, "BLOB_UNKNOWN")
    assert b"\nwharf_scrub_damaged_blobs 1\n" in damaged.registry.request("GET", "/metrics", admin=True).body
    damaged.registry.push_blob("team/app", b"layer one")
    assert damaged.registry.request("GET", path).body == b"layer one"
    report = run()
    assert (report["damaged"], report["found"]) == ([], 1)


def test_what_a_pull_finds_is_told_at_once_until_it_is_pushed_again_or_no_image_needs_it(damaged):
    layer, registry = damaged.layers[0], damaged.registry
    path = f"/v2/team/app/blobs/{layer}"

    def told():
        count = len(registry.request("GET", "/status", admin=True).json()["scrub"]["damaged"])
        assert f"\nwharf_scrub_damaged_blobs {count}\n".encode() in registry.request("GET", "/metrics", admin=True).body
        return registry.request("GET", "/status", admin=True).json()["scrub"]["damaged"]

    damaged.path(layer).write_bytes(b"wrong one")
    assert told() == []
    assert registry.request("GET", path).status == 500
    (found,) = told()
    assert (found["digest"], found["problem"], found["images"]) == (layer, "BlobCorrupt", ["team/app:v1"])
    assert found["foundAt"] > "2026"
    registry.push_blob("team/app", b"layer one")
    assert told() == []
    assert registry.request("GET", path).body == b"layer one"
    damaged.path(layer).write_bytes(b"wrong two")
    assert registry.request("GET", path).status == 500
    assert len(told()) == 1
    assert registry.request("DELETE", f"/v2/team/app/manifests/{damaged.digest}").status == 202
    assert told() == []


@pytest.fixture
def failing(monkeypatch):
    """Files that the disk can no longer read."""
    inodes = set()

    def guarded(original, file):
        def call(*arguments):
            if os.fstat(arguments[file]).st_ino in inodes:
                raise OSError(errno.EIO, "Input/output error")
            return original(*arguments)

        return call

    monkeypatch.setattr(os, "pread", guarded(os.pread, 0))
    monkeypatch.setattr(os, "sendfile", guarded(os.sendfile, 1))
    return inodes


def cut(path, failing):
    path.write_bytes(path.read_bytes()[:-1])


def lose(path, failing):
    path.unlink()


def fail(path, failing):
    failing.add(path.stat().st_ino)


@pytest.mark.parametrize("size", [9, 3_000_000], ids=["small", "large"])
@pytest.mark.parametrize("damage", [(cut, "BlobCorrupt"), (lose, "BlobAbsent"), (fail, "BlobUnreadable")])
def test_what_a_pull_cannot_have_is_told_at_once(start, run_of, failing, damage, size):
    registry, content, (hurt, problem) = start(), os.urandom(size), damage
    registry.push_image("team/app", "v1", layers=[content])
    layer = "sha256:" + hashlib.sha256(content).hexdigest()
    path = registry.wharf._blobs._layout.blob(layer)

    def told():
        return [
            (each["digest"], each["problem"])
            for each in registry.request("GET", "/status", admin=True).json()["scrub"]["damaged"]
        ]

    path.chmod(0o640)
    hurt(path, failing)
    with suppress(http.client.HTTPException, OSError):
        assert registry.request("GET", f"/v2/team/app/blobs/{layer}").status == 500
    deadline = time.monotonic() + 10
    while told() != [(layer, problem)]:
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)
    assert run_of(registry) == [(layer, problem)]
    failing.clear()
    if problem != "BlobUnreadable":
        registry.push_blob("team/app", content)
    assert run_of(registry) == []
    assert registry.request("GET", f"/v2/team/app/blobs/{layer}").body == content


def test_a_note_of_what_was_deleted_meanwhile_goes(damaged):
    inspection.note(damaged.layout, "sha256:" + "0" * 64)
    assert damaged.registry.request("GET", "/status", admin=True).json()["scrub"]["damaged"] == []
    assert not list(damaged.layout.damage.iterdir())


def test_what_a_pull_and_a_round_have_both_found_is_told_once(damaged, run):
    layer = damaged.layers[0]
    damaged.path(layer).write_bytes(b"wrong one")
    assert damaged.registry.request("GET", f"/v2/team/app/blobs/{layer}").status == 500
    assert [(each["digest"], each["problem"]) for each in run()["damaged"]] == [(layer, "BlobCorrupt")]
    (finding,), _ = damaged.verify()
    assert (finding["problem"], finding["subject"]) == ("BlobAbsent", layer)  # there is nothing left to repair


def test_a_blob_that_is_gone_is_told_and_the_index_is_left_alone(damaged, run):
    layer = damaged.layers[1]
    damaged.path(layer).unlink()
    (found,) = run()["damaged"]
    assert (found["digest"], found["problem"]) == (layer, "BlobAbsent")
    assert damaged.registry.request("GET", f"/v2/team/app/blobs/{layer}").status == 500
    (finding,), _ = damaged.verify()
    assert finding["problem"] == "BlobAbsent"


def test_what_no_image_needs_any_more_is_no_longer_told(damaged, run):
    loose = damaged.registry.push_blob("team/app", b"loose")
    rot(damaged.path(loose))
    report = run()
    assert (report["damaged"], report["found"]) == ([], 1)


def test_a_round_goes_on_where_it_was(damaged, scrubber, run):
    blobs = damaged.registry.call(scrubber._storage.audit.blobs, "", 9)
    past = Scrubbed(after=blobs[1].digest, begun=1.0, blobs=2)
    damaged.registry.call(scrubber._save, past)
    assert (run()["blobs"], damaged.registry.call(scrubber._load).after) == (3, "")


def test_without_a_rate_nothing_is_read(scrubber, run):
    scrubber.pace = Pace(0)
    assert run()["blobs"] == 0


def test_it_reads_no_faster_than_it_is_told(scrubber, monkeypatch):
    waits = []
    monkeypatch.setattr(scrubber._stopped, "wait", waits.append)
    monkeypatch.setattr("wharf.verify.scrub.time.monotonic", lambda: 100.0)
    scrubber.pace = Pace(1 << 20)
    scrubber._pause(1 << 20)
    scrubber._pause(1 << 19)
    scrubber._pause(1)
    assert waits == [1.0, 1.5, 1.5625]


async def test_it_ends_with_the_process_also_in_the_middle_of_a_blob(tmp_path, monkeypatch, scrubber):
    monkeypatch.setattr(scrub, "TICK", 0.0)
    mine = Scrubber(scrubber._storage, scrubber._settings, time.time)  # noqa: TID251 - in a test
    mine.pace = Pace(1)  # a byte a second
    task = asyncio.create_task(mine.run())
    await until(lambda: mine._due)
    task.cancel()
    async with asyncio.timeout(10):
        with suppress(asyncio.CancelledError):
            await task


async def test_an_index_that_does_not_answer_puts_it_off(scrubber, monkeypatch, caplog):
    monkeypatch.setattr(scrub, "TICK", 0.0)

    async def broken(*_):
        raise IndexUnavailableError("the index is closed")

    monkeypatch.setattr(scrubber, "round", broken)
    task = asyncio.create_task(scrubber.run())
    await until(lambda: caplog.text.count("tried again: the index is closed") >= 2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_what_was_kept_can_be_read_again(damaged, scrubber, run):
    run()
    kept = json.loads(damaged.registry.call(scrubber._settings.get, SCRUB))
    assert kept["blobs"] == 3
