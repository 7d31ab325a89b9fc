"""What the errors of the layers below are to a client.

Rule: a client's fault is a 4xx, and what the operator must mend is a 5xx that says so.
"""

from __future__ import annotations

from wharf.blobs import interface as blobs
from wharf.metadata import interface as metadata
from wharf.protocol.errors import Problem, RegistryError

_MEANING: dict[type[Exception], Problem] = {
    blobs.UploadUnknownError: Problem.BLOB_UPLOAD_UNKNOWN,
    blobs.UploadBusyError: Problem.UPLOAD_BUSY,
    blobs.OffsetError: Problem.CHUNK_OUT_OF_ORDER,
    blobs.DigestMismatchError: Problem.DIGEST_INVALID,
    blobs.InvalidDigestError: Problem.DIGEST_INVALID,
    blobs.NoSpaceError: Problem.NO_SPACE,
    blobs.StoreUnavailableError: Problem.VOLUME_REFUSES,
    blobs.ContentLostError: Problem.CONTENT_DAMAGED,
    metadata.IndexFullError: Problem.NO_SPACE,
    metadata.IndexUnavailableError: Problem.UNAVAILABLE,
}


def translated(error: blobs.BlobError | metadata.MetadataError) -> RegistryError:
    """The same failure as an answer."""
    if isinstance(error, metadata.MissingReferencesError):
        return RegistryError(Problem.MANIFEST_BLOB_UNKNOWN, details=[{"digest": one} for one in error.digests])
    problem = next((meaning for kind, meaning in _MEANING.items() if isinstance(error, kind)), Problem.INTERNAL)
    headers = [("Retry-After", "1")] if problem in {Problem.UNAVAILABLE, Problem.UPLOAD_BUSY} else []
    message = str(error) if isinstance(error, blobs.NoSpaceError) else ""  # it says what limit was met
    return RegistryError(problem, message, headers=headers)
