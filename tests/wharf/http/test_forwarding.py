"""Who is believed about a client's address, scheme and host."""

import types

import pytest

from wharf.config import Config
from wharf.http.forwarding import base, believe

TRUSTED = ["10.0.0.0/8", "2001:db8::5"]


def request(client="10.0.0.1", **headers):
    encoded = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    made = types.SimpleNamespace(client=client, scheme="http", headers={b"host": b"inside:5000", **encoded})
    made.header = lambda name: made.headers[name].decode() if name in made.headers else None
    made.live = types.SimpleNamespace(config=Config())
    return made


def test_a_trusted_proxy_says_who_asks_and_by_which_name():
    asked = request(
        x_forwarded_for="203.0.113.9", x_forwarded_proto="https", x_forwarded_host="registry.example.com:8443"
    )
    believe(asked, TRUSTED)
    assert (asked.client, base(asked)) == ("203.0.113.9", "https://registry.example.com:8443")


@pytest.mark.parametrize("client", ["192.0.2.1", "", "unix", "2001:db8::6"])
def test_nobody_else_is_believed(client):
    asked = request(client, x_forwarded_for="203.0.113.9", x_forwarded_proto="https", x_forwarded_host="evil.example")
    believe(asked, TRUSTED)
    assert (asked.client, base(asked)) == (client, "http://inside:5000")


def test_nobody_is_believed_unless_configured():
    asked = request(x_forwarded_for="203.0.113.9")
    believe(asked, [])
    assert asked.client == "10.0.0.1"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        (
            "1.1.1.1, 203.0.113.9",
            "203.0.113.9",
        ),  # what stands before the last untrusted address is the client's own word
        ("1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.8,10.0.0.7", "10.0.0.8"),
        ("203.0.113.9:1234", "203.0.113.9"),
        ("[2001:db8::9]:99", "2001:db8::9"),
        ("2001:db8::9", "2001:db8::9"),
        ("nonsense", "10.0.0.1"),
        ("203.0.113.9, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_a_chain_is_followed_from_its_end_while_it_is_trusted(chain, client):
    asked = request(x_forwarded_for=chain)
    believe(asked, TRUSTED)
    assert asked.client == client


def test_an_ipv4_proxy_on_an_ipv6_socket_is_the_same_proxy():
    asked = request("::ffff:10.0.0.1", x_forwarded_for="203.0.113.9")
    believe(asked, TRUSTED)
    assert asked.client == "203.0.113.9"


@pytest.mark.parametrize("host", ['a"b', "a/b", "a b", "a:x", "a,", "user@host"])
def test_a_host_that_is_none_is_not_taken(host):
    asked = request(x_forwarded_host=host, x_forwarded_proto="ftp")
    believe(asked, TRUSTED)
    assert base(asked) in ("http://inside:5000", "http://a")


def test_the_configured_url_comes_first():
    asked = request()
    asked.live = types.SimpleNamespace(config=Config(url="https://r.example/"))
    assert base(asked) == "https://r.example"
