"""Whatever is damaged is found, told with a remedy, and repaired where that takes no guessing."""

import json

import pytest

from wharf.blobs import inspection

CLEAN = ([], 0)


def codes(found):
    return [(one["problem"], one["subject"]) for one in found[0]], found[1]


def test_a_whole_registry_is_clean_and_stays_as_it_is(damaged):
    assert damaged.verify() == CLEAN
    assert damaged.progress.splitlines() == ["1 of 1 manifests, 3 of 3 blobs, 0 of 0 MiB", "nothing is wrong"]
    assert damaged.verify("--repair") == CLEAN


@pytest.mark.parametrize("damage", [b"layer 0ne", b"layer", b"", b"layer one and more"])
def test_a_corrupt_blob_is_set_aside_and_the_next_push_mends_it(damaged, damage):
    layer = damaged.layers[0]
    damaged.path(layer).write_bytes(damage)
    found, status = damaged.verify()
    assert status == 1
    assert (found[0]["problem"], found[0]["subject"], found[0]["concerns"]) == ("BlobCorrupt", layer, ["team/app:v1"])
    assert f"its {len(damage)} bytes are not what the digest says; 9 were recorded" in found[0]["message"]
    assert damaged.path(layer).read_bytes() == damage
    (found,), status = damaged.verify("--repair")
    assert (status, found["solved"]) == (1, False)  # the image is broken until the layer comes again
    assert (damaged.layout.quarantine / layer.replace(":", "-")).read_bytes() == damage
    assert codes(damaged.verify()) == ([("BlobAbsent", layer)], 1)
    assert damaged.registry.request("HEAD", f"/v2/team/app/blobs/{layer}").status == 404
    damaged.registry.push_blob("team/app", b"layer one")
    assert damaged.verify() == CLEAN
    assert damaged.registry.request("GET", f"/v2/team/app/blobs/{layer}").body == b"layer one"


def test_a_corrupt_blob_that_no_image_needs_is_simply_gone(damaged):
    loose = damaged.registry.push_blob("team/app", b"loose")
    damaged.path(loose).write_bytes(b"other")
    (found,), status = damaged.verify("--repair")
    assert (status, found["solved"], found["concerns"]) == (0, True, [])
    assert damaged.verify() == CLEAN


def test_an_absent_blob_is_told_with_the_images_that_need_it(damaged):
    damaged.registry.push_image("other", "v2", layers=[b"layer two"])
    layer = damaged.layers[1]
    damaged.path(layer).unlink()
    (found,), status = damaged.verify("--repair")
    assert (found["problem"], found["concerns"], status) == ("BlobAbsent", ["other:v2", "team/app:v1"], 1)
    assert "push the images again" in found["remedy"]
    damaged.registry.push_blob("other", b"layer two")
    assert codes(damaged.verify()) == ([("HoldMissing", layer)], 1)
    (found,), status = damaged.verify("--repair")
    assert (found["done"], status) == ("held again", 0)
    assert damaged.registry.request("GET", f"/v2/team/app/blobs/{layer}").body == b"layer two"


def test_a_size_that_was_recorded_wrong_is_set_right(damaged):
    layer = damaged.layers[0]
    damaged.sql("UPDATE blob SET size = 5 WHERE digest = ?", layer)
    assert codes(damaged.verify()) == ([("SizeWrong", layer)], 1)
    assert codes(damaged.verify("--repair")) == ([("SizeWrong", layer)], 0)
    assert damaged.verify() == CLEAN
    assert damaged.registry.request("GET", f"/v2/team/app/blobs/{layer}").body == b"layer one"


def test_references_that_do_not_agree_with_the_manifest_are_noted_anew(damaged):
    damaged.sql("DELETE FROM manifest_blob WHERE blob_id = (SELECT id FROM blob WHERE digest = ?)", damaged.layers[0])
    damaged.sql("INSERT INTO manifest_child (manifest_id, digest) SELECT id, 'sha256:00' FROM manifest")
    (found,), status = damaged.verify()
    assert (found["problem"], found["subject"], status) == ("ReferencesWrong", damaged.digest, 1)
    assert f"does not note that it names {damaged.layers[0]}" in found["message"]
    assert "in vain that it names sha256:00" in found["message"]
    assert codes(damaged.verify("--repair")) == ([("ReferencesWrong", damaged.digest)], 0)
    assert damaged.verify() == CLEAN


def test_a_manifest_that_is_not_what_its_digest_says_cannot_be_repaired(damaged):
    damaged.sql("UPDATE manifest SET content = ?", damaged.manifest.replace(b"layers", b"lairs"))
    for arguments in ((), ("--repair",)):
        (found,), status = damaged.verify(*arguments)
        assert (found["problem"], found["concerns"], status) == (
            "ManifestCorrupt", [f"team/app@{damaged.digest}"], 1,
        )  # fmt: skip
    damaged.registry.request("DELETE", f"/v2/team/app/manifests/{damaged.digest}")
    assert damaged.verify() == CLEAN


def test_a_database_that_contradicts_itself_is_told(damaged):
    damaged.sql("INSERT INTO hold (repository_id, blob_id, touched) VALUES (1, 999, 0)")
    assert codes(damaged.verify("--repair")) == ([("DatabaseDamaged", "index.db")], 1)


def test_a_file_that_is_no_content_is_told_and_left_alone(damaged):
    stray = damaged.layout.blobs / "sha256" / "note.txt"
    stray.write_text("mine")
    assert codes(damaged.verify("--repair")) == ([("StrayFile", str(stray))], 1)
    assert stray.read_text() == "mine"


def test_content_that_cannot_be_read_is_not_called_corrupt(damaged):
    path = damaged.path(damaged.layers[0])
    path.unlink()
    path.mkdir()
    (found,), status = damaged.verify("--repair")
    assert (found["problem"], status) == ("BlobUnreadable", 1)
    assert path.is_dir()


def test_what_was_pushed_again_while_it_was_looked_at_is_not_called_wrong(damaged, monkeypatch):
    layer = damaged.layers[0]
    damaged.path(layer).write_bytes(b"corrupt")
    inspect = inspection.inspect

    def inspect_before_a_push(layout, digest):
        found = inspect(layout, digest)
        if digest == layer:
            damaged.registry.push_blob("team/app", b"layer one")
        return found

    monkeypatch.setattr(inspection, "inspect", inspect_before_a_push)
    assert damaged.verify("--repair") == CLEAN


def test_what_a_sweep_removed_while_it_was_looked_at_is_not_called_wrong(damaged, monkeypatch):
    loose = damaged.registry.push_blob("team/app", b"loose")
    inspect = inspection.inspect

    def inspect_after_a_sweep(layout, digest):
        if digest == loose:
            damaged.sql("DELETE FROM hold WHERE blob_id = (SELECT id FROM blob WHERE digest = ?)", loose)
            damaged.sql("DELETE FROM blob WHERE digest = ?", loose)
            damaged.path(loose).unlink()
        return inspect(layout, digest)

    monkeypatch.setattr(inspection, "inspect", inspect_after_a_sweep)
    assert damaged.verify() == CLEAN


def test_indexes_with_absent_children_and_images_with_foreign_layers_are_whole(damaged):
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": d, "size": 1}
                      for d in (damaged.digest, "sha256:" + "0" * 64)],
    }  # fmt: skip
    body = json.dumps(index).encode()
    answer = damaged.registry.request("PUT", "/v2/team/app/manifests/all", body, Content_Type=index["mediaType"])
    assert answer.status == 201
    foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar"
    layers = [{"mediaType": foreign, "digest": "sha256:" + "1" * 64, "size": 1}]
    manifest = json.dumps(json.loads(damaged.manifest) | {"layers": layers}).encode()
    kind = "application/vnd.oci.image.manifest.v1+json"
    assert damaged.registry.request("PUT", "/v2/team/app/manifests/w", manifest, Content_Type=kind).status == 201
    assert damaged.verify() == CLEAN


def test_an_index_that_is_not_the_one_of_the_content_is_told(damaged):
    damaged.sql("DELETE FROM setting WHERE name = 'mark'")
    (found,), status = damaged.verify()
    assert (found["problem"], found["subject"], status) == ("OtherIndex", "index.db", 1)
    assert "--trust-index" in found["remedy"]
