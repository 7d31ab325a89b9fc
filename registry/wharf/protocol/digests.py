"""Digests (image-spec, descriptor.md): `algorithm:encoded`, and which of them wharf can verify.

Rule: a digest is a plain string that has passed `is_supported`; only then may it become a path or a key of content.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

CANONICAL = "sha256"
ENCODED_LENGTH = {"sha256": 64, "sha512": 128}  # hex digits of the algorithms that image-spec registers

_GRAMMAR = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX = re.compile(r"[0-9a-f]+")
_LIMIT = 512  # characters; no registered digest is near it


def is_well_formed(text: str) -> bool:
    """Whether `text` follows the grammar of image-spec; its algorithm may be one that wharf cannot verify."""
    if len(text) > _LIMIT or _GRAMMAR.fullmatch(text) is None:
        return False
    algorithm, _, encoded = text.partition(":")
    length = ENCODED_LENGTH.get(algorithm)
    return length is None or (len(encoded) == length and _HEX.fullmatch(encoded) is not None)


def is_supported(text: str) -> bool:
    """Whether `text` is a digest whose content wharf can verify, and so store."""
    return is_well_formed(text) and algorithm_of(text) in ENCODED_LENGTH


def algorithm_of(digest: str) -> str:
    """The algorithm's name."""
    return digest.partition(":")[0]


def hasher(algorithm: str) -> _Hash:
    """A fresh hash of a supported algorithm; KeyError for any other."""
    return {"sha256": hashlib.sha256, "sha512": hashlib.sha512}[algorithm]()


def digest_of(content: bytes, algorithm: str = CANONICAL) -> str:
    """The digest of some bytes."""
    running = hasher(algorithm)
    running.update(content)
    return f"{algorithm}:{running.hexdigest()}"
