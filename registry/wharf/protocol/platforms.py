"""What a stored manifest or image configuration says about platforms and sizes. Pure.

Rule: this only describes content that was accepted already: whatever cannot be read says nothing, and is no error.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class Platform(msgspec.Struct, frozen=True):
    """On what an image runs (image-spec, config.md and image-index.md)."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = msgspec.field(default="", name="os.version")
    os_features: list[str] = msgspec.field(default_factory=list, name="os.features")

    def fields(self) -> dict[str, object]:
        """As Docker Hub names them."""
        return {
            "architecture": self.architecture,
            "features": "",
            "variant": self.variant or None,
            "os": self.os,
            "os_features": ",".join(self.os_features),
            "os_version": self.os_version or None,
        }


class Child(msgspec.Struct, frozen=True):
    """A manifest of an index."""

    digest: str
    platform: Platform = msgspec.field(default_factory=Platform)


class _Sized(msgspec.Struct, frozen=True):
    size: int = 0
    digest: str = ""


class _Document(msgspec.Struct, frozen=True):
    config: _Sized | None = None
    layers: list[_Sized] = []
    manifests: list[Child] = []


@dataclass(frozen=True, slots=True)
class Outline:
    """The digest of an image's configuration, the bytes of it and its layers; or the children of an index."""

    config: str = ""
    size: int = 0
    children: tuple[Child, ...] = ()


_decode = msgspec.json.Decoder(_Document).decode
_decode_config = msgspec.json.Decoder(Platform).decode


def outline(content: bytes) -> Outline:
    """The outline of a manifest."""
    try:
        document = _decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Outline()
    config = document.config or _Sized()
    size = config.size + sum(layer.size for layer in document.layers)
    return Outline(config.digest, size, tuple(document.manifests))


def of_config(content: bytes) -> Platform:
    """The platform in an image's configuration."""
    try:
        return _decode_config(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Platform()
