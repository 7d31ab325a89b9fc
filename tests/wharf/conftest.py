"""Starts real registries on loopback: one a module for those without special settings, others as tests ask."""

import asyncio
import base64
import hashlib
import http.client
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wharf.server import Wharf

DEADLINE = 10.0
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Answer:
    """One response, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The first error code of a body in the specification's form."""
        return self.json()["errors"][0]["code"]


class Registry:
    """A registry in a thread of this process, with sockets and files of its own, and a client for it."""

    def __init__(self, path="", overrides=None):
        self.loop = uvloop.new_event_loop()
        self.wharf = Wharf(path, overrides)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._error = None
        self._stop = None

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self):
        self._stop = asyncio.Event()
        try:
            await self.wharf.start()
        except Exception as error:  # noqa: BLE001 - handed to the test, which raises it
            self._error = error
        self._started.set()
        if self._error is None:
            await self._stop.wait()
        await self.wharf.stop()

    def start(self):
        self.thread.start()
        assert self._started.wait(DEADLINE)
        if self._error is not None:
            self.thread.join(DEADLINE)
            raise self._error
        return self

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
        self.thread.join(30)
        assert not self.thread.is_alive()

    def call(self, function, *arguments):
        """Run a coroutine function in the registry's loop."""
        return asyncio.run_coroutine_threadsafe(function(*arguments), self.loop).result(DEADLINE)

    def connect(self, admin=False):
        """A raw TCP or TLS connection."""
        port = self.wharf.admin_port if admin else self.wharf.port
        raw = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        if self.wharf.reloader.tls is None:
            return raw
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(raw)

    def request(self, method, path, body=None, *, admin=False, user=None, **headers):
        """One request on a connection of its own; `user` is NAME:PASSWORD, header names have _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1")
        connection.sock = self.connect(admin)
        sent = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        if user is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        try:
            connection.request(method, path, body=body, headers=sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, request):
        """Send bytes, and read until the registry closes or has answered."""
        with self.connect() as sock:
            sock.sendall(request)
            received = b""
            while b"\r\n\r\n" not in received:
                piece = sock.recv(65536)
                if not piece:
                    break
                received += piece
        return received

    def push_blob(self, repository, content, **options):
        """Push a blob in one request; its digest."""
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        answer = self.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content, **options)
        assert answer.status == 201, answer.body
        return digest

    def push_image(self, repository, reference, *, layers=(b"layer",), user=None, **fields):
        """Push blobs and a manifest that names them; the answer to the manifest, and its bytes."""
        described = [
            {"mediaType": "application/x", "digest": self.push_blob(repository, layer, user=user), "size": len(layer)}
            for layer in (b"{}", *layers)
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": described[0],
            "layers": described[1:],
            **fields,
        }
        content = json.dumps(manifest).encode()
        if not reference:
            reference = "sha256:" + hashlib.sha256(content).hexdigest()
        path = f"/v2/{repository}/manifests/{reference}"
        return self.request("PUT", path, content, user=user, Content_Type=IMAGE), content


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A registry without users, on a free port."""
    data = tmp_path_factory.mktemp("data")
    running = Registry(overrides={"address": "127.0.0.1:0", "admin_address": "127.0.0.1:0", "data": str(data)})
    yield running.start()
    running.stop()


@pytest.fixture(scope="session")
def hashed():
    """Makes a bcrypt hash that costs as little as bcrypt allows."""
    return lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


class Place:
    """A directory with configuration files, and the registries that were started from them."""

    def __init__(self, path, hashed):
        self.path = path
        self._hashed = hashed
        self._running = []

    def __call__(self, name="config.yaml", **config):
        """Start a registry from a configuration given as keywords."""
        base = {"address": "127.0.0.1:0", "adminAddress": "127.0.0.1:0", "data": str(self.path / "data")}
        (self.path / name).write_text(json.dumps(base | config))
        self._running.append(Registry(str(self.path / name)))
        return self._running[-1].start()

    def users(self, **passwords):
        """Write an htpasswd file; the `auth` section that names it."""
        lines = [f"{name}:{self._hashed(password)}\n" for name, password in passwords.items()]
        (self.path / "htpasswd").write_text("".join(lines))
        return {"htpasswd": str(self.path / "htpasswd")}

    def stop(self):
        for one in self._running:
            one.stop()


@pytest.fixture
def start(tmp_path, hashed):
    """Starts registries for one test, in tmp_path."""
    place = Place(tmp_path, hashed)
    yield place
    place.stop()


@pytest.fixture(scope="module")
def start_once(tmp_path_factory, hashed):
    """Starts registries for a module."""
    place = Place(tmp_path_factory.mktemp("place"), hashed)
    yield place
    place.stop()


@pytest.fixture
def users(start):
    """Writes the htpasswd file of one test."""
    return start.users


@pytest.fixture(scope="session")
def make_pair():
    """Makes a certificate of its own for `name`, and its key, both PEM."""

    def make(name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=36500))
            .sign(key, hashes.SHA256())
        )
        form = serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM), pem

    return make
