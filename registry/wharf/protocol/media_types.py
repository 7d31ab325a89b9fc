"""Media types that wharf gives a meaning to. Any other type is stored and served just the same.

Rule: each type stands in exactly one set, so that a manifest has one way to be read.
"""

from __future__ import annotations

import re

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"  # left image-spec before 1.1; old content still has it
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
OCTET_STREAM = "application/octet-stream"
JSON = "application/json"

IMAGES = frozenset({OCI_IMAGE, DOCKER_IMAGE})
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
ARTIFACTS = frozenset({OCI_ARTIFACT})
MANIFESTS = IMAGES | INDEXES | ARTIFACTS
SCHEMA1 = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})

_ELSEWHERE = (
    "application/vnd.docker.image.rootfs.foreign.",
    "application/vnd.oci.image.layer.nondistributable.",
)
_GRAMMAR = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")  # RFC 6838, section 4.2


def is_media_type(text: str) -> bool:
    """Whether `text` is a media type without parameters."""
    return _GRAMMAR.fullmatch(text) is not None


def without_parameters(header: str) -> str:
    """The media type of a Content-Type header; its parameters are ignored (distribution-spec, Pushing manifests)."""
    return header.partition(";")[0].strip().lower()


def is_non_distributable(media_type: str) -> bool:
    """Whether a layer of this type may stay where its URLs say, and so need not be in the registry."""
    return media_type.startswith(_ELSEWHERE)
