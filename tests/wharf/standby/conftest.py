"""Hosts that share one registry's data: processes with an address each, and clients that go on meanwhile."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

IMAGE = "application/vnd.oci.image.manifest.v1+json"
DEADLINE = 60.0


def wait_until(condition, why=lambda: ""):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def sha(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Host:
    """`wharf serve --standby ADDRESS`; its port is the same after another start."""

    def __init__(self, path, number, data, **config):
        self.address = f"127.0.0.{number}"
        self.path = path / str(number)
        self.path.mkdir()
        self.secured = "tls" in config
        self.config = {"data": str(data), "adminTokenFile": "", **config}
        self.port = self.admin = 0
        self.starts = 0
        self.process = None

    def start(self):
        """Start, and return when it stands by or more."""
        addresses = {"address": f"{self.address}:{self.port}", "adminAddress": f"{self.address}:{self.admin}"}
        config = self.path / "config.yaml"
        config.write_text(json.dumps({**self.config, **addresses}))
        command = [sys.executable, "-m", "wharf", "serve", "--config", str(config), "--standby", self.address]
        self.starts += 1
        with (self.path / f"log{self.starts}").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: self.said("standing by") or self.process.poll() is not None, self.log)
        if self.process.poll() is None:
            standing = self.said("standing by")[0]
            self.port, self.admin = int(standing["address"].rpartition(":")[2]), standing["admin"]
        return self

    def log(self):
        return (self.path / f"log{self.starts}").read_text()

    def said(self, message):
        whole = (line for line in self.log().splitlines() if line.endswith("}"))  # the last is perhaps being written
        return [json.loads(line) for line in whole if f'"message":"{message}"' in line]

    def active(self):
        return bool(self.said("serving"))

    def workers(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def kill(self):
        """End all of its processes at once, as when a node is gone."""
        pids = self.workers()
        self.process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(DEADLINE)

    def tell_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def ended(self):
        return self.process.wait(DEADLINE)

    def connect(self, *, admin=False):
        port = self.admin if admin else self.port
        if not self.secured:
            return http.client.HTTPConnection(self.address, port, timeout=DEADLINE)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self.address, port, timeout=DEADLINE, context=context)

    def ask(self, method, path, body=None, **headers):
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, method, path, body, **headers)

    def probe(self, path):
        with contextlib.closing(self.connect(admin=True)) as connection:
            return ask(connection, "GET", path)

    def status(self):
        return json.loads(self.probe("/status")[1])


def ask(connection, method, path, body=None, **headers):
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


class Traffic:
    """A client that pushes small images and pulls them again, until it is told to stop. What it could not do counts."""

    def __init__(self, host, name, *, kept=False):
        self.host, self.name, self.kept = host, name, kept
        self.pushed = {}
        self.failures = []
        self.requests = 0
        self.longest = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: self.pushed or self.failures)
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    def _run(self):
        connection = None
        while not self._end.is_set():
            connection = connection if self.kept and connection is not None else self.host.connect()
            try:
                self._image(connection, f"t{len(self.pushed)}")
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
                connection = None
            if not self.kept and connection is not None:
                connection.close()
        if connection is not None:
            connection.close()

    def _image(self, connection, tag):
        layer = os.urandom(2000)
        for blob in (b"{}", layer):
            self._ask(connection, 201, "POST", f"/v2/{self.name}/blobs/uploads/?digest={sha(blob)}", blob)
        described = [{"mediaType": "application/x", "digest": sha(one), "size": len(one)} for one in (b"{}", layer)]
        manifest = {"schemaVersion": 2, "mediaType": IMAGE, "config": described[0], "layers": described[1:]}
        content = json.dumps(manifest).encode()
        self._ask(connection, 201, "PUT", f"/v2/{self.name}/manifests/{tag}", content, Content_Type=IMAGE)
        self.pushed[tag] = content, layer
        for _ in range(2):
            assert self._ask(connection, 200, "GET", f"/v2/{self.name}/manifests/{tag}") == content
        assert self._ask(connection, 200, "GET", f"/v2/{self.name}/blobs/{sha(layer)}") == layer

    def _ask(self, connection, expected, *request, **headers):
        begun = time.monotonic()
        used = connection.sock is not None
        try:
            status, body, _ = ask(connection, *request, **headers)
        except ConnectionError:
            if not used:
                raise
            connection.close()  # one that was used may end at any time (RFC 9112, section 9.5): clients ask anew
            status, body, _ = ask(connection, *request, **headers)
        self.requests += 1
        self.longest = max(self.longest, time.monotonic() - begun)
        assert status == expected, (request[:2], status, body)
        return body

    def goes_on(self):
        """Return when it has pushed another image."""
        before = len(self.pushed)
        wait_until(lambda: len(self.pushed) > before + 1)

    def require_whole(self, host):
        """All that was acknowledged is there."""
        for tag, (content, layer) in self.pushed.items():
            assert host.ask("GET", f"/v2/{self.name}/manifests/{tag}")[:2] == (200, content)
            assert host.ask("GET", f"/v2/{self.name}/blobs/{sha(layer)}")[:2] == (200, layer)


class Hosts:
    """The hosts of one test."""

    def __init__(self, path):
        self._path = path
        self.data = path / "data"
        self._made = []

    def __call__(self, **config):
        """Another, which is not started yet."""
        self._made.append(Host(self._path, 2 + len(self._made), self.data, **config))
        return self._made[-1]

    def pair(self, **config):
        """One that is active, and one that stands by."""
        first, second = self(**config).start(), None
        wait_until(first.active, first.log)
        second = self(**config).start()
        assert second.status()["role"] == "standby"
        return first, second

    wait_until = staticmethod(wait_until)
    sha = staticmethod(sha)
    traffic = Traffic

    def require_sound(self):
        """What is on the disk is whole."""
        checked = self.run("verify")
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def run(self, *command):
        """Run a command on this data."""
        arguments = [sys.executable, "-m", "wharf", *command, "--data", str(self.data)]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=DEADLINE, check=False)

    def end(self):
        for one in self._made:
            if one.process is not None and one.process.poll() is None:
                one.kill()


@pytest.fixture
def hosts(tmp_path):
    """Makes hosts that share the data of one test."""
    made = Hosts(tmp_path)
    yield made
    made.end()
