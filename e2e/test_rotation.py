"""Passwords and certificates are replaced every few seconds, and nobody who reads the Secrets notices.

ROTATION_SECONDS says for how long (300); the clients are e2e.traffic's.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from e2e.clients import Login, login, port_forward
from e2e.kubectl import Kubectl, eventually
from e2e.resources import registry_manifest
from e2e.traffic import Session, Traffic, docker_login

SECONDS = int(os.environ.get("ROTATION_SECONDS", "300"))
NAME = "team"


@pytest.fixture(scope="module")
def registry(kubectl: Kubectl, namespace: str) -> str:
    """A Registry whose replaced passwords and CAs are valid for half a minute."""
    spec: dict[str, Any] = {
        "auth": {"rotationOverlap": "30s", "users": [{"name": "ci", "rotation": "0"}]},
        "tls": {"selfSigned": {"rotationOverlap": "10s"}},
    }
    kubectl.apply(registry_manifest(NAME, **spec), namespace=namespace)
    kubectl.wait_ready(NAME, namespace)
    return NAME


@pytest.fixture
def host(kubectl: Kubectl, namespace: str, registry: str) -> Iterator[str]:
    """Where the registry is reached."""
    with port_forward(kubectl, registry, namespace) as found:
        yield found


def rotate(kubectl: Kubectl, namespace: str, number: int) -> None:
    """Ask for new passwords and a new server certificate; now and then for a new CA as well."""
    spec = {
        "auth": {"users": [{"name": "ci", "rotation": str(number)}]},
        "pullSecrets": {"rotation": str(number)},
        "pushSecrets": {"rotation": str(number)},
        "tls": {
            "hosts": [f"r{number}.example.com"],
            "selfSigned": {"rotation": str(number // 8), "rotationOverlap": "10s"},
        },
    }
    patch = json.dumps({"spec": spec})
    kubectl("patch", "registry", NAME, "-n", namespace, "--type=merge", "-p", patch)


def pods(kubectl: Kubectl, namespace: str) -> list[tuple[str, int]]:
    """Each pod of the registry, and how often it was started anew."""
    found = kubectl.list("pods", namespace, f"wharfinger.dev/registry={NAME}")
    return [(pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"]) for pod in found]


def round_trip(session: Session) -> None:
    """Log in, push, and pull what was pushed."""
    session.login()
    session.push("loop/user", "1")
    session.pull("loop/user", "1")


def start_clients(traffic: Traffic, kubectl: Kubectl, namespace: str, host: str) -> None:
    """Pods that pull, jobs that push, people, one who reads the Secret and is slow, and one who never hangs up."""
    docker = partial(docker_login, kubectl, NAME, namespace, host)
    person = partial(login, kubectl, NAME, namespace, host, "ci")
    for number in (1, 2):
        traffic.start(f"pulls {number}", lambda: docker("pull"), lambda session: session.pull("loop/app", "1"))
    traffic.start("pushes", lambda: docker("push"), lambda session: session.push("loop/app", "1"))
    traffic.start("person", person, round_trip)
    traffic.start("slow person", person, round_trip, late=8)
    traffic.start_steady("steady person", person, lambda session: session.pull("loop/app", "1"))


def taken_up(kubectl: Kubectl, namespace: str, host: str, old: Login) -> bool:
    """Whether the Secret holds another password, which works."""
    now = login(kubectl, NAME, namespace, host, "ci")
    if now.password == old.password:
        return False
    with Session(now) as session:
        session.login()
    return True


@pytest.mark.timeout(SECONDS + 240)
def test_pulls_and_pushes_go_on_while_everything_is_replaced(
    kubectl: Kubectl, namespace: str, host: str, record_property: Any
) -> None:
    with Session(docker_login(kubectl, NAME, namespace, host, "push")) as session:
        session.push("loop/app", "1")
    before, traffic, took = pods(kubectl, namespace), Traffic(), []
    start_clients(traffic, kubectl, namespace, host)
    ends = time.monotonic() + SECONDS
    number = 0
    try:
        while time.monotonic() < ends:
            number += 1
            old = login(kubectl, NAME, namespace, host, "ci")
            began = time.monotonic()
            rotate(kubectl, namespace, number)
            eventually("the new password works", partial(taken_up, kubectl, namespace, host, old), timeout=60)
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + 4 - time.monotonic()))
    finally:
        traffic.end()
    figures = {
        "rotations": number,
        "edit to new password working, seconds": f"median {statistics.median(took):.1f}, longest {max(took):.1f}",
        "done": dict(traffic.done),
        "failures": len(traffic.failures),
    }
    record_property("rotation", json.dumps(figures))
    print(figures)
    assert not traffic.failures, traffic.failures[:20]
    assert len(traffic.done) == 6
    assert pods(kubectl, namespace) == before
