"""Everything that can be answered with an error: one table of OCI code, HTTP status and message.

Rule: no other module writes an error code or the status that goes with it. Codes of 4xx answers are those of
distribution-spec (Error codes) and no others; a test compares. A message says what to do where something can be done.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Problem(Enum):
    """One kind of failure: (code, status, message)."""

    BLOB_UNKNOWN = ("BLOB_UNKNOWN", 404, "blob unknown to this repository")
    BLOB_UPLOAD_INVALID = ("BLOB_UPLOAD_INVALID", 400, "blob upload invalid")
    BLOB_UPLOAD_UNKNOWN = ("BLOB_UPLOAD_UNKNOWN", 404, "no such upload session: begin a new one with POST")
    DIGEST_INVALID = ("DIGEST_INVALID", 400, "the digest cannot be used, or is not that of the content")
    MANIFEST_BLOB_UNKNOWN = ("MANIFEST_BLOB_UNKNOWN", 404, "the manifest names a blob that this repository lacks")
    MANIFEST_INVALID = ("MANIFEST_INVALID", 400, "manifest invalid")
    MANIFEST_UNKNOWN = ("MANIFEST_UNKNOWN", 404, "manifest unknown to this repository")
    NAME_INVALID = ("NAME_INVALID", 400, "invalid repository name")
    NAME_UNKNOWN = ("NAME_UNKNOWN", 404, "repository name not known to this registry")
    SIZE_INVALID = ("SIZE_INVALID", 400, "the length that was announced is not the length of the content")
    UNAUTHORIZED = ("UNAUTHORIZED", 401, "authentication required")
    DENIED = ("DENIED", 403, "the access rules do not allow this")
    UNSUPPORTED = ("UNSUPPORTED", 405, "this method is not supported here")
    TOO_MANY_REQUESTS = ("TOOMANYREQUESTS", 429, "too many requests: wait, then try again")
    # The same codes, under the status that HTTP or distribution-spec wants for a special case.
    REQUEST_INVALID = ("UNSUPPORTED", 400, "the request cannot be understood")
    ENDPOINT_UNKNOWN = ("UNSUPPORTED", 404, "no such endpoint")
    UPLOAD_BUSY = ("BLOB_UPLOAD_INVALID", 409, "another request is adding to this upload: wait for it to end")
    UPLOAD_TIMEOUT = ("BLOB_UPLOAD_INVALID", 408, "the body stopped arriving; what came is kept: ask where it stands")
    MANIFEST_TOO_LARGE = ("SIZE_INVALID", 413, "the manifest is larger than this registry accepts")
    RANGE_UNSATISFIABLE = ("SIZE_INVALID", 416, "the range is not within the content")
    CHUNK_OUT_OF_ORDER = ("BLOB_UPLOAD_INVALID", 416, "chunk out of order: continue at the offset in Range")
    TOO_MANY_TAGS = ("UNSUPPORTED", 414, "too many tags in one request")
    READ_ONLY = ("UNSUPPORTED", 405, "the registry is read-only: it accepts deletions, but no pushes")
    INTERNAL = ("UNKNOWN", 500, "internal error; the registry's log has more under this request id")
    CONTENT_DAMAGED = ("UNKNOWN", 500, "the stored content is damaged: push it again")
    NO_SPACE = ("DENIED", 507, "the registry's storage is full: free space or grow the volume, then push again")
    UNAVAILABLE = ("UNAVAILABLE", 503, "the registry cannot answer now: try again")
    VOLUME_REFUSES = ("UNAVAILABLE", 503, "the registry's volume refuses to be used: look at it, then try again")

    def __init__(self, code: str, status: int, message: str) -> None:
        self.code = code
        self.status = status
        self.message = message


class RegistryError(Exception):
    """An answer with an error. `details` holds one entry per error in the body; none means one error without detail."""

    def __init__(
        self,
        problem: Problem,
        message: str = "",
        details: Sequence[Mapping[str, object]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.problem = problem
        self.message = message or problem.message
        self.details = tuple(details)
        self.headers = tuple(headers)
        super().__init__(self.message)

    def body(self) -> bytes:
        """The JSON body in the form of distribution-spec (Error codes)."""
        base: dict[str, object] = {"code": self.problem.code, "message": self.message}
        errors = [{**base, "detail": dict(detail)} for detail in self.details] or [base]
        return json.dumps({"errors": errors}, separators=(",", ":")).encode()
