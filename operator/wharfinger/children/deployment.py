"""The Deployment that runs the registry.

Rule: the pod is restricted (Pod Security Standards, level `restricted`), and nothing that the registry can load again
while it runs is part of the pod's template, so that such a change never restarts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wharfinger.children.owner import Owner
from wharfinger.children.render import manifest

USER_ID = 65532
ADMIN_PORT = 5001
IMPORT = "import"


@dataclass(frozen=True, slots=True)
class PodSettings:
    """What a Registry may set of its pod."""

    image: str
    pull_policy: str
    resources: Mapping[str, Mapping[str, str | int]]
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, Any]] = ()
    affinity: Mapping[str, Any] | None = None
    priority_class: str | None = None
    pull_secrets: Sequence[Mapping[str, str]] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    standby: bool = False  # whether it waits until no other pod has the claim's content open
    imports: bool = False  # whether what Distribution left on the claim is taken over first


def deployment(owner: Owner, *, replicas: int, surge: bool, claim: str, tls: bool, pod: PodSettings) -> dict[str, Any]:
    """Deployment NAME. `claim` names the PersistentVolumeClaim; `surge`: a new pod starts beside the old one."""
    return manifest(
        "deployment.yaml.j2",
        metadata=owner.metadata(owner.name),
        owner=owner,
        pod_labels={**pod.labels, **owner.labels},
        replicas=replicas,
        surge=surge,
        claim=claim,
        tls=tls,
        pod=pod,
        user_id=USER_ID,
        admin_port=ADMIN_PORT,
        scheme="HTTPS" if tls else "HTTP",
    )
