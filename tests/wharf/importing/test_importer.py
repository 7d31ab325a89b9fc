"""What a volume holds is here after an import, checked, and nothing that was here is turned back."""

import json
import os

import pytest

from wharf.blobs import adoption
from wharf.blobs.interface import StoreUnavailableError
from wharf.importing.importer import Tally
from wharf.metadata.interface import ManifestPut, ReferrersWanted
from wharf.metadata.sqlite_audit import SqliteAudit
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.verify.verifier import Storage, Verifier
from wharf.witness import Witness


async def clean(storage):
    """Whether verification finds nothing."""
    audit = SqliteAudit(storage.index, lambda: 0.0)
    witness = Witness(SqliteSettings(storage.index), storage.layout.mark)
    verifier = Verifier(Storage(audit, SqliteDoubts(storage.index), storage.layout, witness))
    return [finding async for finding in verifier.run()] == []


async def test_everything_comes_by_hard_links(volume, import_it):
    image = volume.image("team/app", "v1", "latest", layers=[b"one", b"two"])
    child = volume.image("team/app", layers=[b"three"])
    index = volume.index("team/app", "all", children=[child, "sha256:" + "0" * 64])
    signature = volume.image("team/app", subject={"mediaType": "x/y", "digest": image, "size": 1})
    volume.image("other", "v1", layers=[b"one"])
    assert await import_it() == Tally(repositories=2, manifests=5, tags=4, linked=5, copied=0, size=18, present=0)

    async def question(storage):
        found = storage.index
        assert await found.tags("team/app", "", 9) == ["all", "latest", "v1"]
        assert await found.repositories("", 9) == ["other", "team/app"]
        assert (await found.get_manifest("team/app", "v1")).content == volume.data(image).read_bytes()
        assert (await found.get_manifest("team/app", "all")).digest == index
        assert (await found.get_manifest("team/app", child)).media_type.endswith("image.manifest.v1+json")
        assert [
            one.digest for one in await found.referrers("team/app", image, ReferrersWanted(limit=9, size=1 << 20))
        ] == [signature]
        for layer in json.loads(volume.data(image).read_bytes())["layers"]:
            path = storage.layout.blob(layer["digest"])
            assert path.samefile(volume.data(layer["digest"]))
            assert path.stat().st_mode & 0o222 == 0
        assert await clean(storage)
        assert await SqliteDoubts(storage.index).volatile() == []

    await import_it.ask(question)
    assert import_it.left_out == []


async def test_an_import_can_be_run_again_and_goes_on_where_it_was_broken_off(volume, import_it, monkeypatch):
    volume.image("a", "v1", layers=[b"one", b"two", b"three"])
    volume.image("b", "v1", layers=[b"four"])
    inspect = adoption.inspection.inspect

    def break_off(layout, digest):
        if digest == volume.content(b"four"):
            raise StoreUnavailableError("the volume refuses")
        return inspect(layout, digest)

    monkeypatch.setattr(adoption.inspection, "inspect", break_off)
    with pytest.raises(StoreUnavailableError):
        await import_it()
    monkeypatch.undo()
    tally = await import_it()
    assert (tally.present, tally.manifests) == (6, 1)
    tally = await import_it()
    assert (tally.present, tally.manifests, tally.linked, tally.tags) == (8, 0, 0, 0)
    assert await import_it.ask(clean)


async def test_a_tag_that_is_here_stays_where_it_is(volume, import_it):
    image = volume.image("a", "v1", "v2")
    await import_it()

    async def push(storage):
        newer = volume.data(volume.image("a", layers=[b"newer"])).read_bytes()
        put = ManifestPut("a", volume.content(newer), "application/x", newer, (), (), tags=("v1",))
        await storage.index.put_manifest(put, [])
        return put.digest

    newer = await import_it.ask(push)
    assert (await import_it()).kept_tags == 1

    async def question(storage):
        return [(await storage.index.get_manifest("a", tag)).digest for tag in ("v1", "v2")]

    assert await import_it.ask(question) == [newer, image]


async def test_what_lacks_something_is_left_out_and_told_and_the_rest_comes(volume, import_it):
    volume.image("a", "good", layers=[b"good"])
    lost = volume.image("a", "lost", layers=[b"lost"])
    corrupt = volume.image("a", "corrupt", layers=[b"corrupt"])
    torn = volume.image("a", "torn", layers=[b"torn"])
    old = volume.manifest("a", {"schemaVersion": 1, "name": "a"}, "old")
    blobs = {volume.content(b"lost"), volume.content(b"corrupt")}
    volume.data(volume.content(b"lost")).unlink()
    volume.data(volume.content(b"corrupt")).write_bytes(b"corrupT")
    volume.data(torn).write_bytes(b"{")
    gone = volume.image("a", "gone", layers=[b"good", b"good"])
    volume.data(gone).unlink()
    tally = await import_it()
    reasons = {one.digest: one.reason for one in import_it.left_out}
    assert set(reasons) == {lost, corrupt, torn, old, gone, *blobs}
    assert "cannot be had" in reasons[lost]
    assert "cannot be had" in reasons[corrupt]
    assert "not what its digest says" in reasons[torn]
    assert "does not have the manifest" in reasons[gone]
    assert tally.left_out == len(import_it.left_out) == 7

    async def question(storage):
        assert await storage.index.tags("a", "", 9) == ["good"]
        return await clean(storage)

    assert await import_it.ask(question)


async def test_blobs_that_no_manifest_names_come_and_foreign_ones_need_not(volume, import_it):
    loose = volume.blob("a", b"loose")["digest"]
    foreign = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar", "digest": "sha256:" + "1" * 64,
               "size": 1}  # fmt: skip
    volume.manifest("a", {"schemaVersion": 2, "config": volume.blob("a", b"{}"), "layers": [foreign]}, "w")
    assert (await import_it()).left_out == 0

    async def question(storage):
        assert (await storage.index.get_blob("a", loose)).size == 5
        assert await storage.index.get_manifest("a", "w") is not None

    await import_it.ask(question)


async def test_a_layer_that_the_repository_has_lost_its_link_to_comes_all_the_same(volume, import_it):
    volume.image("a", "v1")
    layer = volume.content(b"layer")
    (volume.root / "repositories/a/_layers/sha256" / layer.split(":")[1] / "link").unlink()
    assert (await import_it()).left_out == 0
    assert await import_it.ask(clean)


async def test_what_cannot_be_linked_is_copied(volume, import_it, monkeypatch):
    volume.image("a", "v1")

    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    tally = await import_it()
    assert (tally.linked, tally.copied) == (0, 2)
    assert await import_it.ask(clean)
