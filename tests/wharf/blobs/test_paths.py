"""Only a valid digest becomes a path, and always the same one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.blobs.interface import InvalidDigestError, UploadUnknownError
from wharf.blobs.paths import Layout, digest_of, split

LAYOUT = Layout("/data")
DIGITS = "ab" + "0" * 62


def test_content_is_spread_over_directories_by_its_first_digits():
    assert str(LAYOUT.blob(f"sha256:{DIGITS}")) == f"/data/blobs/sha256/ab/{DIGITS}"
    assert digest_of(LAYOUT.blob(f"sha256:{DIGITS}")) == f"sha256:{DIGITS}"
    assert digest_of(LAYOUT.blob(f"sha512:{DIGITS * 2}")) == f"sha512:{DIGITS * 2}"


def test_a_session_is_at_another_path_for_another_repository():
    paths = {LAYOUT.upload(repository, "0" * 32) for repository in ("a", "b", "a/b")}
    assert len(paths) == 3
    assert len({path.parent for path in paths}) == 3
    assert {path.parent.parent for path in paths} == {LAYOUT.uploads}


@given(st.text() | st.text("0123456789abcdef:/.sha256", max_size=80))
def test_no_text_leads_out_of_the_layout(text):
    for path, error in ((LAYOUT.blob, InvalidDigestError), (lambda t: LAYOUT.upload("a", t), UploadUnknownError)):
        try:
            found = path(text)
        except error:
            continue
        assert found.is_relative_to("/data")
        assert ".." not in found.parts


@pytest.mark.parametrize("text", ["sha256:" + "0" * 63, "sha256:" + "0" * 63 + "\n", "sha512:" + DIGITS, "x:" + DIGITS])
def test_digests_are_checked_to_the_last_character(text):
    with pytest.raises(InvalidDigestError):
        split(text)
