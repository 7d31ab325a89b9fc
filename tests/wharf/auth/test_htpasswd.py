"""htpasswd files: what is read, and that an error names the line and nothing of it."""

import pytest

from wharf.auth.htpasswd import HtpasswdError, parse

HASH = "$2b$10$" + "a" * 53


def test_several_lines_of_a_user_are_all_kept_in_order():
    users = parse(f"# comment\n\na:{HASH}\nb:{HASH}\na:$2y$04${'b' * 53}\n")
    assert [line.cost for line in users["a"]] == [10, 4]
    assert len(users["b"]) == 1


def test_a_third_field_is_the_end_of_the_line_in_unix_seconds():
    (line,) = parse(f"a:{HASH}:1970-01-01T00:01:00Z")["a"]
    assert line.expires == 60.0
    (line,) = parse(f"a:{HASH}:1970-01-01T01:01:00+01:00")["a"]
    assert line.expires == 60.0
    assert parse(f"a:{HASH}")["a"][0].expires is None


def test_an_empty_file_has_no_users():
    assert parse("") == {}


@pytest.mark.parametrize(
    "line",
    [
        "secretname",
        ":" + HASH,
        "secretname:secrethash",
        "secretname:{SHA}secrethash",
        "secretname:$apr1$secrethash",
        "secretname:" + HASH + "x",
        "secretname:$2b$99$" + "a" * 53,
        "secretname:$2b$02$" + "a" * 53,
        "secretname:" + HASH + ":secret",
        "secretname:" + HASH + ":2026-01-01T00:00:00",
    ],
)
def test_an_error_names_the_line_and_quotes_nothing_of_it(line):
    with pytest.raises(HtpasswdError, match=r"^line 2: ") as caught:
        parse(f"ok:{HASH}\n{line}\n")
    assert "secret" not in str(caught.value)
    assert "aaaa" not in str(caught.value)
