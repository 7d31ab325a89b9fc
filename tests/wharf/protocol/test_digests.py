"""Digests: the grammar of image-spec, and the algorithms that can be verified."""

import hashlib

import pytest

from wharf.protocol import digests


def test_the_digests_of_both_algorithms_are_supported_and_right():
    for algorithm in ("sha256", "sha512"):
        expected = f"{algorithm}:{hashlib.new(algorithm, b'content').hexdigest()}"
        assert digests.digest_of(b"content", algorithm) == expected
        assert digests.is_supported(expected)
        assert digests.algorithm_of(expected) == algorithm


def test_a_digest_of_another_algorithm_is_well_formed_but_not_supported():
    assert digests.is_well_formed("blake3:" + "a" * 64)
    assert not digests.is_supported("blake3:" + "a" * 64)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:abc",
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "sha256:" + "a" * 65,
        "sha512:" + "a" * 64,
        "sha256:../" + "a" * 61,
        "sha256:" + "a" * 64 + "\n",
        "x" * 600 + ":a",
    ],
)
def test_what_is_no_digest_is_refused(text):
    assert not digests.is_well_formed(text)
    assert not digests.is_supported(text)
