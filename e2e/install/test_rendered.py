"""The chart and the kustomizations say the same where they overlap: everywhere but in their tools' own marks."""

import pytest

from e2e.install import rendering
from e2e.install.rendering import VARIANTS, Variant

pytestmark = pytest.mark.programs("helm", "kubectl")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.kustomization)
def test_helm_and_kustomize_come_to_the_same(variant: Variant) -> None:
    chart = rendering.comparable(rendering.chart(variant))
    kustomized = rendering.comparable(rendering.kustomization(variant))
    assert sorted(chart) == sorted(kustomized)
    for key, item in kustomized.items():
        assert chart[key] == item, key


def test_the_chart_passes_helms_own_lint() -> None:
    assert "0 chart(s) failed" in rendering.helm("lint", "--strict", str(rendering.CHART))


@pytest.mark.parametrize("wrong", [
    "replicas=two", "image.digest=sha256:short", "namespaces={Capital}", "nonsense=1", "logLevel=LOUD",
    "image.pullPolicy=Sometimes", "imagePullSecrets[0].nome=x", "test.storageSize=much",
])  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused_before_anything_is_installed(wrong: str) -> None:
    with pytest.raises(AssertionError, match="values don't meet the specifications of the schema"):
        rendering.chart(Variant("", (wrong,)))


def test_an_image_by_digest_from_a_registry_of_ones_own() -> None:
    digest = "sha256:" + "0" * 64
    objects = rendering.chart(Variant("", (f"image.digest={digest}", "image.registry=r.example.com:5000")))
    (deployment,) = [item for item in objects if item["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith("r.example.com:5000/wharfinger/operator:")
    assert container["image"].endswith(f"@{digest}")


def test_confined_to_namespaces_the_operator_is_given_nothing_beyond_them_but_to_read_definitions() -> None:
    objects = rendering.kustomization(Variant("overlays/namespaced"))
    roles = {item["metadata"]["name"]: item["rules"] for item in objects if item["kind"] == "ClusterRole"}
    for binding in (item for item in objects if item["kind"] == "ClusterRoleBinding"):
        for rule in roles[binding["roleRef"]["name"]]:
            assert set(rule["verbs"]) <= {"get", "list", "watch"}, rule
            assert not {"secrets", "pods", "configmaps"} & set(rule["resources"]), rule
    bound = [item["metadata"]["namespace"] for item in objects if item["kind"] == "RoleBinding"]
    (deployment,) = [item for item in objects if item["kind"] == "Deployment"]
    environment = {
        entry["name"]: entry.get("value") for entry in deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert sorted(bound) == sorted([*environment["WHARFINGER_NAMESPACES"].split(","), rendering.NAMESPACE])
