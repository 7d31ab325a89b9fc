"""What the replicas say of the files that they have loaded.

Rule: a thing is live only when every replica that the spec asks for reports it. Pods that are going do not count. What
has not been asked yet says nothing: the last word on it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from wharfinger.api.reasons import Reason
from wharfinger.decide.condition import Finding, bad, unknown
from wharfinger.decide.observed import FileReport, Manifest, Observed, Replica, Report


@dataclass(frozen=True, slots=True)
class Mounted:
    """A file that the pods mount: how it is found in a report, and how trouble with it is called."""

    what: str
    of: Callable[[Report], FileReport]
    pending: Reason
    rejected: Reason
    remedy: str  # for one that a replica rejects


_SAME_RELEASE = "if spec.image is set, remove it, or set it to the operator's own release"
CONFIGURATION = Mounted(
    "configuration",
    lambda report: report.configuration,
    Reason.CONFIGURATION_PENDING,
    Reason.CONFIGURATION_REJECTED,
    f"correct what it names in the spec; {_SAME_RELEASE}",
)
HTPASSWD = Mounted(
    "passwords",
    lambda report: report.htpasswd,
    Reason.CREDENTIALS_PENDING,
    Reason.CREDENTIALS_REJECTED,
    _SAME_RELEASE,
)
CERTIFICATE = Mounted(
    "certificate",
    lambda report: report.certificate,
    Reason.CERTIFICATE_PENDING,
    Reason.CERTIFICATE_REJECTED,
    "have one issued that OpenSSL takes, with a key on P-256 or of RSA with 2048 bits",
)
CLIENT_CA = Mounted(
    "client CA",
    lambda report: report.client_ca,
    Reason.CERTIFICATE_PENDING,
    Reason.CERTIFICATE_REJECTED,
    "put PEM certificates that OpenSSL takes where spec.tls.clientCA points",
)


UNHEARD = unknown(Reason.REPORT_UNAVAILABLE, "a pod has not been asked yet")
"""What is found where a pod has yet to be asked."""


def sha256(text: str | None) -> str:
    """How a replica names a file's content; empty for a file that is not there."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def pod_name(pod: Manifest) -> str:
    """The pod's name."""
    return str(pod.get("metadata", {}).get("name", ""))


def active(observed: Observed) -> tuple[Replica, ...]:
    """The replicas that are there to stay."""
    return tuple(
        replica
        for replica in observed.replicas
        if not replica.pod.get("metadata", {}).get("deletionTimestamp")
        and replica.pod.get("status", {}).get("phase") not in ("Failed", "Succeeded")
    )


def serving(observed: Observed) -> Replica | None:
    """The replica that has the content open, as far as one says so: others may stand by, and know nothing of it."""
    return next((one for one in active(observed) if one.report is not None and not one.report.standby), None)


def content_report(observed: Observed) -> Report | None:
    """What it says: it alone knows of the content, and of what is sent to webhooks."""
    replica = serving(observed)
    return None if replica is None else replica.report


def taking_over(observed: Observed) -> bool:
    """Whether replicas stand by and none has the content open: what the last one that had it said stands."""
    return serving(observed) is None and any(replica.report is not None for replica in active(observed))


def unheard(observed: Observed) -> bool:
    """Whether a replica has not been asked yet."""
    return any(not replica.asked for replica in active(observed))


def unloaded(observed: Observed, wanted: int, mounted: Mounted, sha256: str) -> Finding | None:
    """Why not every replica has loaded the file with this hash; None when all have, or none is wanted."""
    if wanted == 0:
        return None
    replicas = active(observed)
    if len(replicas) < wanted:
        told = f"{len(replicas)} of {wanted} replicas runs so far" if replicas else "no replica runs yet"
        return bad(mounted.pending, f"{told}: see WorkloadReady")
    for replica in replicas:
        name = pod_name(replica.pod)
        if replica.report is None:
            silent = bad(mounted.pending, f"pod {name} has not said what it has loaded: see WorkloadReady")
            return silent if replica.asked else UNHEARD
        file = mounted.of(replica.report)
        if file.sha256 != sha256:
            if file.error:
                message = f"pod {name} cannot use the newest {mounted.what} and keeps what it had: {file.error}"
                return bad(mounted.rejected, f"{message}: {mounted.remedy}")
            message = f"pod {name} has not loaded the newest {mounted.what} yet"
            return bad(mounted.pending, f"{message}: if it has not within a minute, delete the pod")
    return None
