"""`kubectl describe registry` names the remedy in every failure state that a user can bring about by a spec.

The states that only a cluster can bring about are in tests/wharfinger/decide/test_remedies.py, all of them.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from e2e.kubectl import Kubectl, eventually, run
from e2e.resources import registry_manifest, webhook_manifest

NAME = "team"
HOST = "registry.example.com"
GIVEN = {"issuer": "Secret", "hosts": [HOST]}
USER = {"name": "ci", "passwordFrom": {"secretName": "theirs", "key": "word"}}
SECRETS = {"theirs": {"other": "x"}, "empty": {"word": ""}, "lines": {"word": "two\nlines"}}


def password(secret: str) -> dict[str, Any]:
    return {"auth": {"users": [USER | {"passwordFrom": {"secretName": secret, "key": "word"}}]}}


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a password's Secret is missing": (
        password("nosuch"), "Secret 'nosuch' is missing: create it with the password of user 'ci' under key 'word'",
    ),
    "a password's key is missing": (
        password("theirs"), "key 'word' of Secret 'theirs', the password of user 'ci', is missing or empty: put the",
    ),
    "a password is empty": (password("empty"), "key 'word' of Secret 'empty'"),
    "a password is malformed": (password("lines"), "cannot be used: use 1 to 72 bytes of UTF-8 text on one line"),
    "copies that the operator may not make": (
        {"pullSecrets": {"namespaceSelector": {}}}, "install the operator with pullSecretsAcrossNamespaces",
    ),
    "a certificate's Secret is missing": (
        {"tls": GIVEN | {"secretName": "nosuch"}}, "create it with the keys tls.crt and tls.key",
    ),
    "a certificate has another's key": ({"tls": GIVEN | {"secretName": "mismatch"}}, "store the two that belong"),
    "a certificate has expired": ({"tls": GIVEN | {"secretName": "expired"}}, "renew it"),
    "a certificate lacks the host": (
        {"tls": GIVEN | {"secretName": "other"}}, f"is not for '{HOST}' of spec.tls.hosts: have it issued for that",
    ),
    "a certificate is not PEM": ({"tls": GIVEN | {"secretName": "nonsense"}}, "put PEM text there"),
    "cert-manager is missing": (
        {"tls": {"issuer": "CertManager", "certManager": {"name": "x"}}}, "install it, or choose another spec.tls",
    ),
    "a client CA is missing": (
        {"tls": {"clientCA": {"configMapName": "nosuch"}}}, "is missing: create it with the key 'ca.crt'",
    ),
    "another storage class": ({"storage": {"storageClassName": "other"}}, "cannot change to 'other': copy the content"),
    "other access modes": ({"storage": {"accessModes": ["ReadWriteMany"]}}, "cannot change them: copy the content"),
    "growth that the class forbids": ({"storage": {"size": "11Gi"}}, "kubectl patch storageclass"),
    "growth by itself that the class forbids": (
        {"storage": {"autoGrow": {"to": "20Gi"}}}, "or remove autoGrow",
    ),
    "a volume that is too full": (
        {"storage": {"readOnlyAbove": 1}}, "pulls and deletions go on: delete images and collect garbage",
    ),
    "the Gateway API is missing": (
        {"gateway": {"parentRefs": [{"name": "gw"}], "hosts": [HOST]}}, "install the Gateway API",
    ),
    "an Ingress without a name": (
        {"ingress": {}, "tls": {"hosts": ["192.0.2.7"]}}, "an Ingress needs a name: set spec.ingress.hosts",
    ),
    "nobody gives load balancers": ({"service": {"type": "LoadBalancer"}}, "set spec.service.type to NodePort"),
    "paused with something held back": (
        {"paused": True, "replicas": 0}, "Deployment 'team' differs in spec.replicas): set it to false to have them",
    ),
    "stopped": ({"replicas": 0}, "spec.replicas is 0: set it to 1 to start the registry"),
    "asleep": ({"hibernate": True}, "set it to false to wake the registry"),
    "an image that is not there": (
        {"image": "registry.invalid/wharf:none"}, "correct spec.image, or let the nodes reach it",
    ),
    "no node for the pod": ({"pod": {"nodeSelector": {"no": "where"}}}, "see spec.pod, the nodes and the claim"),
    "a claim that is not there": ({"storage": {"existingClaim": "nosuch"}}, "create it, or remove the field"),
}  # fmt: skip


@pytest.fixture(scope="module")
def secrets(kubectl: Kubectl, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Secrets that are no good, each in its way."""
    directory = tmp_path_factory.mktemp("pki")
    good = issue(directory, HOST, "20300101000000Z")
    pairs = {
        "mismatch": (good[0], issue(directory, HOST, "20300101000000Z")[1]),
        "expired": issue(directory, HOST, "20240102000000Z"),
        "other": issue(directory, "other.example.com", "20300101000000Z"),
        "nonsense": ("x", good[1]),
    }
    tls = {name: {"tls.crt": crt, "tls.key": key} for name, (crt, key) in pairs.items()}
    for name, data in {**SECRETS, **tls}.items():
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded},
                      namespace=namespace)  # fmt: skip


def issue(directory: Path, host: str, ends: str) -> tuple[str, str]:
    """A self-signed certificate for a host, valid from 2024 on, and its key."""
    key, crt = directory / "key.pem", directory / "crt.pem"
    database = directory / "index.txt"
    database.write_text("")
    (directory / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=c\n[c]\ndatabase={database}\nnew_certs_dir={directory}\nrand_serial=yes\n"
        f"default_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=optional\n[e]\nsubjectAltName=DNS:{host}\n"
    )
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         str(key), "-subj", "/", "-out", str(directory / "csr.pem")])  # fmt: skip
    run(["openssl", "ca", "-config", str(directory / "ca.cnf"), "-batch", "-selfsign", "-in",
         str(directory / "csr.pem"), "-keyfile", str(key), "-startdate", "20240101000000Z", "-enddate", ends,
         "-notext", "-subj", f"/CN={host}", "-out", str(crt)])  # fmt: skip
    return crt.read_text(), key.read_text()


def says(kubectl: Kubectl, namespace: str, what: str, text: str) -> None:
    """Wait until `kubectl describe` has a text in one of its messages."""

    def probe() -> bool:
        story = kubectl("describe", *what.split("/"), "-n", namespace)
        assert text in " ".join(story.split()), story
        return True

    eventually(f"kubectl describe {what} says {text!r}", probe, timeout=90, pause=0.5)


@pytest.mark.parametrize("case", CASES)
def test_describe_names_the_remedy(kubectl: Kubectl, namespace: str, registry: str, secrets: None, case: str) -> None:
    spec, text = CASES[case]
    kubectl.apply(registry_manifest(registry, **spec), namespace=namespace)
    says(kubectl, namespace, f"registry/{registry}", text)


def test_once_all_is_put_right_the_registry_is_ready_again(kubectl: Kubectl, namespace: str, registry: str) -> None:
    kubectl.apply(registry_manifest(registry), namespace=namespace)
    kubectl.wait_ready(registry, namespace, timeout=120)


WEBHOOKS: dict[str, tuple[dict[str, Any], str]] = {
    "no such Registry": ({"registryRef": {"name": "nosuch"}}, "create it, or correct spec.registryRef.name"),
    "no such header": (
        {"headersFrom": [{"name": "Authorization", "secretName": "nosuch", "key": "token"}]},
        "Secret 'nosuch' is missing: create it with the header's value",
    ),
    "no such CA": ({"tls": {"ca": {"configMapName": "nosuch"}}}, "create it with the CA under 'ca.crt'"),
    "no such client certificate": (
        {"tls": {"clientCertificate": {"secretName": "nosuch"}}}, "put a PEM certificate into tls.crt and its key",
    ),
    "no such signing secret": ({"signing": {"secretName": "nosuch"}}, "create it with a signing secret under 'secret'"),
    "suspended": ({"suspend": True}, "set it to false to send them"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEBHOOKS)
def test_describe_names_the_remedy_of_a_webhook(kubectl: Kubectl, namespace: str, registry: str, case: str) -> None:
    spec, text = WEBHOOKS[case]
    hook = webhook_manifest("hook", registry, "https://example.com/")
    hook["spec"] |= spec
    kubectl.apply(hook, namespace=namespace)
    says(kubectl, namespace, "registrywebhook/hook", text)
    if case != "no such Registry":
        says(kubectl, namespace, f"registry/{registry}", "Webhooks")
    kubectl("delete", "registrywebhook", "hook", "-n", namespace)
