"""A file is proven before its content is given away: once a day, and anew when it has changed."""

import asyncio
import os
import threading
from contextlib import ExitStack

import pytest

from wharf.blobs import proofs as module
from wharf.blobs.inspection import State
from wharf.blobs.interface import NoSpaceError
from wharf.blobs.paths import Layout
from wharf.blobs.proofs import Proofs
from wharf.protocol import digests


class Shelf:
    """A layout with content in it, and what is known of it."""

    def __init__(self, root):
        self.layout, self.now = Layout(root), 0.0
        self.proofs = Proofs(self.layout, now=lambda: self.now)

    def put(self, content, named=None):
        """Store content, under its own digest or that of something else; the digest."""
        hasher = digests.hasher("sha256")
        hasher.update(named or content)
        digest = f"sha256:{hasher.hexdigest()}"
        path = self.layout.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return digest

    def asked(self, digest):
        """What comes of asking once: True or False, or None where nothing had to be read."""

        async def ask():
            descriptor = os.open(self.layout.blob(digest), os.O_RDONLY)
            try:
                pending = self.proofs.prove(digest, descriptor)
                return None if pending is None else await asyncio.shield(pending)
            finally:
                os.close(descriptor)

        return asyncio.run(ask())


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path)
    yield made
    made.proofs.close()


def test_content_is_read_when_it_is_first_asked_for_and_again_a_day_later(shelf):
    digest = shelf.put(b"right")
    assert [shelf.asked(digest), shelf.asked(digest)] == [True, None]
    shelf.now = module.LASTS
    assert [shelf.asked(digest), shelf.asked(digest)] == [True, None]


def test_what_was_hashed_on_its_way_in_is_known(shelf):
    digest = shelf.put(b"right")
    shelf.proofs.add(shelf.layout.blob(digest).stat())
    assert shelf.asked(digest) is None


def test_a_file_that_was_written_to_is_read_again_and_set_aside_when_it_is_wrong(shelf):
    digest = shelf.put(b"right")
    assert shelf.asked(digest) is True
    path = shelf.layout.blob(digest)
    path.write_bytes(b"wrong")
    os.utime(path, (1, 1))
    assert shelf.asked(digest) is False
    assert not path.exists()
    assert [one.read_bytes() for one in shelf.layout.quarantine.iterdir()] == [b"wrong"]


def test_who_asks_meanwhile_waits_for_the_same_proof(shelf, monkeypatch):
    digest, both_have_asked, read = shelf.put(b"right"), threading.Event(), module.inspection.inspect_open
    monkeypatch.setattr(
        module.inspection, "inspect_open", lambda *which: read(*which) if both_have_asked.wait(30) else None
    )

    async def both():
        descriptor = os.open(shelf.layout.blob(digest), os.O_RDONLY)
        try:
            first, second = shelf.proofs.prove(digest, descriptor), shelf.proofs.prove(digest, descriptor)
            both_have_asked.set()
            assert first is second
            return await first
        finally:
            os.close(descriptor)

    assert asyncio.run(both())


@pytest.mark.parametrize("content", [b"right", b"wrong"])
@pytest.mark.parametrize("again", [True, False], ids=["replaced", "deleted"])
def test_what_counts_is_the_file_that_was_opened_whatever_has_its_name_by_now(shelf, content, again):
    digest = shelf.put(content, named=b"right")
    path = shelf.layout.blob(digest)

    async def ask():
        descriptor = os.open(path, os.O_RDONLY)
        path.unlink()
        if again:
            path.write_bytes(b"another")
        try:
            pending = shelf.proofs.prove(digest, descriptor)
        finally:
            os.close(descriptor)
        return await pending

    assert asyncio.run(ask()) is (content == b"right")
    assert path.exists() is again
    assert not shelf.layout.quarantine.exists()


def test_a_file_that_cannot_be_read_is_not_proven_and_stays(shelf, caplog):
    digest = shelf.put(b"right")
    path = shelf.layout.blob(digest)
    path.unlink()
    path.mkdir()
    assert shelf.asked(digest) is False
    assert path.is_dir()
    assert "could not be proven" in caplog.text


def test_a_small_file_does_not_queue_behind_large_ones(shelf, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 5)
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def hold(_):
        begun.release()
        assert go_on.wait(60)

    async def ask():
        with ExitStack() as files:
            opened = [files.enter_context(shelf.layout.blob(digest).open("rb")) for digest in larges]
            monkeypatch.setattr(shelf.proofs, "_go_on", hold)
            held = [shelf.proofs.prove(digest, file.fileno()) for digest, file in zip(larges, opened, strict=True)]
            await asyncio.to_thread(lambda: [begun.acquire(timeout=60) for _ in range(2)])
            monkeypatch.setattr(shelf.proofs, "_go_on", lambda _: None)
            try:
                with shelf.layout.blob(small).open("rb") as file:
                    first = await asyncio.wait_for(shelf.proofs.prove(small, file.fileno()), 60)
                waited = [one.done() for one in held]
            finally:
                go_on.set()
            return first, waited, await asyncio.gather(*held)

    larges, small = [shelf.put(b"large %d" % number) for number in range(4)], shelf.put(b"small")
    assert asyncio.run(ask()) == (True, [False] * 4, [True] * 4)


def test_only_so_many_files_are_remembered(shelf, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    kept = [shelf.put(content) for content in (b"a", b"b", b"c")]
    for digest in kept:
        assert shelf.asked(digest) is True
    assert [shelf.asked(digest) for digest in reversed(kept)] == [None, None, True]


def doubted(shelf, digest):
    async def doubt():
        shelf.proofs.doubt(digest)
        shelf.proofs.doubt(digest)  # is under way
        await asyncio.wait(shelf.proofs._doubted.values())

    asyncio.run(doubt())
    assert not shelf.proofs._doubted
    return [(found, state) for found, state, _ in module.inspection.damage(shelf.layout)]


def test_content_that_is_doubted_is_looked_at(shelf, caplog):
    whole, cut, gone = shelf.put(b"whole"), shelf.put(b"sh", named=b"short"), shelf.put(b"gone")
    shelf.layout.blob(gone).unlink()
    assert doubted(shelf, whole) == []
    assert doubted(shelf, cut) == [(cut, State.CORRUPT)]
    assert dict(doubted(shelf, gone)) == {cut: State.CORRUPT, gone: State.ABSENT}
    assert "content cannot be had" in caplog.text


def test_doubt_goes_when_the_content_is_proven(shelf):
    digest = shelf.put(b"right")
    module.inspection.note(shelf.layout, digest)
    assert shelf.asked(digest) is True
    assert module.inspection.damage(shelf.layout) == []


def test_on_a_disk_that_takes_no_note_the_log_has_it(shelf, monkeypatch, caplog):
    def refuse(*_):
        raise NoSpaceError("the disk is full")

    digest = shelf.put(b"gone")
    shelf.layout.blob(digest).unlink()
    monkeypatch.setattr(module.inspection, "note", refuse)
    assert doubted(shelf, digest) == []
    assert "nothing but the log: the disk is full" in caplog.text
