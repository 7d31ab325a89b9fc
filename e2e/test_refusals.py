"""Bad resources are refused by the API server, or a condition says what is wrong and what to do."""

from typing import Any

import pytest

from e2e.kubectl import CommandError, Kubectl
from e2e.resources import registry_manifest, webhook_manifest

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (registry_manifest("bad", replica=2), 'unknown field "spec.replica"'),
    "a user without a name": (registry_manifest("bad", auth={"users": [{"name": ""}]}), "spec.auth.users"),
    "a user whose name has a colon": (registry_manifest("bad", auth={"users": [{"name": "a:b"}]}), "spec.auth.users"),
    "a user twice": (registry_manifest("bad", auth={"users": [{"name": "a"}, {"name": "a"}]}), "Duplicate value"),
    "a size that is no quantity": (registry_manifest("bad", storage={"size": "ten gigabytes"}), "spec.storage.size"),
    "an issuer that there is not": (registry_manifest("bad", tls={"issuer": "Magic"}), "spec.tls.issuer"),
    "TLS from a Secret that is not named": (registry_manifest("bad", tls={"issuer": "Secret"}), "secretName"),
    "a schedule that is none": (
        registry_manifest("bad", garbageCollection={"schedule": "61 3 * * *"}), "write minute, hour, day of month",
    ),
    "a grace period that a push may outlast": (
        registry_manifest("bad", garbageCollection={"gracePeriod": "1m"}), "make it 10m or more",
    ),
    "a token for ever": (registry_manifest("bad", auth={"tokens": {"lifetime": "9000h"}}), "from 1m to 1h"),
    "a proxy that is no network": (registry_manifest("bad", trustedProxies=["example.com"]), "write 192.0.2.0/24"),
    "a webhook URL that is not http(s)": (webhook_manifest("bad", "team", "ftp://example.com/"), "http"),
    "a webhook over http that does not say insecure": (
        webhook_manifest("bad", "team", "http://example.com/", insecure=False), "insecure",
    ),
    "a webhook without a registry": (
        {"apiVersion": "wharfinger.dev/v1", "kind": "RegistryWebhook", "metadata": {"name": "bad"},
         "spec": {"url": "https://example.com/"}}, "registryRef",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_the_api_server_refuses(kubectl: Kubectl, namespace: str, case: str) -> None:
    bad, said = REFUSED[case]
    with pytest.raises(CommandError) as refused:
        kubectl.apply(bad, namespace=namespace)
    assert said in refused.value.output


def test_shrinking_storage_is_refused_and_the_registry_runs_on(kubectl: Kubectl, namespace: str, registry: str) -> None:
    with pytest.raises(CommandError) as refused:
        kubectl.apply(registry_manifest(registry, storage={"size": "1Gi"}), namespace=namespace)
    assert "shr" in refused.value.output.lower()
    assert kubectl.condition("registry", registry, namespace, "Ready")["status"] == "True"


def test_a_webhook_to_a_missing_registry_says_so_and_mends_when_it_comes(kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(webhook_manifest("early", "late", "https://example.com/"), namespace=namespace)
    found = kubectl.wait_condition("registrywebhook/early", namespace, "Ready", "False")
    assert found["reason"] == "RegistryNotFound"
    assert "late" in found["message"]
    kubectl.apply(registry_manifest("late", storage={"size": "1Gi"}), namespace=namespace)
    kubectl.wait_condition("registrywebhook/early", namespace, "Ready", "True")


def test_a_missing_password_secret_is_named_and_the_registry_recovers(kubectl: Kubectl, namespace: str) -> None:
    users = [{"name": "ci", "passwordFrom": {"secretName": "ci-password", "key": "password"}}]
    kubectl.apply(registry_manifest("given", auth={"users": users}, storage={"size": "1Gi"}), namespace=namespace)
    found = kubectl.wait_condition("registry/given", namespace, "CredentialsReady", "False")
    assert "ci-password" in found["message"]
    kubectl.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ci-password"},
                   "stringData": {"password": "generated-for-this-test"}}, namespace=namespace)  # fmt: skip
    kubectl.wait_ready("given", namespace, timeout=90)


def test_the_operator_has_logged_no_traceback(kubectl: Kubectl) -> None:
    assert "Traceback" not in kubectl("logs", "-n", "wharfinger-system", "deployment/wharfinger")
