"""Keys of tokens, and who makes them."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from wharf.auth import keys


def test_a_file_has_a_key_a_line_and_the_first_comes_first():
    assert keys.parse(b"a" * 32 + b"\n\n  " + b"b" * 40 + b"\n") == (b"a" * 32, b"b" * 40)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"short", b"a" * 32 + b"\nshort"])
def test_a_file_without_keys_or_with_a_short_one_is_refused_and_not_quoted(content):
    with pytest.raises(keys.KeyFileError) as caught:
        keys.parse(content)
    assert "32" in str(caught.value)
    assert "short" not in str(caught.value)


def test_a_directory_has_one_key_whoever_asks_first(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(keys.of_directory, [str(tmp_path / "data")] * 16))
    assert len(set(found)) == 1
    files = list((tmp_path / "data").iterdir())
    assert [file.name for file in files] == [keys.FILE]
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_kept_keys_are_new_each_time(tmp_path, caplog):
    (tmp_path / "data").write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert keys.of_directory(str(tmp_path / "data")) != keys.of_directory(str(tmp_path / "data"))
    assert "end with this process" in caplog.text
