"""Why the Deployment was changed last: kept on it, where `kubectl rollout history` looks for it too.

Rule: the first difference in stable order stands for all. It is written together with the change, and stays until the
next one, so it is never a reason to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wharfinger.decide.drift import differences
from wharfinger.decide.observed import Manifest

CAUSE = "kubernetes.io/change-cause"


def caused(child: dict[str, Any], live: Manifest | None) -> dict[str, Any]:
    """The child with the reason for its last change, if it is a Deployment that was ever changed."""
    if child["kind"] != "Deployment" or live is None:
        return child
    differing = differences(child, live)
    why = telling(differing) if differing else cause(live)
    if not why:
        return child
    metadata = child["metadata"]
    annotations = {**metadata.get("annotations", {}), CAUSE: why}
    return {**child, "metadata": {**metadata, "annotations": dict(sorted(annotations.items()))}}


def cause(live: Manifest) -> str:
    """What was changed last, by the Deployment's own word; empty if it never was."""
    return str((live.get("metadata", {}).get("annotations") or {}).get(CAUSE, ""))


def telling(named: Sequence[str]) -> str:
    """The first path that says something to a user, and how many others there are."""
    spoken = [path for path in named if not path.startswith("metadata.annotations.")] or named
    return spoken[0] + (f" and {len(spoken) - 1} more" if len(spoken) > 1 else "")
