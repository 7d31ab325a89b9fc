"""Deployment NAME."""

import dataclasses

import pytest

from wharfinger.children.deployment import PodSettings, deployment

PLAIN = PodSettings(image="wharf:1", pull_policy="IfNotPresent", resources={"limits": {"memory": "1Gi"}})
SHARED = dataclasses.replace(PLAIN, standby=True)
FULL = PodSettings(
    image="wharf:1",
    pull_policy="Always",
    resources={},
    node_selector={"disk": "fast"},
    tolerations=[{"operator": "Exists"}],
    affinity={"nodeAffinity": {"x": [1]}},
    priority_class="high",
    labels={"team": "a", "app.kubernetes.io/name": "mine"},
    annotations={"a": "b"},
)


@pytest.fixture
def made(owner):
    return deployment(owner, replicas=1, surge=False, claim="team", tls=True, pod=PLAIN)


def test_it_is_as_written_down(made, golden):
    golden("deployment", made)


def test_everything_set_is_as_written_down(owner, golden):
    golden("deployment_full", deployment(owner, replicas=0, surge=False, claim="old", tls=False, pod=FULL))


def test_for_a_claim_of_many_pods_it_is_as_written_down(owner, golden):
    golden("deployment_shared", deployment(owner, replicas=2, surge=True, claim="team", tls=True, pod=SHARED))


def test_the_pod_passes_the_restricted_pod_security_standard(made):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    assert kinds <= {"projected", "emptyDir", "persistentVolumeClaim", "secret", "configMap"}


def test_probes_ask_the_admin_port_by_the_registry_s_scheme(owner, made):
    plain = deployment(owner, replicas=1, surge=False, claim="team", tls=False, pod=PLAIN)
    for manifest, scheme in ((made, "HTTPS"), (plain, "HTTP")):
        (container,) = manifest["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container[probe]["httpGet"]["port"] == "admin"
            assert container[probe]["httpGet"]["scheme"] == scheme


def test_the_pod_mounts_hashes_and_certificate_but_never_the_ca_key_or_passwords(made):
    (settings,) = [v for v in made["spec"]["template"]["spec"]["volumes"] if v["name"] == "settings"]
    sources = [source["secret"]["name"] for source in settings["projected"]["sources"]]
    assert sources == ["team-config", "team-config", "team-htpasswd", "team-tls"]


def test_labels_of_the_user_cannot_take_the_pod_from_its_selector(owner):
    made = deployment(owner, replicas=1, surge=False, claim="team", tls=True, pod=FULL)
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert labels["team"] == "a"
