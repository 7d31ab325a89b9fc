"""A URL says where requests go, or is refused before anything is connected to."""

import pytest

from wharf.webhooks.target import Target


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("http://ci.example", "ci.example", 80, "ci.example", "/"),
        ("https://ci.example:443/a?b=c&d=%20#part", "ci.example", 443, "ci.example", "/a?b=c&d=%20"),
        ("https://CI.example:8443/a b/ü", "ci.example", 8443, "ci.example:8443", "/a%20b/%C3%BC"),
        ("http://[::1]:8080/", "::1", 8080, "[::1]:8080", "/"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "xn--bcher-kva.example", "/"),
    ],
)
def test_a_url_says_where_requests_go(url, host, port, authority, path):
    target = Target.of(url)
    assert (target.host, target.port, target.authority, target.path) == (host, port, authority, path)
    assert target.secure == url.startswith("https:")


def test_a_login_in_the_url_is_basic_authorization_and_no_part_of_the_host():
    target = Target.of("http://user:p%40ss@ci.example/")
    assert (target.authority, target.login) == ("ci.example", "Basic dXNlcjpwQHNz")
    assert "dXNlc" not in repr(target)


@pytest.mark.parametrize(
    "url", ["http://", "http://[", "http://:80:80/x", "http://a:99999/", "http://a b/", "http://a..b"]
)
def test_what_is_no_host_or_port_is_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        Target.of(url)
