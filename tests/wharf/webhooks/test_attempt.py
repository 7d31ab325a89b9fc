"""One attempt at an endpoint ends as delivered, to be repeated, or refused."""

import datetime
import ipaddress
import ssl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wharf.webhooks.attempt import Endpoint, Outcome, retry_after

NOW = 1_800_000_000.0


async def attempt(hook, body=b'{"events":[]}'):
    endpoint = Endpoint(hook)
    try:
        return await endpoint.post(body, NOW)
    finally:
        await endpoint.close()


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
    assert "Cannot connect" in (await attempt(hook(f"http://127.0.0.1:{unused_port()}/?token=secret"))).error


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


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of 127.0.0.1: (PEM, server context)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    today = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pair.pem").write_bytes(pem + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "pair.pem")
    return pem.decode(), context


async def test_a_private_ca_is_trusted_when_given_and_only_then(certificate, hook):
    ca, context = certificate

    async def accept(request):
        return web.Response()

    application = web.Application()
    application.router.add_post("/", accept)
    server = TestServer(application, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=context)
    try:
        url = str(server.make_url("/"))
        assert await attempt(hook(url, ca=ca)) == Outcome()
        assert "certificate verify failed" in (await attempt(hook(url))).error
    finally:
        await server.close()


async def test_a_ca_that_is_not_pem_is_an_outcome_with_its_remedy(receiver, hook):
    assert "PEM form" in (await attempt(hook(receiver.url, ca="not PEM"))).error
    assert receiver.requests == []
