"""Which base image our images are built upon."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from e2e.cluster.base_image import ensure_base
from e2e.cluster.errors import ClusterError


class Holder:
    """A builder that holds, or can pull, some images."""

    def __init__(self, *images: str) -> None:
        self.images = images

    def pull(self, reference: str) -> bool:
        return reference in self.images


def cluster(tmp_path: Path, default: str, *images: str) -> SimpleNamespace:
    return SimpleNamespace(builder=Holder(*images), default_base=default, settings=SimpleNamespace(cache=tmp_path))


def test_the_base_that_is_asked_for_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_IMAGE", "my/base:1")
    assert ensure_base(cluster(tmp_path, "python:3", "my/base:1", "python:3")) == "my/base:1"  # type: ignore[arg-type] # a stand-in


def test_a_base_that_cannot_be_had_is_an_error_not_another_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_IMAGE", "my/base:1")
    with pytest.raises(ClusterError, match="BASE_IMAGE=my/base:1 is neither here nor can it be pulled"):
        ensure_base(cluster(tmp_path, "python:3", "python:3"))  # type: ignore[arg-type] # a stand-in


def test_the_dockerfiles_default_is_used_where_it_can_be_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    assert ensure_base(cluster(tmp_path, "python:3", "python:3")) == "python:3"  # type: ignore[arg-type] # a stand-in


def test_making_a_base_needs_root_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASE_IMAGE", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(
        ClusterError, match="making image e2e-base-bookworm needs root: run it with sudo, or give an image"
    ):
        ensure_base(cluster(tmp_path, ""))  # type: ignore[arg-type] # a stand-in
