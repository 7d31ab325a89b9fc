"""Certificates change and no client notices: a CA is rotated, a bad one refused, clients are asked for theirs."""

import datetime as dt
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from e2e.clients import Login, login, port_forward, request
from e2e.kubectl import Kubectl, eventually
from wharfinger import clock
from wharfinger.decide import x509


class Clients:
    """One that read the CA once, and one that reads it again and again; both ask all the time."""

    def __init__(self, kubectl: Kubectl, at: Login, namespace: str) -> None:
        self._kubectl, self._at, self._namespace = kubectl, at, namespace
        self._over = threading.Event()
        self.failures: list[str] = []
        self.requests = 0
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.is_set():
            fresh = login(self._kubectl, "team", self._namespace, self._at.host)
            for who, at in (("read once", self._at), ("read again", fresh)):
                self.requests += 1
                try:
                    assert request(at, "GET", "/v2/").status == 200
                except (OSError, AssertionError, http.client.HTTPException) as error:
                    self.failures.append(f"{who}: {error!r}")

    def __enter__(self) -> "Clients":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def certificate(kubectl: Kubectl, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = (kubectl.get("registry", "team", namespace) or {})["status"].get("certificate", {})
    return found


def edit(kubectl: Kubectl, namespace: str, tls: dict[str, Any]) -> None:
    kubectl("patch", "registry", "team", "-n", namespace, "--type=merge", "-p", json.dumps({"spec": {"tls": tls}}))


@pytest.fixture
def at(kubectl: Kubectl, namespace: str, registry: str) -> Iterator[Login]:
    with port_forward(kubectl, registry, namespace) as host:
        yield login(kubectl, registry, namespace, host)


def pod(kubectl: Kubectl, namespace: str) -> str:
    (found,) = kubectl.list("pods", namespace, "wharfinger.dev/registry=team")
    return str(found["metadata"]["uid"])


def test_the_ca_is_replaced_and_no_client_fails(kubectl: Kubectl, namespace: str, at: Login) -> None:
    before = pod(kubectl, namespace), certificate(kubectl, namespace)["fingerprint"]
    with Clients(kubectl, at, namespace) as clients:
        edit(kubectl, namespace, {"selfSigned": {"rotation": "1", "rotationOverlap": "5s"}})
        phases = set()

        def retiring() -> bool:
            phase = certificate(kubectl, namespace).get("caRotation", {}).get("phase")
            phases.add(phase)
            return bool(phase == "Retiring")

        eventually("the new CA signs", retiring, timeout=40)
        kubectl.wait_ready("team", namespace)
        time.sleep(2)
    assert "Publishing" in phases
    assert clients.requests > 10
    assert not clients.failures, clients.failures[:3]
    assert pod(kubectl, namespace) == before[0]
    assert certificate(kubectl, namespace)["fingerprint"] != before[1]


def pair(*hosts: str, days: int = 1, age: int = 0) -> tuple[str, str]:
    """A self-signed certificate for `hosts`, and its key; made `age` days ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca_key = ec.generate_private_key(ec.SECP256R1())
    now = clock.now() - dt.timedelta(days=age)
    ca = x509.certificate(x509.authority("CA", ca_key, x509.Term(1, now, dt.timedelta(days=30))))
    return x509.server(hosts, key, ca, ca_key, x509.Term(2, now, dt.timedelta(days=days))), x509.pem_of(key)


def store(kubectl: Kubectl, namespace: str, certificate: str, key: str) -> None:
    data = {"tls.crt": certificate, "tls.key": key}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "type": "kubernetes.io/tls"}
    kubectl.apply({**body, "stringData": data}, namespace=namespace)


def test_a_given_certificate_that_is_no_good_is_refused_and_the_last_one_serves_on(
    kubectl: Kubectl, namespace: str, at: Login
) -> None:
    good, key = pair("localhost", "registry.example.com")
    store(kubectl, namespace, good, key)
    edit(kubectl, namespace, {"issuer": "Secret", "secretName": "mine", "selfSigned": None, "hosts": ["localhost"]})
    kubectl.wait_condition("registry/team", namespace, "CertificateReady", "True")
    served = x509.certificate(good).fingerprint
    eventually("it is served", lambda: certificate(kubectl, namespace)["fingerprint"] == served)
    cases = {
        "CertificateKeyMismatch": (good, pair("localhost")[1]),
        "CertificateExpired": pair("localhost", days=1, age=2),
        "CertificateHostMissing": pair("registry.example.com"),
    }
    for reason, (bad, bad_key) in cases.items():
        store(kubectl, namespace, bad, bad_key)

        def refused(reason: str = reason) -> bool:
            found = kubectl.condition("registry", "team", namespace, "CertificateReady")
            return bool(found["reason"] == reason and "the last good certificate is served" in found["message"])

        eventually(f"it is refused: {reason}", refused, timeout=20)
        assert certificate(kubectl, namespace)["fingerprint"] == served
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, _, port = at.host.rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    connection.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    shown = connection.sock.getpeercert(binary_form=True)
    connection.close()
    assert ssl.DER_cert_to_PEM_cert(shown or b"").split() == good.split()
    edit(kubectl, namespace, {"issuer": "SelfSigned", "secretName": None})
    kubectl.wait_condition("registry/team", namespace, "Ready", "True")


def test_clients_are_asked_for_certificates_without_a_restart(
    kubectl: Kubectl, namespace: str, registry: str, tmp_path: Path
) -> None:
    before = pod(kubectl, namespace)
    leaf, key = pair("alice")
    (tmp_path / "alice.pem").write_text(leaf + key)
    kubectl.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "clients"}, "data": {"ca.crt": leaf}},
        namespace=namespace,
    )
    edit(kubectl, namespace, {"clientCA": {"configMapName": "clients"}})
    kubectl.wait_ready(registry, namespace)
    eventually("it says so", lambda: "clients have to present" in kubectl.condition(
        "registry", registry, namespace, "CertificateReady")["message"])  # fmt: skip
    with port_forward(kubectl, registry, namespace) as host, pytest.raises((OSError, http.client.HTTPException)):
        request(login(kubectl, registry, namespace, host), "GET", "/v2/")
    edit(kubectl, namespace, {"clientCA": None})
    kubectl.wait_ready(registry, namespace)

    def lets_in() -> bool:
        with port_forward(kubectl, registry, namespace) as host:
            return request(login(kubectl, registry, namespace, host), "GET", "/v2/").status == 200

    eventually("nobody is asked any more", lets_in)
    assert pod(kubectl, namespace) == before
