"""TLS with a real endpoint: whom it is trusted by, what is presented to it, and certificates that change meanwhile."""

import ipaddress
import ssl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from wharf.webhooks.attempt import Endpoint, Outcome
from wharf.webhooks.networks import Networks

LOOPBACK = Networks(allowed=(ipaddress.ip_network("127.0.0.0/8"),))


class Secure:
    """A receiver behind TLS, whose certificate can be changed while it runs."""

    def __init__(self, directory):
        self._file = directory / "pair.pem"
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.peers = []
        self.url = ""

    def present(self, pair):
        self._file.write_text(pair.certificate + pair.key)
        self.context.load_cert_chain(self._file)

    def ask_for(self, pair):
        self.context.load_verify_locations(cadata=pair.certificate)
        self.context.verify_mode = ssl.CERT_REQUIRED

    async def answer(self, request):
        self.peers.append(request.transport.get_extra_info("peercert"))
        return web.Response(headers={"Connection": "close"})


@pytest.fixture
async def secure(tmp_path, pair):
    receiver = Secure(tmp_path)
    receiver.present(pair)
    application = web.Application()
    application.router.add_post("/", receiver.answer)
    server = TestServer(application, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=receiver.context)
    receiver.url = str(server.make_url("/"))
    yield receiver
    await server.close()


@pytest.fixture
async def endpoint(secure, hook):
    """Makes endpoints of the receiver."""
    made = []

    def make(**fields):
        made.append(Endpoint(hook(secure.url, **fields), LOOPBACK))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def post(endpoint):
    return await endpoint.post("event-1", "application/json", b"{}", 0.0)


async def test_a_private_ca_is_trusted_when_given_and_only_then(endpoint, pair, another):
    assert await post(endpoint(ca=pair.certificate)) == Outcome()
    assert "the endpoint's certificate is not trusted" in (await post(endpoint())).error
    assert "the endpoint's certificate is not trusted" in (await post(endpoint(ca=another().certificate))).error


async def test_a_certificate_for_another_name_is_refused(endpoint, secure, another):
    other = another("127.0.0.2")
    secure.present(other)
    assert "not trusted" in (await post(endpoint(ca=other.certificate))).error


async def test_a_certificate_that_changes_is_verified_anew(endpoint, secure, pair, another):
    both, newer = endpoint(ca=pair.certificate), another()
    assert await post(both) == Outcome()
    secure.present(newer)
    assert "not trusted" in (await post(both)).error
    assert await post(endpoint(ca=pair.certificate + newer.certificate)) == Outcome()
    secure.present(pair)
    assert await post(both) == Outcome()


async def test_a_client_certificate_is_presented_where_one_is_given(endpoint, secure, pair, another):
    mine = another()
    secure.ask_for(mine)
    fields = {"ca": pair.certificate, "client_certificate": mine.certificate, "client_key": mine.key}
    assert await post(endpoint(**fields)) == Outcome()
    assert secure.peers[0]["subject"] == ((("commonName", "receiver"),),)
    assert (await post(endpoint(ca=pair.certificate))).error


async def test_a_client_certificate_without_its_key_is_named_and_nothing_is_sent(endpoint, secure, pair, another):
    fields = {"ca": pair.certificate, "client_certificate": another().certificate, "client_key": another().key}
    assert "`clientCertificate` and `clientKey`" in (await post(endpoint(**fields))).error
    assert secure.peers == []
