"""One attempt at an endpoint ends as delivered, to be repeated, or refused."""

import base64
import contextlib
import gzip
import ipaddress
import socket

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from tests.wharf.webhooks.attempting import LOOPBACK, NOW, attempt

from wharf.webhook_settings import SigningSecret
from wharf.webhooks import envelope
from wharf.webhooks.attempt import Endpoint, Outcome, retry_after
from wharf.webhooks.networks import Networks

EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


async def test_an_accepted_request_has_the_media_type_and_the_headers(receiver, hook):
    assert await attempt(hook(receiver.url, headers={"Authorization": "Bearer x"})) == Outcome()
    ((request, _),) = receiver.requests
    assert request.headers["Content-Type"] == "application/vnd.docker.distribution.events.v2+json"
    assert request.headers["Authorization"] == "Bearer x"


async def test_a_refusal_says_its_status_and_how_long_to_wait(receiver, hook):
    receiver.answers = [web.Response(status=503, headers={"Retry-After": "7"}), web.Response(status=404)]
    assert await attempt(hook(receiver.url)) == Outcome("503 Service Unavailable", 7.0)
    assert await attempt(hook(receiver.url)) == Outcome("404 Not Found")


async def test_a_redirect_is_not_followed_and_the_remedy_is_named(receiver, hook):
    receiver.answers = [web.Response(status=307, headers={"Location": receiver.url})]
    outcome = await attempt(hook(receiver.url))
    assert outcome.error == "307 Temporary Redirect: redirects are not followed; give the webhook the final URL"
    assert len(receiver.requests) == 1


async def test_an_endpoint_that_does_not_answer_is_given_up_in_time(receiver, hook):
    receiver.gate.clear()
    assert await attempt(hook(receiver.url, timeout=0.05)) == Outcome("no answer within 0.05 s")
    receiver.gate.set()


async def test_an_endpoint_that_is_not_there_is_an_outcome(hook):
    port = unused_port()
    error = (await attempt(hook(f"http://127.0.0.1:{port}/?token=secret"))).error
    assert error.startswith(f"Cannot connect to 127.0.0.1:{port}: ")
    assert "ssl" not in error, "it is plain HTTP"
    assert "secret" not in error


@pytest.mark.parametrize(
    ("url", "headers"),
    [("http://[", {}), ("http://:80:80/secret", {}), ("http://127.0.0.1:9/", {"A": "secret\r\nB: c"}), ("http://", {})],
)
async def test_what_cannot_be_sent_is_an_outcome_that_tells_no_secret(hook, url, headers):
    outcome = await attempt(hook(url, headers=headers))
    assert "correct" in outcome.error
    assert "secret" not in outcome.error


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120.0), (" 0 ", 0.0), ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0), ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
     ("", 0.0), ("soon", 0.0), ("-5", 0.0), ("9" * 50, 9_999_999_999.0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


async def test_a_ca_that_is_not_pem_is_an_outcome_with_its_remedy(receiver, hook):
    assert "PEM form" in (await attempt(hook(receiver.url, ca="not PEM"))).error
    assert receiver.requests == []


NOWHERE = Networks()


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_an_address_that_webhooks_may_not_reach_is_not_connected_to(receiver, hook, host):
    port = receiver.url.rpartition(":")[2]
    outcome = await attempt(hook(f"http://{host}:{port}"), networks=NOWHERE)
    assert "is loopback, which webhooks may not reach" in outcome.error
    assert "webhookNetworks.allow" in outcome.error
    assert receiver.requests == []


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(receiver, hook, monkeypatch):
    """A name server that answers differently each time changes nothing: it is asked once for a connection."""
    answers = ["169.254.169.254", "127.0.0.1"]
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[len(asked) - 1], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    assert "169.254.169.254 is a metadata service" in (await attempt(hook(url))).error
    assert await attempt(hook(url)) == Outcome()
    assert asked == ["rebinding.example", "rebinding.example"]


async def test_a_redirect_to_an_address_that_is_refused_leads_nowhere(receiver, hook):
    receiver.answers = [web.Response(status=302, headers={"Location": "http://169.254.169.254/"})]
    assert "redirects are not followed" in (await attempt(hook(receiver.url))).error


async def test_a_refusal_keeps_how_the_answer_begins_and_no_more(receiver, hook):
    receiver.answers = [web.Response(status=422, text="no such\r\nproject\x00" + "x" * 10_000_000)]
    outcome = await attempt(hook(receiver.url))
    assert outcome.error == "422 Unprocessable Entity"
    assert outcome.answer.startswith("no such  project x")
    assert len(outcome.answer) == 512


async def test_what_wharf_says_of_a_request_wins_over_the_webhook_s_headers(receiver, hook):
    headers = {"content-type": "text/plain", "user-agent": "other", "webhook-id": "forged", "x-mine": "kept"}
    signing = [SigningSecret(secret=f"whsec_{base64.b64encode(b'x' * 32).decode()}")]
    assert await attempt(hook(receiver.url, headers=headers, signing=signing)) == Outcome()
    ((request, _),) = receiver.requests
    assert request.headers.getall("Content-Type") == [envelope.MEDIA_TYPE]
    assert request.headers.getall("User-Agent") == ["wharf"]
    assert request.headers.getall("webhook-id") == ["event-1"]
    assert request.headers["X-Mine"] == "kept"


@pytest.mark.parametrize("secret", ["geheim", "whsec_geheim"])
async def test_a_signing_secret_that_is_none_is_an_outcome_that_tells_no_secret(receiver, hook, secret):
    error = (await attempt(hook(receiver.url, signing=[SigningSecret(secret=secret)]))).error
    assert "correct it" in error
    assert "geheim" not in error
    assert receiver.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1"])
async def test_a_number_that_is_an_address_in_disguise_is_no_host(receiver, hook, host):
    port = receiver.url.rpartition(":")[2]
    assert (await attempt(hook(f"http://{host}:{port}"), networks=NOWHERE)).error
    assert receiver.requests == []


async def test_a_packed_answer_is_not_unpacked(receiver, hook):
    bomb = gzip.compress(b"0" * 50_000_000)
    receiver.answers = [web.Response(status=400, body=bomb, headers={"Content-Encoding": "gzip"})]
    assert (await attempt(hook(receiver.url))).error == "400 Bad Request"
    ((request, _),) = receiver.requests
    assert request.headers["Accept-Encoding"] == "identity"


async def test_an_endpoint_that_takes_no_connection_is_given_up_sooner(hook):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        with contextlib.ExitStack() as stack:
            for _ in range(4):  # what waits to be accepted fills the queue
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            outcome = await attempt(hook(url, connect_timeout=0.2, timeout=60.0))
    assert outcome == Outcome("no connection within 0.2 s")


async def test_an_endpoint_s_cookies_are_neither_kept_nor_sent(receiver, hook):
    answer = web.Response()
    answer.set_cookie("session", "x" * 1000)
    receiver.answers = [answer]
    endpoint = Endpoint(hook(receiver.url.replace("127.0.0.1", "localhost")), Networks(allowed=EVERYWHERE))
    for _ in range(2):
        assert await endpoint.post("event-1", envelope.MEDIA_TYPE, b'{"events":[]}', NOW) == Outcome()
    await endpoint.close()
    assert [request.headers.get("Cookie") for request, _ in receiver.requests] == [None, None]


async def test_many_events_take_one_connection(receiver, hook):
    endpoint = Endpoint(hook(receiver.url), LOOPBACK)
    for _ in range(5):
        assert await endpoint.post("event-1", envelope.MEDIA_TYPE, b'{"events":[]}', NOW) == Outcome()
    await endpoint.close()
    assert len({request.transport for request, _ in receiver.requests} | {receiver.requests[0][0].remote}) == 2


async def test_an_attempt_that_was_given_up_leaves_no_connection_for_the_next(receiver, hook):
    receiver.gate.clear()
    endpoint = Endpoint(hook(receiver.url, timeout=0.05), LOOPBACK)
    assert (
        await endpoint.post("event-1", envelope.MEDIA_TYPE, b'{"events":[]}', NOW)
    ).error == "no answer within 0.05 s"
    receiver.gate.set()
    patient = Endpoint(hook(receiver.url), LOOPBACK)
    assert await patient.post("event-2", envelope.MEDIA_TYPE, b'{"events":[]}', NOW) == Outcome()
    await endpoint.close()
    await patient.close()
