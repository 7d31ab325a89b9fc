"""On a cluster with nothing on it, one documented command ends in an operator that works."""

from __future__ import annotations

import re

import pytest
import yaml

from e2e.cluster.sources import source_of
from e2e.install import rendering
from e2e.install.fresh import Fresh
from e2e.install.rendering import NAMESPACE, ROOT, VARIANTS, Object
from e2e.kubectl import Kubectl, absent, eventually

HELM_INSTALL = "helm install wharfinger charts/wharfinger --namespace wharfinger-system --create-namespace"
KUSTOMIZE = "kubectl apply --server-side -k manifests/base"
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
pytestmark = [pytest.mark.timeout(900), pytest.mark.programs("helm")]  # the first of them brings the cluster up
WATCHED = ("servicemonitors", "podmonitors", "prometheusrules")


def test_one_command_of_the_readme_installs_it_by_kustomize(fresh: Fresh) -> None:
    assert f"$ {KUSTOMIZE}\n" in (ROOT / "README.md").read_text()
    fresh.shell(KUSTOMIZE)
    fresh.works("default")


def test_one_command_of_the_readme_installs_it_by_helm_and_its_test_and_its_removal_do_what_they_say(
    fresh: Fresh,
) -> None:
    assert f"$ {HELM_INSTALL}\n" in (ROOT / "README.md").read_text()
    kubectl = fresh.kubectl
    fresh.restricted(NAMESPACE)
    notes = fresh.shell(HELM_INSTALL)
    assert "helm test wharfinger --namespace wharfinger-system" in notes
    fresh.works("default")
    told = fresh.shell("helm test wharfinger --namespace wharfinger-system --logs")
    assert "the registry takes its password: 200" in told
    assert "the operator is ready: 200" in told
    eventually("the test's Registry is gone", lambda: absent(kubectl, "registry", "wharfinger-test", NAMESPACE))
    eventually("and its claim", lambda: absent(kubectl, "pvc", "wharfinger-test", NAMESPACE))
    fresh.shell("helm uninstall wharfinger --namespace wharfinger-system --wait")
    assert kubectl.get("registry", "team", "default"), "the definitions are kept, and with them every Registry"
    fresh.shell(HELM_INSTALL)
    fresh.works("default")


def test_confined_to_namespaces_it_works_there_and_can_read_no_secret_elsewhere(fresh: Fresh) -> None:
    kubectl = fresh.kubectl
    for name in ("team-a", "team-b"):
        fresh.restricted(name)
    fresh.shell("kubectl apply --server-side -k manifests/overlays/namespaced")
    fresh.works("team-b")
    operator = f"--as=system:serviceaccount:{NAMESPACE}:wharfinger"
    assert kubectl("auth", "can-i", "list", "secrets", "-n", "team-a", operator).strip() == "yes"
    refused = fresh.shell(f"kubectl auth can-i list secrets -n default {operator} || true")
    assert refused.strip() == "no"
    log = kubectl("logs", "deployment/wharfinger", "-n", NAMESPACE)
    assert "403" not in log, log


def test_the_api_server_takes_everything_that_is_rendered_field_for_field(fresh: Fresh) -> None:
    kubectl = fresh.kubectl
    crds = source_of("prometheus-operator", PROMETHEUS_OPERATOR) / "example" / "prometheus-operator-crd"
    for kind in WATCHED:
        kubectl("apply", "--server-side", "-f", str(crds / f"monitoring.coreos.com_{kind}.yaml"))
    kubectl("apply", "--server-side", "-f", str(ROOT / "crds" / "wharfinger.dev_registries.yaml"))
    for name in (NAMESPACE, "team-a", "team-b"):
        fresh.restricted(name)
    try:
        for variant in VARIANTS:
            for way in (rendering.chart, rendering.kustomization, rendering.hooks):
                dry_run(kubectl, way(variant), f"{way.__name__} {variant.kustomization}")
        dry_run(kubectl, from_page("monitoring"), "docs/how-to/monitoring.md")
    finally:
        for kind in WATCHED:
            kubectl("delete", "crd", f"{kind}.monitoring.coreos.com")


def dry_run(kubectl: Kubectl, objects: list[Object], what: str) -> None:
    """Have the API server check the objects, as strictly as it can, without keeping them."""
    assert objects, what
    text = yaml.safe_dump_all(objects)
    told = kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-",
                   stdin=text)  # fmt: skip
    assert told.count("serverside-applied") == len(objects), f"{what}: {told}"


def from_page(name: str) -> list[Object]:
    """The whole objects that a how-to page shows."""
    page = (ROOT / "docs" / "how-to" / f"{name}.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    return [block for block in blocks if "apiVersion" in block]
