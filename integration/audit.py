"""The API server's own record of what was asked of it, and by whom.

Rule: nothing is counted by the asker. The log is written before the answer is sent, so it is complete at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READS, WRITES = frozenset({"get", "list"}), frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True)
class Call:
    """One request. `resource` has its subresource, as RBAC writes it (`registries/status`)."""

    user: str
    agent: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    status: int
    at: str  # RFC 3339, when it came in

    def __str__(self) -> str:
        return f"{self.verb} {self.resource} {self.namespace}/{self.name} -> {self.status}"


class Audit:
    """What was asked since a moment: it begins where the log ends now, unless told to begin at its beginning."""

    def __init__(self, log: Path, *, whole: bool = False) -> None:
        self._log = log
        self._begin = 0 if whole else log.stat().st_size

    def calls(self, user: str = "") -> Iterator[Call]:
        """All requests (of one user)."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            for line in log:
                if line.endswith(b"\n"):
                    entry = json.loads(line)
                    if not user or entry["user"]["username"] == user:
                        yield _call(entry)

    def beyond_watches(self, user: str) -> list[Call]:
        """What a user asked, but for watches and the Lease."""
        return [call for call in self.calls(user) if call.verb != "watch" and call.resource != "leases"]

    def writes(self, user: str) -> list[Call]:
        """What a user wrote, but for the Lease."""
        return [call for call in self.beyond_watches(user) if call.verb in WRITES]


def _call(entry: dict[str, object]) -> Call:
    where: dict[str, str] = entry.get("objectRef") or {}  # type: ignore[assignment]  # JSON: its schema is audit.k8s.io/v1
    status: dict[str, int] = entry.get("responseStatus") or {}  # type: ignore[assignment]  # likewise
    user: dict[str, str] = entry["user"]  # type: ignore[assignment]  # likewise
    sub = where.get("subresource")
    return Call(
        user=user.get("username", ""),
        agent=str(entry.get("userAgent", "")),
        verb=str(entry["verb"]),
        group=where.get("apiGroup", ""),
        resource=where.get("resource", "") + (f"/{sub}" if sub else ""),
        namespace=where.get("namespace", ""),
        name=where.get("name", ""),
        status=status.get("code", 0),
        at=str(entry["requestReceivedTimestamp"]),
    )
