"""Content that is taken over is checked, and is linked or copied, never half there."""

import os

import pytest

from wharf.blobs.adoption import Adopted, adopt
from wharf.blobs.interface import ContentLostError, DigestMismatchError, NoSpaceError


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def take(layout, clock):
    return lambda source, digest, **options: adopt(layout, source, digest, clock, **options)


def left(layout):
    return [path for path in layout.root.rglob("*") if path.is_file() and path.name not in {"lock", "source"}]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_content_is_linked_and_dated(take, source, layout, digest_of, clock, algorithm):
    digest = digest_of(b"content", algorithm)
    assert take(source, digest) == Adopted(7, "linked")
    assert layout.blob(digest).samefile(source)
    assert layout.blob(digest).stat().st_mtime == clock.now
    assert source.stat().st_mode & 0o222 == 0
    clock.now += 100
    assert take(source, digest) == Adopted(7, "present")
    assert layout.blob(digest).stat().st_mtime == clock.now
    assert left(layout) == [layout.blob(digest)]


def test_content_is_copied_where_it_cannot_be_linked(take, source, layout, digest_of, monkeypatch):
    digest = digest_of(b"content")
    monkeypatch.setattr(os, "geteuid", lambda: source.stat().st_uid + 1)
    assert take(source, digest) == Adopted(7, "copied")
    assert not layout.blob(digest).samefile(source)
    assert layout.blob(digest).read_bytes() == b"content"
    assert left(layout) == [layout.blob(digest)]


@pytest.mark.parametrize("linked", [True, False])
def test_what_is_not_what_its_digest_says_leaves_nothing(take, source, layout, digest_of, monkeypatch, linked):
    if not linked:
        monkeypatch.setattr(os, "geteuid", lambda: source.stat().st_uid + 1)
    with pytest.raises(DigestMismatchError, match="its 7 bytes"):
        take(source, digest_of(b"other"))
    assert left(layout) == []
    with pytest.raises(ContentLostError):
        take(source.with_name("none"), digest_of(b"other"))
    assert left(layout) == []


def test_a_copy_leaves_room(take, source, layout, digest_of, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: source.stat().st_uid + 1)
    with pytest.raises(NoSpaceError, match="run the import again"):
        take(source, digest_of(b"content"), reserve=1 << 60)
    assert left(layout) == []


def test_what_is_here_and_damaged_is_replaced(take, source, layout, digest_of):
    digest = digest_of(b"content")
    layout.blob(digest).parent.mkdir(parents=True)
    layout.blob(digest).write_bytes(b"damaged")
    assert take(source, digest) == Adopted(7, "linked")
    assert layout.blob(digest).read_bytes() == b"content"
