"""Repository names, tags and references, as distribution-spec (Pulling manifests) writes them.

Rule: what passes these functions is safe to use as a key and can hold no `..`, no empty part and no control character.
"""

from __future__ import annotations

import re

NAME_LIMIT = 255  # characters; clients bound host, slash and name together by 255, and Distribution the name by 255
TAG_LIMIT = 128  # characters

_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def is_name(text: str) -> bool:
    """Whether `text` is a repository name."""
    return len(text) <= NAME_LIMIT and _NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` is a tag."""
    return len(text) <= TAG_LIMIT and _TAG.fullmatch(text) is not None


def names_digest(reference: str) -> bool:
    """Whether a reference is meant as a digest: a tag can hold no colon."""
    return ":" in reference
