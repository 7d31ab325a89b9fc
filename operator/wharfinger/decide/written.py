"""The htpasswd Secret as it is.

Rule: lines are trusted only in a text that is the one we wrote, by its hash.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from wharfinger.children.htpasswd import SHA256, SOURCES
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide import htpasswd as file
from wharfinger.decide.observed import Observed
from wharfinger.decide.replicas import HTPASSWD, sha256, unloaded


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the Secret, and which Secret each user's lines were made from."""

    text: str | None
    lines: tuple[file.Line, ...]
    sources: dict[str, str]
    trusted: bool
    loaded: bool  # whether every replica that is wanted has loaded this very text

    @classmethod
    def read(cls, owner: Owner, observed: Observed, replicas: int) -> Written:
        """Read the live Secret, whatever became of it."""
        secret = observed.children.get(("Secret", owner.htpasswd))
        raw = decoded(secret, "htpasswd")
        text = None if raw is None else raw.decode(errors="replace")
        annotations = (secret or {}).get("metadata", {}).get("annotations") or {}
        try:
            noted = json.loads(annotations.get(SOURCES, "{}"))
        except ValueError:
            noted = None
        trusted = isinstance(noted, dict) and annotations.get(SHA256) == sha256(text)
        sources = {str(user): str(source) for user, source in noted.items()} if trusted else {}
        loaded = unloaded(observed, replicas, HTPASSWD, sha256(text)) is None
        return cls(text, tuple(file.parse(text or "")), sources, trusted, loaded)

    def of(self, user: str) -> list[file.Line]:
        """The lines of one user."""
        return [line for line in self.lines if line.user == user]

    def seen(self, user: str, source: str) -> bool:
        """Whether the user's lines were made from this source."""
        return bool(source) and self.sources.get(user) == source

    def version(self, user: str) -> str:
        """The Secret, and its version, that the user's lines were made from."""
        return "/".join(self.sources.get(user, "").split("/")[:2])
