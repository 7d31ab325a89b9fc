"""What can go wrong between the operator and the API server.

Rule: every failure of a request becomes one of these; callers ask only whether trying again can help.

    KubeError
    ├── RetryableError         trying the same again may work
    │   ├── UnreachableError   no connection, no answer in time
    │   ├── BusyError          429, or 5xx, after the client's own retries
    │   ├── ConflictError      409: someone else was faster
    │   └── UnauthorizedError  401: credentials not (or no longer) accepted
    └── PermanentError         the same request will be refused again
        ├── NotFoundError      404
        ├── GoneError          410: the resource version is too old, list again
        ├── ForbiddenError     403: RBAC, quota, Pod Security or a policy; 500: an admission webhook that is away
        ├── OwnedError         409 on apply without force: fields belong to someone else
        └── InvalidError       400, 422 and any other refusal
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class KubeError(RuntimeError):
    """A request to the API server failed. `status` is the HTTP status, or 0 when there was no answer."""

    def __init__(self, message: str, *, status: int = 0, reason: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after  # seconds the server asked to wait


class RetryableError(KubeError):
    """Trying the same again may work."""


class UnreachableError(RetryableError):
    """No connection, or no answer in time."""


class BusyError(RetryableError):
    """The server answered 429 or 5xx, also after the client's own retries."""


class ConflictError(RetryableError):
    """409: the object changed, exists already, or its uid is another one."""


class UnauthorizedError(RetryableError):
    """401: the credentials are not accepted; a new token may be on its way."""


class PermanentError(KubeError):
    """The same request will be refused again until someone changes something."""


class NotFoundError(PermanentError):
    """404: no such object, or no such resource type."""


class GoneError(PermanentError):
    """410: the resource version has been compacted; list again."""


class ForbiddenError(PermanentError):
    """403: RBAC, a quota, Pod Security or an admission policy says no."""


class OwnedError(PermanentError):
    """409 on a server-side apply without force: the object's fields belong to someone else."""


class InvalidError(PermanentError):
    """400, 422 or any other refusal: the object itself is not acceptable."""


_BY_STATUS: Mapping[int, type[KubeError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    429: BusyError,
}


def from_status(status: int, body: Any, retry_after: float = 0.0) -> KubeError:
    """Make the error for a refused request from its HTTP status and its `v1.Status` body (API conventions)."""
    message, reason = f"HTTP {status}", ""
    causes: Iterable[Mapping[str, Any]] = ()
    if isinstance(body, Mapping):
        message = str(body.get("message") or message)
        reason = str(body.get("reason") or "")
        causes = (body.get("details") or {}).get("causes") or ()
    kind = _BY_STATUS.get(status, BusyError if status >= 500 else InvalidError)
    if message.startswith("failed to create typed patch object"):
        kind = InvalidError  # server-side apply answers 500 to a field of the wrong shape, and always will
    if status >= 500 and "failed calling webhook" in message:
        kind = ForbiddenError  # somebody's admission webhook is not there
    if kind is ConflictError and any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        kind = OwnedError
    return kind(message, status=status, reason=reason, retry_after=retry_after)
