"""A registry is backed up while it serves, and another one is what it was."""

import json
import sqlite3
import tarfile
from io import BytesIO

import pytest

from wharf.blobs.paths import Layout


@pytest.fixture
def served(start, tmp_path):
    """A registry with an image, and where its data is."""
    registry = start()
    answer, manifest = registry.push_image("team/app", "v1", layers=[b"layer one", b"layer two"])
    registry.digest, registry.layers = answer.headers["Docker-Content-Digest"], json.loads(manifest)["layers"]
    registry.layout = Layout(tmp_path / "data")
    return registry


def test_what_was_saved_is_served_again_under_the_same_digest(served, start, wharf, tmp_path):
    saved = wharf("backup", "--data", served.layout.root)
    assert (saved.status, saved.said) == (0, "saved the index and 3 blobs, 0 MiB\n")
    served.push_image("team/app", "v2", layers=[b"later"])
    restored = wharf("restore", "--data", tmp_path / "other", given=saved.out)
    assert (restored.status, restored.said) == (0, "restored the index and 3 blobs, 0 MiB\n")
    other = start(data=str(tmp_path / "other"))
    answer = other.request("GET", "/v2/team/app/manifests/v1")
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, served.digest)
    for layer, content in zip(served.layers, (b"layer one", b"layer two"), strict=True):
        assert other.request("GET", f"/v2/team/app/blobs/{layer['digest']}").body == content
    assert other.request("GET", "/v2/team/app/manifests/v2").status == 404
    assert wharf("verify", "--data", tmp_path / "other").status == 0
    assert wharf("gc", "--data", tmp_path / "other").status == 0, "it is trusted as the index of its content"
    assert other.push_image("team/app", "v3", layers=[b"new"])[0].status == 201


def test_it_is_a_data_directory_with_the_index_at_its_end_and_no_secret(served, wharf):
    with tarfile.open(fileobj=BytesIO(wharf("backup", "--data", served.layout.root).out)) as archive:
        names = archive.getnames()
    assert names[0] == "blobs/mark"
    assert names[-1] == "index.db"
    assert {f"blobs/sha256/{d[7:9]}/{d[7:]}" for d in (layer["digest"] for layer in served.layers)} < set(names)
    assert "token.key" not in names


@pytest.mark.parametrize(
    "kept", [0, 512, 2000, -1], ids=["nothing", "a header", "a blob", "all but an end of the index"]
)
def test_a_backup_that_was_cut_off_makes_no_registry_and_says_so(served, wharf, tmp_path, kept):
    whole = wharf("backup", "--data", served.layout.root).out
    part = whole[: kept if kept >= 0 else whole.index(b"SQLite format 3\0") + 9000]
    restored = wharf("restore", "--data", tmp_path / "other", given=part)
    assert restored.status == 1
    assert "make or fetch it again" in restored.said
    assert not (tmp_path / "other" / "index.db").exists()
    assert wharf("restore", "--data", tmp_path / "other", given=whole).status == 0, "and it can be done again"


def test_content_that_rotted_in_the_archive_is_left_out_and_named(served, wharf, tmp_path):
    rotten = wharf("backup", "--data", served.layout.root).out.replace(b"layer one", b"layer 0ne")
    restored = wharf("restore", "--data", tmp_path / "other", given=rotten)
    assert restored.status == 1
    digest = served.layers[0]["digest"]
    assert restored.said.splitlines()[0] == f"damaged: {digest}"
    assert not Layout(tmp_path / "other").blob(digest).exists()


def test_content_that_the_disk_lost_is_named_and_the_rest_is_saved(served, wharf):
    digest = served.layers[1]["digest"]
    served.layout.blob(digest).unlink()
    saved = wharf("backup", "--data", served.layout.root)
    assert saved.status == 1
    assert saved.said.splitlines()[0] == f"missing: {digest}"
    assert "saved the index and 2 blobs" in saved.said


def test_content_that_rotted_on_the_disk_is_named_with_what_to_do_and_the_rest_is_saved(served, wharf, tmp_path):
    digest = served.layers[0]["digest"]
    served.layout.blob(digest).chmod(0o640)
    served.layout.blob(digest).write_bytes(b"layer 0ne")
    saved = wharf("backup", "--data", served.layout.root)
    assert saved.status == 1
    damaged, done, remedy = saved.said.splitlines()
    assert (damaged, done) == (f"damaged: {digest}", "saved the index and 2 blobs, 0 MiB")
    assert "push them again" in remedy
    assert wharf("restore", "--data", tmp_path / "other", given=saved.out).said.startswith(f"damaged: {digest}\n")


def test_a_registry_is_never_restored_over(served, wharf):
    whole = wharf("backup", "--data", served.layout.root).out
    restored = wharf("restore", "--data", served.layout.root, given=whole)
    assert restored.status == 1
    assert "holds a registry already: restore into an empty directory or claim" in restored.said


@pytest.mark.parametrize(
    "name", ["../evil", "blobs/sha256/ab/cd", "../blobs/sha256/{0}/{0}{1}", "token.key", "blobs/sha256/xx/{0}{1}"]
)
def test_only_what_a_backup_holds_is_written(wharf, tmp_path, name):
    sink = BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name.format("ab", "0" * 62)), BytesIO())
    restored = wharf("restore", "--data", tmp_path / "other", given=sink.getvalue())
    assert restored.status == 1
    assert "is nothing that `wharf backup` writes" in restored.said
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["active.lock"]


def test_a_wrong_path_is_an_error_and_no_empty_backup(wharf, tmp_path):
    saved = wharf("backup", "--data", tmp_path / "nothing")
    assert (saved.status, saved.out) == (1, b"")
    assert "holds no registry's data" in saved.said


def test_an_index_that_is_damaged_in_the_archive_is_refused(served, wharf, tmp_path):
    whole = bytearray(wharf("backup", "--data", served.layout.root).out)
    begin = whole.index(b"SQLite format 3\0")
    whole[begin + 4096 : begin + 8192] = b"\xff" * 4096
    restored = wharf("restore", "--data", tmp_path / "other", given=bytes(whole))
    assert restored.status == 1
    assert "damaged" in restored.said
    assert not (tmp_path / "other" / "index.db").exists()


def test_the_copy_of_the_index_is_one_file_that_any_sqlite_reads(served, wharf, tmp_path):
    with tarfile.open(fileobj=BytesIO(wharf("backup", "--data", served.layout.root).out)) as archive:
        archive.extract("index.db", tmp_path, filter="data")
    with sqlite3.connect(f"file:{tmp_path}/index.db?mode=ro&immutable=1", uri=True) as connection:
        assert connection.execute("SELECT count(*) FROM blob").fetchone() == (3,)
    connection.close()
