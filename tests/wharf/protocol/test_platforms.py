"""Platforms and sizes of stored content."""

import json

import pytest

from wharf.protocol.platforms import Outline, Platform, of_config, outline


def test_an_image_has_a_configuration_and_a_size():
    content = {"config": {"digest": "sha256:c", "size": 5}, "layers": [{"size": 10}, {"size": 20, "digest": "x"}]}
    assert outline(json.dumps(content).encode()) == Outline("sha256:c", 35)


def test_an_index_has_children_with_platforms():
    platform = {"os": "windows", "architecture": "amd64", "os.version": "10.0", "os.features": ["a", "b"]}
    content = {"manifests": [{"digest": "sha256:a", "platform": platform}, {"digest": "sha256:b"}]}
    first, second = outline(json.dumps(content).encode()).children
    assert first.platform.fields() == {
        "architecture": "amd64",
        "features": "",
        "variant": None,
        "os": "windows",
        "os_features": "a,b",
        "os_version": "10.0",
    }
    assert (second.digest, second.platform) == ("sha256:b", Platform())


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"layers": 5}', b"[" * 100_000])
def test_what_cannot_be_read_says_nothing(content):
    assert outline(content) == Outline()
    assert of_config(content) == Platform()


def test_a_configuration_names_its_platform():
    content = b'{"architecture": "arm64", "os": "linux", "variant": "v8", "config": {"Env": []}}'
    assert of_config(content) == Platform("arm64", "linux", "v8")
