"""Several processes serve one registry as one would: real ones, of which some die."""

import base64
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from e2e.faults.told import Receiver

from wharf.garbage.exclusive import alone

IMAGE = "application/vnd.oci.image.manifest.v1+json"
WORKERS = 2


class Service:
    """`wharf serve` with two workers, and connections to it."""

    def __init__(self, directory, hashed):
        self.path = directory
        self.connections = []
        self.hashed = hashed
        self.users(alice="one")
        self.config = {
            "address": "127.0.0.1:0",
            "adminAddress": "127.0.0.1:0",
            "adminTokenFile": str(directory / "token"),
            "data": str(directory / "data"),
            "auth": {"htpasswd": str(directory / "htpasswd")},
            "workers": WORKERS,
        }
        (directory / "token").write_text("very-secret")
        self.configure()
        command = [sys.executable, "-m", "wharf", "serve", "--config", str(directory / "config.yaml")]
        with (directory / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: len(self.said("serving")) == WORKERS or self.process.poll() is not None, self.log)
        serving = self.said("serving")[0]
        self.port, self.admin = (int(serving[name].rpartition(":")[2]) for name in ("url", "admin"))

    def configure(self, **more):
        text = json.dumps({**self.config, **more})
        (self.path / "next").write_text(text)
        (self.path / "next").rename(self.path / "config.yaml")
        return hashlib.sha256(text.encode()).hexdigest()

    def users(self, **passwords):
        lines = [f"{name}:{self.hashed(password)}\n" for name, password in passwords.items()]
        (self.path / "new").write_text("".join(lines))
        (self.path / "new").rename(self.path / "htpasswd")

    def log(self):
        return (self.path / "log").read_text()

    def said(self, message):
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"] == message]

    def pids(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def connect(self):
        self.connections.append(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10))
        return self.connections[-1]

    def hang_up(self):
        while self.connections:
            self.connections.pop().close()

    def on_each_worker(self):
        """An open connection to each worker: while others are paused, the one that is left has to answer."""
        found = []
        for pid in self.pids():
            with self.only(pid):
                connection = self.connect()
                assert ask(connection, "GET", "/v2/")[0] == 200
            found.append(connection)
        return found

    @contextmanager
    def only(self, pid):
        """Pause every other worker."""
        others = [other for other in self.pids() if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    def ask_admin(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10)
        connection.request(method, path, headers={"Authorization": "Bearer very-secret"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def status(self, path="/status"):
        body = self.ask_admin("GET", path)[1]
        return json.loads(body) if path == "/status" else body.decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()


def wait_until(condition, why=lambda: ""):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def ask(connection, method, path, body=None, *, user="alice:one", **headers):
    login = "Basic " + base64.b64encode(user.encode()).decode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Authorization": login, **sent})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def sha(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def push(connection, tag, note):
    digest = sha(b"{}")
    assert ask(connection, "POST", f"/v2/app/blobs/uploads/?digest={digest}", b"{}")[0] == 201
    config = {"mediaType": "application/x", "digest": digest, "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [], "annotations": {"n": note}}
    content = json.dumps(manifest).encode()
    assert ask(connection, "PUT", f"/v2/app/manifests/{tag}", content, Content_Type=IMAGE)[0] == 201
    return content


@pytest.fixture
def service(running):
    yield running
    running.hang_up()


@pytest.fixture(scope="module")
def running(tmp_path_factory, hashed):
    started = Service(tmp_path_factory.mktemp("workers"), hashed)
    yield started
    assert started.stop() == 0, started.log()
    assert len(started.said("stopped")) >= WORKERS


def test_what_one_has_acknowledged_every_other_serves_at_once(service):
    one, other = service.on_each_worker()
    for number in range(20):
        content = push(one if number % 2 else other, "moving", str(number))
        for connection in (one, other, one, other):  # the second of each comes from the kept answers
            assert ask(connection, "GET", "/v2/app/manifests/moving")[1] == content


def test_an_upload_goes_on_with_any_of_them(service):
    one, other = service.on_each_worker()
    parts = [os.urandom(size) for size in (100_000, 700_000, 5)]
    session = ask(one, "POST", "/v2/app/blobs/uploads/")[2]["Location"]
    assert ask(other, "PATCH", session, parts[0])[0] == 202
    assert ask(one, "PATCH", session, parts[1])[0] == 202
    content = b"".join(parts)
    assert ask(other, "PUT", f"{session}?digest={sha(content)}", parts[2])[0] == 201
    assert ask(one, "GET", f"/v2/app/blobs/{sha(content)}")[1] == content


def test_metrics_are_those_of_all(service):
    def tags():
        lines = service.status("/metrics").splitlines()
        counted = 'registry_http_requests_total{method="GET",handler="tags",code="200"}'
        return sum(float(line.split()[-1]) for line in lines if line.startswith(counted))

    push(service.connect(), "one", "")
    before = tags()
    for connection in service.on_each_worker() * 3:
        assert ask(connection, "GET", "/v2/app/tags/list")[0] == 200
    assert tags() == before + 3 * WORKERS


def test_any_of_them_sweeps_when_it_is_asked_and_never_two_at_once(service):
    for pid in service.pids():
        with alone(service.path / "data" / "sweep.lock"), service.only(pid):
            assert service.ask_admin("POST", "/gc")[0] == 409
        with service.only(pid):
            status, body = service.ask_admin("POST", "/gc")
        begun = json.loads(body)["begun"]
        assert status == 202
        wait_until(lambda begun=begun: service.status()["garbageCollection"]["lastRun"] == begun, service.log)
        assert service.status()["garbageCollection"]["error"] == ""


def test_a_file_counts_as_loaded_once_all_have_it(service):
    connections = service.on_each_worker()
    service.users(alice="two")
    expected = hashlib.sha256((service.path / "htpasswd").read_bytes()).hexdigest()
    wait_until(lambda: service.status()["htpasswd"]["sha256"] == expected)
    for connection in connections:
        assert ask(connection, "GET", "/v2/", user="alice:two")[0] == 200
        assert ask(connection, "GET", "/v2/")[0] == 401
    service.users(alice="one")
    expected = hashlib.sha256((service.path / "htpasswd").read_bytes()).hexdigest()
    wait_until(lambda: service.status()["htpasswd"]["sha256"] == expected)
    paused = service.pids()[0]
    os.kill(paused, signal.SIGSTOP)
    try:
        assert service.status()["htpasswd"] == {
            "sha256": "",
            "loadedAt": "",
            "error": "a worker process does not answer: it is starting, or hangs",
        }
    finally:
        os.kill(paused, signal.SIGCONT)


def test_a_worker_that_dies_is_replaced_and_nothing_acknowledged_is_lost(service):
    pushed = {}
    for number, pid in enumerate(service.pids()):
        connections = service.on_each_worker()
        for at, connection in enumerate(connections):
            pushed[f"kept-{number}-{at}"] = push(connection, f"kept-{number}-{at}", str(number))
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda gone=pid: len(service.pids()) == WORKERS and gone not in service.pids(), service.log)
        wait_until(lambda: not service.status()["configuration"]["error"])
        connection = service.connect()
        for tag, content in pushed.items():
            assert ask(connection, "GET", f"/v2/app/manifests/{tag}")[1] == content
    assert len(service.said("a worker ended, starting another")) == WORKERS


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


def test_the_events_of_all_are_told_once_and_in_order_though_the_one_that_tells_dies(service, receiver):
    signed = {"signing": [{"secret": f"whsec_{'Zm9v' * 10}"}]}
    hooks = [{"name": path, "url": receiver.url(path), "events": [path], **signed} for path in ("push", "pull")]
    loaded = service.configure(webhooks=hooks, webhookNetworks={"allow": ["127.0.0.0/8"]})
    wait_until(lambda: service.status()["configuration"]["sha256"] == loaded, service.log)
    numbers = iter(range(1000))
    for pid in service.pids():
        connections = service.on_each_worker()
        for connection in connections * 5:
            push(connection, f"t{next(numbers)}", "")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda gone=pid: len(service.pids()) == WORKERS and gone not in service.pids(), service.log)
    connections = service.on_each_worker()
    for connection in connections * 5:
        push(connection, f"t{next(numbers)}", "")
        assert ask(connection, "GET", "/v2/app/manifests/t0")[0] == 200
    wanted = [f"t{number}" for number in range(next(numbers))]
    wait_until(lambda: set(wanted) <= {tag for _, tag, _ in receiver.arrivals["push"]}, service.log)
    wait_until(lambda: len(receiver.arrivals["pull"]) >= 5 * WORKERS, service.log)
    tags = dict.fromkeys(tag for _, tag, _ in receiver.arrivals["push"])
    assert list(tags) == wanted
    assert len(set(receiver.arrivals["push"])) == len(wanted)
    assert len({event for _, _, event in receiver.arrivals["pull"]}) == 5 * WORKERS
    loaded = service.configure()
    wait_until(lambda: service.status()["configuration"]["sha256"] == loaded, service.log)


def test_workers_end_with_the_process_that_started_them(tmp_path, hashed):
    service = Service(tmp_path, hashed)
    pids = service.pids()
    service.process.kill()
    service.process.wait(10)
    wait_until(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in pids), service.log)
