"""What the API server would not let an account do, by its own record.

Rule: only a right that is missing counts; a namespace that is going, a quota or a policy refuses with the same status.
"""

from __future__ import annotations

import json
from pathlib import Path

OPERATOR = "system:serviceaccount:wharfinger-system:wharfinger"


def missing(audit_log: Path, account: str) -> list[str]:
    """The rights that an account asked for and did not have, each once: verb, resource, namespace."""
    found = set()
    with audit_log.open("rb") as log:
        for line in log:
            if not line.endswith(b"\n"):
                break  # being written
            entry = json.loads(line)
            decision = (entry.get("annotations") or {}).get("authorization.k8s.io/decision")
            if entry["user"].get("username") == account and decision == "forbid":
                where = entry.get("objectRef") or {}
                parts = (where.get("resource"), where.get("subresource"))
                found.add(f"{entry['verb']} {'/'.join(filter(None, parts))} in {where.get('namespace') or 'all'}")
    return sorted(found)
