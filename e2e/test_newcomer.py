"""The smallest Registry becomes a secured registry, and tells its story."""

import base64
import ssl
import subprocess

from e2e.clients import Login
from e2e.kubectl import Kubectl, eventually

CHILDREN = ["deployment/team", "service/team", "pvc/team", "serviceaccount/team", "configmap/team-ca",
            "secret/team-tls", "secret/team-htpasswd", "secret/team-config", "secret/team-user-admin",
            "secret/team-pull"]  # fmt: skip


def test_the_smallest_registry_is_ready_within_thirty_seconds_and_has_all_its_children(
    kubectl: Kubectl, namespace: str
) -> None:
    kubectl.apply({"apiVersion": "wharfinger.dev/v1", "kind": "Registry", "metadata": {"name": "team"}, "spec": {}},
                  namespace=namespace)  # fmt: skip
    kubectl.wait_ready("team", namespace, timeout=30)
    for child in CHILDREN:
        assert kubectl("get", child, "-n", namespace, "-o", "name").strip(), child


def test_the_table_says_what_one_wants_to_know(kubectl: Kubectl, namespace: str, registry: str) -> None:
    def row() -> list[str] | None:
        cells = kubectl("get", "reg", registry, "-n", namespace, "--no-headers").split()
        return cells if len(cells) == 6 else None

    cells = eventually("every column is filled", row)
    assert cells[0:4] == ["team", "True", f"https://team.{namespace}.svc", "1"]
    header = kubectl("get", "registries", "-n", namespace, "-o", "wide").splitlines()[0]
    assert header.split()[:5] == ["NAME", "READY", "URL", "USERS", "USED"]
    assert "AGE" in header.split()


def test_describe_tells_the_story_in_events_and_conditions(kubectl: Kubectl, namespace: str, registry: str) -> None:
    story = eventually(
        "describe shows Events",
        lambda: (
            text if "<none>" not in (text := kubectl("describe", "registry", registry, "-n", namespace))[-200:] else ""
        ),
    )
    assert "Events:" in story
    for condition in ("Ready", "StorageReady", "CertificateReady", "CredentialsReady", "WorkloadReady"):
        found = kubectl.condition("registry", registry, namespace, condition)
        assert found["status"] == "True", found
        assert found["observedGeneration"] >= 1
        assert found["reason"]
        assert found["message"]


def test_explain_alone_tells_how_to_rotate_to_add_a_webhook_and_to_free_space(kubectl: Kubectl) -> None:
    registry = " ".join(kubectl("explain", "registry").split())
    for told in ("any new text into spec.auth.users[].rotation", "create a RegistryWebhook", "delete images",
                 "raise spec.storage.size"):  # fmt: skip
        assert told in registry
    assert "replaces a generated password" in kubectl("explain", "registry.spec.auth.users.rotation")
    webhook = kubectl("explain", "registrywebhook.spec")
    for field in ("registryRef", "url", "events", "headersFrom", "retry"):
        assert f"\n  {field}\t" in webhook


def test_no_password_or_key_shows_outside_secrets(kubectl: Kubectl, namespace: str, registry: str) -> None:
    secrets = [kubectl.get("secret", f"{registry}-{suffix}", namespace) for suffix in ("user-admin", "tls", "config")]
    values = [base64.b64decode(v).decode() for s in secrets if s for k, v in s["data"].items()
              if k in {"password", "tls.key", "admin-token"}]  # fmt: skip
    assert len(values) == 3
    shown = kubectl("get", "registries,deployments,services,pvc,configmaps,pods,events", "-n", namespace, "-o", "yaml")
    logs = kubectl("logs", "-n", namespace, f"deployment/{registry}")
    logs += kubectl("logs", "-n", "wharfinger-system", "deployment/wharfinger")
    for value in values:
        assert value.strip() not in shown
        assert value.strip() not in logs


def test_the_certificate_is_signed_by_the_published_ca(at: Login) -> None:
    host, _, port = at.host.rpartition(":")
    context = ssl.create_default_context(cadata=at.ca)
    done = subprocess.run(
        ["openssl", "s_client", "-connect", at.host, "-servername", host], input=b"", capture_output=True, check=False
    )
    assert b"BEGIN CERTIFICATE" in done.stdout
    pem = ssl.get_server_certificate((host, int(port)))
    assert "BEGIN CERTIFICATE" in pem
    assert context.cert_store_stats()["x509_ca"] >= 1


def test_the_pod_is_restricted(kubectl: Kubectl, namespace: str, registry: str) -> None:
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    (pod,) = kubectl.list("pods", namespace, f"wharfinger.dev/registry={registry}")
    kubectl("delete", "pod", pod["metadata"]["name"], "-n", namespace)
    kubectl.wait_ready(registry, namespace)
    assert pod["spec"]["automountServiceAccountToken"] is False
