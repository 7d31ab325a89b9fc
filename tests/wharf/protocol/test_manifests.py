"""What manifests of every kind name, and which are refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.protocol import media_types
from wharf.protocol.manifests import ManifestError, parse

A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")


def descriptor(digest, media_type="application/x", **fields):
    return {"mediaType": media_type, "digest": digest, "size": 1, **fields}


def image(**fields):
    return {"schemaVersion": 2, "config": descriptor(A, "application/config"), "layers": [descriptor(B)], **fields}


def read(document, content_type=""):
    return parse(json.dumps(document).encode(), content_type)


@pytest.mark.parametrize("kind", sorted(media_types.IMAGES))
def test_an_image_names_its_config_and_layers(kind):
    parsed = read(image(mediaType=kind, annotations={"k": "v"}, subject=descriptor(C)), kind)
    assert parsed.blobs == (A, B)
    assert parsed.subject == C
    assert parsed.media_type == kind
    assert parsed.artifact_type == "application/config"
    assert parsed.annotations == (("k", "v"),)


def test_a_type_of_its_own_goes_before_the_configs():
    assert read(image(artifactType="application/own"), media_types.OCI_IMAGE).artifact_type == "application/own"


@pytest.mark.parametrize("kind", sorted(media_types.INDEXES))
def test_an_index_names_its_children_and_has_no_type_unless_it_says_so(kind):
    children = [descriptor(A, media_types.OCI_IMAGE), descriptor(B, media_types.OCI_INDEX), descriptor(C, "")]
    parsed = read({"schemaVersion": 2, "manifests": children}, kind)
    assert parsed.manifests == (A, B, C)
    assert parsed.blobs == ()
    assert parsed.artifact_type == ""


def test_what_an_index_lists_that_is_no_manifest_may_be_a_blob():
    parsed = read({"schemaVersion": 2, "manifests": [descriptor(A, "application/layer")]}, media_types.OCI_INDEX)
    assert parsed.optional == (A,)
    assert parsed.manifests == ()


def test_layers_that_stay_elsewhere_need_not_be_there():
    foreign = descriptor(B, "application/vnd.oci.image.layer.nondistributable.v1.tar", urls=["https://example.com/b"])
    parsed = read(image(layers=[foreign]), media_types.OCI_IMAGE)
    assert parsed.blobs == (A,)
    assert parsed.optional == (B,)


def test_a_digest_that_is_named_twice_counts_once():
    assert read(image(layers=[descriptor(B), descriptor(B), descriptor(A)]), media_types.OCI_IMAGE).blobs == (A, B)


@pytest.mark.parametrize("header", ["", "application/json", "application/octet-stream"])
def test_the_type_is_found_where_the_client_does_not_say(header):
    assert read(image(), header).media_type == media_types.OCI_IMAGE
    assert read({"manifests": []}, header).media_type == media_types.OCI_INDEX
    assert read(image(mediaType=media_types.DOCKER_IMAGE), header).media_type == media_types.DOCKER_IMAGE


def test_an_unknown_type_is_taken_with_what_it_names_as_far_as_that_can_be_read():
    document = {"config": descriptor(A), "blobs": [descriptor(B)], "subject": descriptor(C)}
    parsed = read(document, "application/vnd.example+json")
    assert (parsed.media_type, parsed.blobs, parsed.optional) == ("application/vnd.example+json", (), (A, B))
    assert parsed.subject == C
    assert read({"config": 5}, "application/vnd.example+json").optional == ()


def test_the_artifact_manifest_that_image_spec_dropped_is_still_read():
    assert read({"blobs": [descriptor(A)]}, media_types.OCI_ARTIFACT).blobs == (A,)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({}, ""),
        ([], media_types.OCI_IMAGE),
        ({"layers": []}, media_types.OCI_IMAGE),
        (image(manifests=[]), media_types.OCI_IMAGE),
        (image(schemaVersion=1), media_types.OCI_IMAGE),
        (image(mediaType=media_types.DOCKER_IMAGE), media_types.OCI_IMAGE),
        (image(config={"digest": "nonsense"}), media_types.OCI_IMAGE),
        (image(config={"digest": "sha256:../../etc/passwd"}), media_types.OCI_IMAGE),
        (image(config={"digest": A, "size": -1}), media_types.OCI_IMAGE),
        (image(layers="x"), media_types.OCI_IMAGE),
        (image(annotations={"a": 1}), media_types.OCI_IMAGE),
        (image(layers=[descriptor(B)] * 10_001), media_types.OCI_IMAGE),
        (image(subject=descriptor("x")), media_types.OCI_IMAGE),
        ({"manifests": [], "layers": []}, media_types.OCI_INDEX),
        ({"config": descriptor(A)}, media_types.OCI_INDEX),
        ({}, media_types.OCI_INDEX),
        (image(), media_types.DOCKER_SCHEMA1_SIGNED),
        (image(mediaType="a/b\r\nX-Evil: 1"), "a/b\r\nX-Evil: 1"),
    ],
)
def test_a_manifest_that_would_be_misread_is_refused(document, kind):
    with pytest.raises(ManifestError):
        read(document, kind)


@pytest.mark.parametrize("kind", ["", media_types.OCI_IMAGE, "application/vnd.example+json"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"null", b'{"a":' * 100_000, b'{"a":' + b"[" * 1_000_000])
def test_rubbish_and_json_bombs_are_refused(content, kind):
    with pytest.raises(ManifestError):
        parse(content, kind)


@given(st.binary(max_size=200), st.sampled_from(["", media_types.OCI_IMAGE, media_types.OCI_INDEX, "x/y"]))
def test_no_content_raises_anything_else(content, kind):
    with contextlib.suppress(ManifestError):
        parse(content, kind)
