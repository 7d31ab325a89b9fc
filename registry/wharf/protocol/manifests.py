"""Reads any manifest just far enough to know what it names; the bytes themselves are never changed.

Rule: strict where a wrong reading would lose or confuse content (types, digests, documents that are image and index at
once: CVE-2021-41190), liberal elsewhere: unknown types and unknown fields pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from wharf.protocol import digests, media_types

SIZE_LIMIT = 4 * 1024 * 1024  # bytes; distribution-spec asks for at least 4 megabytes

REFERENCE_LIMIT = 10_000
"""Most descriptors in one manifest: each costs a look-up. Images have some hundred at the very most."""

_GENERIC = frozenset({media_types.JSON, media_types.OCTET_STREAM})  # what tools send that do not know what they send


class ManifestError(ValueError):
    """The manifest cannot be accepted; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ParsedManifest:
    """What a manifest says about other content."""

    media_type: str
    artifact_type: str = ""  # the config's media type where an image has none of its own (Listing referrers)
    blobs: tuple[str, ...] = ()  # must be in the repository
    optional: tuple[str, ...] = ()  # named, and may be elsewhere: non-distributable layers, things of unknown type
    manifests: tuple[str, ...] = ()  # children of an index
    subject: str = ""
    annotations: tuple[tuple[str, str], ...] = ()


class _Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    digest: str
    media_type: str = ""
    size: int = 0


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    schema_version: int | None = None
    media_type: str = ""
    artifact_type: str | None = None
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    blobs: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None
    subject: _Descriptor | None = None
    annotations: dict[str, str] | None = None


class _Outline(msgspec.Struct, frozen=True, rename="camel"):
    """All that is asked of a type nobody knows: a JSON object; a `subject` is honoured where it reads as one."""

    media_type: msgspec.Raw = msgspec.Raw(b'""')


_decode = msgspec.json.Decoder(_Document).decode
_outline = msgspec.json.Decoder(_Outline).decode


def parse(content: bytes, content_type: str) -> ParsedManifest:
    """Read a manifest that came with this Content-Type header (may be empty). Raises ManifestError."""
    declared = media_types.without_parameters(content_type)
    if declared in media_types.SCHEMA1:
        raise ManifestError("Docker schema 1 manifests are not supported: push with a client newer than 2017")
    document = _read(content, declared)
    if declared in _GENERIC:
        declared = ""
    kind = declared or document.media_type.lower() or _guess(document)
    if document.media_type and document.media_type.lower() != kind:
        raise ManifestError(f"mediaType is {document.media_type!r}, but Content-Type says {kind!r}: make them agree")
    if not media_types.is_media_type(document.media_type or kind):
        raise ManifestError("the media type is not of the form type/subtype")
    _check(document, kind)
    return _references(document, document.media_type or kind)


def _read(content: bytes, declared: str) -> _Document:
    try:
        return _decode(content)
    except RecursionError as error:
        raise ManifestError("nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if declared and declared not in media_types.MANIFESTS and _is_object(content):
            return _Document(media_type="")
        raise ManifestError(f"not a manifest: {error}") from error


def _is_object(content: bytes) -> bool:
    try:
        _outline(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _guess(document: _Document) -> str:
    if document.manifests is not None:
        return media_types.OCI_INDEX
    if document.config is not None and document.layers is not None:
        return media_types.OCI_IMAGE
    raise ManifestError("set Content-Type or mediaType: this is neither an image nor an index")


def _check(document: _Document, kind: str) -> None:
    if kind not in media_types.MANIFESTS:
        return
    if document.schema_version not in (None, 2):
        raise ManifestError(f"schemaVersion must be 2, not {document.schema_version}")
    if kind in media_types.IMAGES and document.config is None:
        raise ManifestError("an image manifest needs `config`")
    if kind in media_types.IMAGES and document.manifests is not None:
        raise ManifestError("an image manifest must not have `manifests`")
    if kind in media_types.INDEXES and (document.config is not None or document.layers is not None):
        raise ManifestError("an index must not have `config` or `layers`")
    if kind in media_types.INDEXES and document.manifests is None:
        raise ManifestError("an index needs `manifests`")


def _references(document: _Document, media_type: str) -> ParsedManifest:
    lists = (document.layers, document.blobs, document.manifests)
    if sum(len(one) for one in lists if one) > REFERENCE_LIMIT:
        raise ManifestError(f"it names more than {REFERENCE_LIMIT} things: split it")
    known = media_type.lower() in media_types.MANIFESTS
    blobs: dict[str, None] = {}
    optional: dict[str, None] = {}
    manifests: dict[str, None] = {}
    configs = [document.config] if document.config else []
    for one in (*configs, *(document.layers or ()), *(document.blobs or ())):
        required = known and not media_types.is_non_distributable(one.media_type)
        (blobs if required else optional)[_digest(one)] = None
    for child in document.manifests or ():
        # Some tools list plain blobs in an index (BuildKit's cache): which it is, only the repository can tell.
        is_manifest = not child.media_type or child.media_type.lower() in media_types.MANIFESTS
        (manifests if is_manifest else optional)[_digest(child)] = None
    fallback = document.config.media_type if document.config and document.manifests is None else ""
    return ParsedManifest(
        media_type=media_type,
        artifact_type=document.artifact_type or fallback,
        blobs=tuple(blobs),
        optional=tuple(digest for digest in optional if digest not in blobs),
        manifests=tuple(manifests),
        subject=_digest(document.subject) if document.subject else "",
        annotations=tuple(sorted((document.annotations or {}).items())),
    )


def _digest(descriptor: _Descriptor) -> str:
    if not digests.is_well_formed(descriptor.digest):
        raise ManifestError(f"{descriptor.digest[:200]!r} is not a digest")
    if descriptor.size < 0:
        raise ManifestError(f"the size of {descriptor.digest} is negative")
    return descriptor.digest
