"""The bytes of a request: framed by wharf, whatever the webhook's headers say."""

import base64

import pytest

from wharf.webhook_settings import SigningSecret
from wharf.webhooks.requests import Requests, UnusableError

SIGNING = [SigningSecret(secret=f"whsec_{base64.b64encode(b'x' * 32).decode()}")]


def sent(hook):
    head, _, body = Requests(hook).of("event-1", "application/json", b"{}", 1_800_000_000.0).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, [tuple(line.split(": ", 1)) for line in lines], body


def test_a_request_is_framed_and_names_its_host(hook):
    first, lines, body = sent(hook("http://ci.example:81/a?b"))
    assert first == "POST /a?b HTTP/1.1"
    assert lines == [
        ("Host", "ci.example:81"),
        ("Accept", "*/*"),
        ("User-Agent", "wharf"),
        ("Accept-Encoding", "identity"),
        ("Content-Type", "application/json"),
        ("Content-Length", "2"),
    ]
    assert body == b"{}"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Expect", "TE", "Upgrade"])
def test_how_a_request_is_framed_is_not_the_webhook_s_to_say(hook, name):
    _, lines, _ = sent(hook("http://ci.example/", headers={name: "chunked"}))
    assert [value for other, value in lines if other.lower() == name.lower()] == (["2"] if "Length" in name else [])


def test_host_and_authorization_may_be_the_webhook_s_own(hook):
    headers = {"HOST": "other.example", "Authorization": "Bearer x"}
    _, lines, _ = sent(hook("http://user:password@ci.example/", headers=headers))
    assert [line for line in lines if line[0].lower() == "host"] == [("HOST", "other.example")]
    assert [line for line in lines if line[0] == "Authorization"] == [("Authorization", "Bearer x")]


def test_a_login_in_the_url_is_sent(hook):
    assert ("Authorization", "Basic dTpw") in sent(hook("http://u:p@ci.example/"))[1]


def test_what_is_signed_replaces_what_pretends_to_be(hook):
    headers = {"Webhook-Id": "forged"}
    lines = [
        line for line in sent(hook("http://a/", headers=headers, signing=SIGNING))[1] if "webhook" in line[0].lower()
    ]
    assert [name for name, _ in lines] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert lines[0][1] == "event-1"


@pytest.mark.parametrize("headers", [{"a b": "x"}, {"a:": "x"}, {"ä": "x"}, {"": "x"}, {"a": "geheim\nb: c"}])
def test_a_header_that_is_none_is_refused_and_not_told(hook, headers):
    with pytest.raises(UnusableError) as caught:
        Requests(hook("http://a/", headers=headers))
    assert "geheim" not in str(caught.value)
