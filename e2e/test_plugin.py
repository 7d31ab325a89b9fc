"""`kubectl registry`, run by kubectl as its plugin, on a Registry and its real pod."""

import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from e2e.clients import Login, Skopeo, request
from e2e.kubectl import CommandError, Kubectl, eventually, run
from e2e.resources import registry_manifest, webhook_manifest

DENY = {
    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "deny"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}  # fmt: skip


class Plugin:
    """`kubectl registry`, in a namespace."""

    def __init__(self, kubectl: Kubectl, namespace: str) -> None:
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {**os.environ, "PATH": programs, "KUBECONFIG": kubectl.kubeconfig, "NO_COLOR": "1"}
        self._command, self._namespace = [kubectl.program, "registry"], namespace

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Run it; what it printed on standard output."""
        command = [*self._command, *arguments, "-n", self._namespace]
        return run(command, stdin=stdin, env=self._environment)

    def said(self, *arguments: str, stdin: str = "") -> str:
        """Run it, whether it ends well or not; what it printed."""
        try:
            return self(*arguments, stdin=stdin)
        except CommandError as error:
            return error.output

    def broken(self, *arguments: str, stdin: str = "") -> dict[str, dict[str, Any]]:
        """What the doctor calls broken: the first finding of each check."""
        printed = self.said("doctor", *arguments, "-o", "json", stdin=stdin)
        (told,) = json.loads(printed[printed.index("[") : printed.rindex("]") + 1])
        return {each["check"]: each for each in reversed(told["findings"]) if each["verdict"] == "broken"}


@pytest.fixture(scope="module")
def plugin(kubectl: Kubectl, namespace: str, registry: str) -> Plugin:
    """The plugin, in the namespace of a Registry that is Ready."""
    assert registry == "team"
    return Plugin(kubectl, namespace)


def test_status_shows_what_there_is(plugin: Plugin, namespace: str) -> None:
    (line,) = plugin("status").splitlines()[1:]
    assert line.split()[:4] == [namespace, "team", "True", f"https://team.{namespace}.svc"]
    told = json.loads(plugin("status", "team", "-o", "json"))
    assert told["ready"]
    assert [user["name"] for user in told["users"]] == ["admin"]


def test_skopeo_logs_in_with_what_it_prints_and_pushes(plugin: Plugin, at: Login, image: str, tmp_path: Path) -> None:
    client = Skopeo(Login(at.host, at.ca, "admin", plugin("login", "team", "--print").rstrip("\n")), tmp_path)
    client.login()
    client.push(image, "apps/one:1")


def test_a_rotation_is_live_when_it_returns_and_the_old_password_still_works(plugin: Plugin, at: Login) -> None:
    told = json.loads(plugin("rotate", "team", "-o", "json"))
    assert told["previousValidUntil"]
    new = plugin("login", "team", "--print").rstrip("\n")
    assert new != at.password
    for password in (new, at.password):
        assert request(Login(at.host, at.ca, "admin", password), "GET", "/v2/").status == 200


def test_what_was_deleted_is_collected_with_a_reason(plugin: Plugin, at: Login, skopeo: Skopeo, image: str) -> None:
    digest = skopeo.push(image, "apps/two:1")
    skopeo.delete("apps/two:1")
    told = json.loads(plugin("gc", "team", "--dry-run", "--all", "-o", "json"))
    assert told["summary"]["dryRun"]
    assert any(each["message"] for each in told["decisions"])
    assert digest not in [each["digest"] for each in told["decisions"] if each["repository"] == "apps/two"]
    assert "freed" in plugin("gc", "team").splitlines()[-1]


def test_events_are_those_of_the_registry_and_its_children(plugin: Plugin) -> None:
    kinds = {each["kind"] for each in json.loads(plugin("events", "team", "-o", "json"))["events"]}
    assert {"Registry", "Pod", "PersistentVolumeClaim"} <= kinds


def test_dead_letters_are_shown_and_sent_again(
    kubectl: Kubectl, plugin: Plugin, namespace: str, skopeo: Skopeo, image: str
) -> None:
    retry = {"maxAge": "1s", "maxBackoff": "1s"}
    hook = webhook_manifest("away", "team", f"http://nothing.{namespace}.svc/", retry=retry)
    kubectl.apply(hook, namespace=namespace)
    kubectl.wait_condition("registrywebhook/away", namespace, "Ready", "True")
    skopeo.push(image, "apps/told:1")
    (letter, *_) = eventually(
        "the event is given up", lambda: json.loads(plugin("webhooks", "dead", "away", "-o", "json"))
    )
    assert letter["event"]["repository"] == "apps/told"
    assert letter["error"]

    def listed() -> bool:
        (told,) = json.loads(plugin("webhooks", "list", "team", "-o", "json"))
        return bool(told["name"] == "away" and told.get("dead"))

    eventually("status counts it", listed)
    assert "dead letter" in plugin("webhooks", "replay", "away")
    assert (kubectl.get("registrywebhook", "away", namespace) or {})["spec"]["replay"]
    kubectl("delete", "registrywebhook", "away", "-n", namespace)


def test_the_doctor_finds_nothing_on_a_registry_that_is_well(plugin: Plugin) -> None:
    assert plugin.broken("team", "--write") == {}


def test_the_doctor_finds_wrong_dns_an_untrusted_ca_and_a_wrong_password(plugin: Plugin, at: Login) -> None:
    found = plugin.broken("team", "--host", "registry.invalid", "--user", "admin", stdin="wrong\n")
    assert set(found) == {"name", "login"}
    assert "correct the DNS record of registry.invalid" in found["name"]["mend"][0]
    assert "kubectl registry login team" in found["login"]["mend"][0]
    (untrusted,) = plugin.broken("team", "--host", at.host).values()
    assert untrusted["check"] == "trust on this machine"
    assert f"--host {at.host} --trust" in untrusted["mend"][0]


def test_the_doctor_finds_a_full_volume_and_a_network_policy(kubectl: Kubectl, plugin: Plugin, namespace: str) -> None:
    spec = {"storage": {"readOnlyAbove": 1}, "networkPolicy": {"mode": "None"}}
    kubectl.apply(registry_manifest("team", **spec), DENY, namespace=namespace)

    def found() -> dict[str, dict[str, Any]]:
        broken = plugin.broken("team", "--write")
        return broken if {"storage", "network policy", "push"} <= set(broken) else {}

    told = eventually("the doctor sees both", found, timeout=60, pause=1)
    assert "kubectl registry gc team" in told["storage"]["mend"][0]
    assert "507" in told["push"]["message"]
    assert "deny lets nobody to port 5000" in told["network policy"]["message"]
    kubectl("delete", "networkpolicy", "deny", "-n", namespace)


def test_the_doctor_finds_an_expired_certificate(kubectl: Kubectl, plugin: Plugin, namespace: str) -> None:
    certificate, key = expired(f"late.{namespace}.svc")
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": {"name": "late"},
              "stringData": {"tls.crt": certificate, "tls.key": key, "ca.crt": certificate}}  # fmt: skip
    spec = {"tls": {"issuer": "Secret", "secretName": "late"}}
    kubectl.apply(secret, registry_manifest("late", **spec), namespace=namespace)
    found = eventually("the operator has looked at it", lambda: plugin.broken("late").get("conditions"), timeout=30)
    assert "CertificateExpired" in found["message"]
    assert "renew it" in found["message"]
    kubectl("delete", "registry", "late", "-n", namespace, "--wait=false")


def expired(host: str) -> tuple[str, str]:
    """A certificate of long ago that signed itself, and its key."""
    key, end = ec.generate_private_key(ec.SECP256R1()), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(end - datetime.timedelta(days=9))
    builder = builder.not_valid_after(end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    pem, unencrypted = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted)
    return builder.sign(key, hashes.SHA256()).public_bytes(pem).decode(), private.decode()


def test_the_doctor_finds_a_dead_pod(kubectl: Kubectl, plugin: Plugin, namespace: str) -> None:
    kubectl.apply(registry_manifest("team", image="wharfinger.invalid/nothing:1"), namespace=namespace)

    def found() -> dict[str, Any]:
        return plugin.broken("team").get("pod", {})

    dead = eventually(
        "the pod is dead", lambda: pod if "Pull" in (pod := found()).get("message", "") else {}, timeout=60
    )
    assert "spec.image names an image that the node cannot pull" in dead["mend"][1]
    kubectl.apply(registry_manifest("team"), namespace=namespace)
    kubectl.wait_ready("team", namespace)


def test_who_may_not_enter_pods_is_told_which_right_lacks(
    kubectl: Kubectl, plugin: Plugin, namespace: str, tmp_path: Path
) -> None:
    kubectl("create", "serviceaccount", "viewer", "-n", namespace)
    bound = ["--clusterrole=view", f"--serviceaccount={namespace}:viewer", "-n", namespace]
    kubectl("create", "rolebinding", "viewer", *bound)
    config = json.loads(kubectl("config", "view", "--minify", "--raw", "--flatten", "-o", "json"))
    config["users"][0]["user"] = {"token": kubectl("create", "token", "viewer", "-n", namespace).strip()}
    limited = tmp_path / "kubeconfig"
    limited.touch(mode=0o600)
    limited.write_text(json.dumps(config))
    assert "team" in plugin("status", "--kubeconfig", str(limited))
    with pytest.raises(CommandError, match="you may not create pods/exec"):
        plugin("gc", "team", "--dry-run", "--kubeconfig", str(limited))
    with pytest.raises(CommandError, match="you may not get secrets"):
        plugin("login", "team", "--print", "--kubeconfig", str(limited))
    assert plugin.broken("team", "--kubeconfig", str(limited)) == {}
