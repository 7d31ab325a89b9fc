"""Manifests by tag and by digest."""

import hashlib
import json

import pytest

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
HERE = "/v2/man/app/manifests/"
ABSENT = "sha256:" + "0" * 64


def sha(content, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def index(*digests, **fields):
    manifests = [{"mediaType": IMAGE, "digest": digest, "size": 2} for digest in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, **fields}).encode()


def test_a_manifest_is_served_byte_for_byte_by_tag_and_by_digest(registry):
    answer, content = registry.push_image("man/app", "v1", annotations={"spaces": "  kept  "})
    assert answer.status == 201
    assert answer.headers["Docker-Content-Digest"] == sha(content)
    assert answer.headers["Location"] == HERE + sha(content)
    for reference in ("v1", sha(content)):
        got = registry.request("GET", HERE + reference, Accept="application/json")
        assert got.body == content
        assert got.headers["Content-Type"] == IMAGE
        assert got.headers["Docker-Content-Digest"] == sha(content)
        head = registry.request("HEAD", HERE + reference)
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(content)))
    assert registry.request("GET", HERE + "v1", If_None_Match=f'"{sha(content)}"').status == 304


def test_a_digest_push_takes_many_tags_and_says_which(registry):
    content = index()
    tags = [f"t{n}" for n in range(12)]
    query = "&".join(f"tag={tag}" for tag in tags)
    answer = registry.request("PUT", f"{HERE}{sha(content)}?{query}", content, Content_Type=INDEX)
    assert answer.status == 201
    assert answer.headers.get_all("OCI-Tag") == tags
    assert registry.request("GET", HERE + "t11").body == content


def test_too_many_tags_or_a_bad_one_store_nothing(registry):
    content = index(annotations={"n": "none of this"})
    many = "&".join(f"tag=x{n}" for n in range(101))
    assert registry.request("PUT", f"{HERE}{sha(content)}?{many}", content, Content_Type=INDEX).status == 414
    answer = registry.request("PUT", f"{HERE}{sha(content)}?tag=ok&tag=..%2F", content, Content_Type=INDEX)
    assert answer.code() == "MANIFEST_INVALID"
    assert registry.request("GET", HERE + sha(content)).status == 404


def test_sha512_is_echoed_where_the_client_asked_for_it(registry):
    content = index(annotations={"a": "512"})
    digest = sha(content, "sha512")
    answer = registry.request("PUT", HERE + digest, content, Content_Type=INDEX)
    assert answer.headers["Docker-Content-Digest"] == digest
    assert registry.request("GET", HERE + digest).headers["Docker-Content-Digest"] == digest


def test_a_digest_that_is_not_the_contents_is_refused(registry):
    answer = registry.request("PUT", HERE + ABSENT, index(), Content_Type=INDEX)
    assert (answer.status, answer.code()) == (400, "DIGEST_INVALID")
    assert registry.request("PUT", HERE + "blake3:" + "0" * 64, index()).code() == "DIGEST_INVALID"


def test_an_image_whose_blobs_are_missing_is_refused_and_told_all_of_them(registry):
    other = "sha256:" + "1" * 64
    layers = [{"mediaType": "x/y", "digest": digest, "size": 1} for digest in (ABSENT, other)]
    content = json.dumps({"schemaVersion": 2, "config": layers[0], "layers": layers}).encode()
    answer = registry.request("PUT", HERE + "broken", content, Content_Type=IMAGE)
    assert answer.code() == "MANIFEST_BLOB_UNKNOWN"
    assert {error["detail"]["digest"] for error in answer.json()["errors"]} == {ABSENT, other}
    assert registry.request("HEAD", HERE + "broken").status == 404


def test_a_sparse_index_and_an_absent_subject_are_accepted(registry):
    subject = {"mediaType": IMAGE, "digest": ABSENT, "size": 7}
    answer = registry.request("PUT", HERE + "sparse", index(ABSENT, subject=subject), Content_Type=INDEX)
    assert answer.status == 201
    assert answer.headers["OCI-Subject"] == ABSENT


def test_layers_that_stay_elsewhere_need_not_be_there(registry):
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar", "digest": ABSENT, "size": 1}
    answer, _ = registry.push_image("man/app", "foreign", layers=[])
    assert answer.status == 201
    config = {"mediaType": "application/x", "digest": sha(b"{}"), "size": 2}
    content = json.dumps({"schemaVersion": 2, "config": config, "layers": [foreign]}).encode()
    assert registry.request("PUT", HERE + "foreign", content, Content_Type=IMAGE).status == 201


def test_an_unknown_type_is_stored_and_served_under_it(registry):
    kind = "application/vnd.example.thing.v7+json"
    content = b'{"anything": [1, 2, 3]}'
    assert registry.request("PUT", HERE + "thing", content, Content_Type=kind + "; charset=utf-8").status == 201
    got = registry.request("GET", HERE + "thing")
    assert (got.body, got.headers["Content-Type"]) == (content, kind)


def test_a_browser_runs_nothing_of_a_type_that_nobody_knows(registry):
    page = b'{"<script>": "fetch(location)</script>"}'
    for kind, inert in (("text/html", True), ("image/svg+xml", True), (INDEX, False)):
        content = index() if kind == INDEX else page
        assert registry.request("PUT", HERE + "page", content, Content_Type=kind).status == 201
        got = registry.request("GET", HERE + "page")
        assert got.headers["Content-Type"] == kind
        assert (got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox") == inert
        assert (got.headers["X-Content-Type-Options"] == "nosniff") == inert


def test_four_mebibytes_are_accepted_and_one_byte_more_is_413(registry):
    padding = 4 * 1024 * 1024 - len(index(annotations={"p": ""}))
    content = index(annotations={"p": "x" * padding})
    assert len(content) == 4 * 1024 * 1024
    assert registry.request("PUT", HERE + "large", content, Content_Type=INDEX).status == 201
    assert registry.request("GET", HERE + "large").body == content
    answer = registry.request("PUT", HERE + "larger", content + b" ", Content_Type=INDEX)
    assert (answer.status, answer.code()) == (413, "SIZE_INVALID")
    chunked = registry.request("PUT", HERE + "larger", iter([content, b" "]), Content_Type=INDEX)
    assert chunked.status == 413


@pytest.mark.parametrize("content", [b"", b"rubbish", b"[]", b'{"a":' * 5000, b"\xff"])
def test_rubbish_is_a_clear_refusal(registry, content):
    answer = registry.request("PUT", HERE + "rubbish", content, Content_Type=IMAGE)
    assert (answer.status, answer.code()) == (400, "MANIFEST_INVALID")


def test_a_header_cannot_be_smuggled_in_a_media_type(registry):
    content = json.dumps({"mediaType": "a/b\r\nX-Evil: 1", "manifests": []}).encode()
    answer = registry.request("PUT", HERE + "evil", content)
    assert answer.status == 400
    assert answer.headers["X-Evil"] is None


def test_deleting_a_tag_keeps_the_manifest_and_deleting_that_takes_all_its_tags(registry):
    _, content = registry.push_image("man/gone", "one")
    registry.push_image("man/gone", "two")
    here = "/v2/man/gone/manifests/"
    assert registry.request("DELETE", here + "one").status == 202
    assert registry.request("GET", here + "one").code() == "MANIFEST_UNKNOWN"
    assert registry.request("GET", here + sha(content)).status == 200
    assert registry.request("DELETE", here + sha(content)).status == 202
    assert registry.request("GET", here + "two").status == 404
    assert registry.request("DELETE", here + sha(content)).status == 404
    assert registry.request("DELETE", here + "one").status == 404


@pytest.mark.parametrize("reference", [".dot", "a" * 129, "sha256:short", "%20", "a%0Ab"])
def test_a_reference_that_is_none_is_refused(registry, reference):
    assert registry.request("GET", HERE + reference).status in (400, 404)
    assert registry.request("PUT", HERE + reference, index(), Content_Type=INDEX).status in (400, 404)


def test_a_tag_that_is_pushed_again_points_at_the_new_manifest(registry):
    first, second = index(annotations={"n": "1"}), index(annotations={"n": "2"})
    for content in (first, second):
        registry.request("PUT", HERE + "moving", content, Content_Type=INDEX)
    assert registry.request("GET", HERE + "moving").body == second
    assert registry.request("GET", HERE + sha(first)).body == first


def test_deletes_still_work_when_the_registry_is_read_only(start, tmp_path):
    registry = start()
    registry.push_image("man/app", "v1")
    (tmp_path / "config.yaml").write_text((tmp_path / "config.yaml").read_text().replace("{", '{"readOnly": true,', 1))
    registry.loop.call_soon_threadsafe(registry.wharf.reloader.poll)
    registry.loop.call_soon_threadsafe(registry.wharf.reloader.poll)
    assert registry.request("PUT", HERE + "v2", index(), Content_Type=INDEX).status == 405
    assert registry.request("DELETE", HERE + "v1").status == 202


def test_an_image_may_lack_layers_where_the_configuration_says_so_and_they_may_follow(start):
    sparse = start(sparseImages="Accept")
    layer = b"pushed after its image"
    layers = [{"mediaType": "x/y", "digest": digest, "size": 1} for digest in (ABSENT, sha(layer))]
    content = json.dumps({"schemaVersion": 2, "config": layers[0], "layers": layers}).encode()
    answer = sparse.request("PUT", HERE + "v1", content, Content_Type=IMAGE)
    assert (answer.status, answer.headers["Warning"][:17]) == (201, '299 - "2 blobs of')
    assert sparse.request("GET", HERE + "v1").body == content
    assert sparse.request("HEAD", f"/v2/man/app/blobs/{sha(layer)}").status == 404
    sparse.push_blob("man/app", layer)
    assert sparse.request("GET", f"/v2/man/app/blobs/{sha(layer)}").body == layer


def test_people_are_told_what_the_configuration_says(start):
    registry = start(notice="this registry moves on Friday")
    pushed, _ = registry.push_image("man/app", "v1")
    for answer in (pushed, registry.request("GET", HERE + "v1"), registry.request("GET", HERE + "v1")):
        assert answer.headers["Warning"] == '299 - "this registry moves on Friday"'


def test_a_manifest_type_of_the_past_is_accepted_with_a_warning(registry):
    kind = "application/vnd.oci.artifact.manifest.v1+json"
    content = json.dumps({"mediaType": kind, "artifactType": "x/y", "blobs": []}).encode()
    answer = registry.request("PUT", HERE + "old", content, Content_Type=kind)
    assert (answer.status, "artifactType" in answer.headers["Warning"]) == (201, True)
    assert registry.push_image("man/app", "plain")[0].headers["Warning"] is None
