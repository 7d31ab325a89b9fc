"""Which pods do not know yet what is mounted for them.

Rule: only a pod that says it has an older file is poked; one that says why it cannot use the newest has seen it.
"""

from __future__ import annotations

from collections.abc import Iterable

from wharfinger.decide.observed import Observed
from wharfinger.decide.replicas import Mounted, active, pod_name, sha256

AGAIN = 2.0  # seconds until the next look, in case a kubelet was poked before the change had reached it


def pokes(observed: Observed, files: Iterable[tuple[Mounted, str | None]]) -> tuple[str, ...]:
    """The names of the pods to poke. `files` are the texts that should be loaded, None for no file."""
    wanted = [(mounted, sha256(text)) for mounted, text in files]
    stale = []
    for replica in active(observed):
        if replica.report is None:
            continue
        reported = [(mounted.of(replica.report), digest) for mounted, digest in wanted]
        if any(file.sha256 != digest and not file.error for file, digest in reported):
            stale.append(pod_name(replica.pod))
    return tuple(sorted(stale))
