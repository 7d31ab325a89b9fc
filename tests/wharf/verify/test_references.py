"""What a manifest says of itself is compared with what was noted."""

import hashlib
import json

from wharf.metadata.audit import Audited
from wharf.verify.references import Named, difference, named

A, B, C = ("sha256:" + digit * 64 for digit in "abc")
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def audited(document, blobs=(), others=(), digest="", media_type=IMAGE):
    content = json.dumps(document).encode() if isinstance(document, dict) else document
    return Audited(
        1, "r", digest or f"sha256:{hashlib.sha256(content).hexdigest()}", media_type, content, blobs, others
    )


def image(config, layer):
    return {"schemaVersion": 2, "config": {"digest": config}, "layers": [{"digest": layer}]}


def test_an_image_names_its_config_and_layers():
    assert named(audited(image(A, B))) == Named((A, B), ())


def test_content_that_is_not_what_its_digest_says_names_nothing():
    assert named(audited(image(A, B), digest=C)) is None
    assert named(audited(image(A, B), digest="sha512:" + "0" * 128)) is None


def test_what_was_accepted_by_other_rules_is_taken_at_its_word():
    assert named(audited(b"not JSON any more", (A,), (B,))) == Named((A,), (B,))


def test_what_is_noted_and_what_is_named_may_differ_either_way():
    assert difference(audited(image(A, B), (A,), (B,)), Named((A, B), ())) == ""
    assert difference(audited(image(A, B), (A, C)), Named((A, B), ())) == (
        f"the index does not note that it names {B}; the index notes in vain that it names {C}"
    )
