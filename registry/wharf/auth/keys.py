"""The keys that sign tokens: from a file that the configuration names, or one that is made once per data directory.

Rule: every process that serves the same data has the same keys; a key is never in the configuration, and is readable
by its owner only.
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

FILE = "token.key"
LENGTH = 32
"""Least characters of a key."""

log = logging.getLogger("wharf.auth")


class KeyFileError(ValueError):
    """The file of keys cannot be used. The message says why, and quotes nothing of it."""


def parse(content: bytes) -> tuple[bytes, ...]:
    """The keys of a file, one a line, the one that signs first. Raises KeyFileError."""
    lines = tuple(line.strip() for line in content.splitlines() if line.strip())
    if not lines:
        raise KeyFileError("the file holds no key: put a line of 32 random characters or more in it")
    for number, line in enumerate(lines, start=1):
        if len(line) < LENGTH:
            raise KeyFileError(f"key {number} has fewer than {LENGTH} characters: make it with `openssl rand -hex 32`")
    return lines


def of_directory(data: str) -> tuple[bytes, ...]:
    """The keys of a data directory, made by whoever comes first.

    Where nothing can be written, new ones for this process: its tokens then end with it.
    """
    path = Path(data) / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return parse(path.read_bytes())
    except (OSError, KeyFileError) as error:
        log.warning("tokens will end with this process", extra={"file": str(path), "cause": str(error)})
        return (secrets.token_hex(LENGTH).encode(),)


def _make(path: Path) -> None:
    """Write a key under another name, and give it this one unless somebody else was faster."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(LENGTH).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
