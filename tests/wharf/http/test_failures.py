"""What failures below are to a client."""

import pytest

from wharf.blobs import interface as blobs
from wharf.http.failures import translated
from wharf.metadata import interface as metadata


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (blobs.UploadUnknownError(), 404),
        (blobs.UploadBusyError(), 409),
        (blobs.OffsetError(5), 416),
        (blobs.DigestMismatchError(), 400),
        (blobs.InvalidDigestError(), 400),
        (blobs.NoSpaceError(), 507),
        (blobs.StoreUnavailableError(), 503),
        (blobs.ContentLostError(), 500),
        (blobs.BlobError(), 500),
        (metadata.IndexFullError(), 507),
        (metadata.IndexUnavailableError(), 503),
        (metadata.MetadataError(), 500),
        (metadata.MissingReferencesError(["a"]), 404),
    ],
)
def test_each_failure_has_its_status(error, status):
    assert translated(error).problem.status == status


def test_what_passes_says_when_to_try_again():
    assert ("Retry-After", "1") in translated(metadata.IndexUnavailableError()).headers


def test_every_missing_blob_is_told():
    assert translated(metadata.MissingReferencesError(["a", "b"])).details == ({"digest": "a"}, {"digest": "b"})
