"""From the chart and the images of the first release to the present ones, while a client pulls without a pause."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from e2e.clients import Skopeo, login
from e2e.cluster.images import VERSION
from e2e.install import first_release
from e2e.install.fresh import CRDS, Fresh
from e2e.install.pulls import Pulls, pulling
from e2e.install.rendering import NAMESPACE, ROOT
from e2e.kubectl import eventually
from e2e.resources import registry_manifest

UPGRADE = f"helm upgrade wharfinger charts/wharfinger --namespace {NAMESPACE} --take-ownership --wait --timeout 3m"
OLD = f"--set image.tag={first_release.TAG},registryImage.tag={first_release.TAG}"
NEW = f"--set image.tag={VERSION},registryImage.tag={VERSION}"


@pytest.mark.timeout(900)
@pytest.mark.programs("helm")
def test_the_upgrade_from_the_first_release_fails_no_pull(fresh: Fresh, archive: Path, tmp_path: Path) -> None:
    tree = first_release.checked_out(tmp_path / "tree")
    first_release.load_images(tree, fresh.cluster)
    fresh.restricted(NAMESPACE)
    fresh.shell(f"helm install wharfinger {tree}/charts/wharfinger --namespace {NAMESPACE} {OLD}")
    client = with_an_image(fresh, archive, tmp_path)
    with pulling(client, "apps/hello:1", tmp_path) as pulls:
        eventually("pulls are under way", lambda: pulls.done > 5)
        fresh.shell(f"{UPGRADE} {NEW}")
        settled(fresh, pulls)
    assert not pulls.failed, pulls.failed[0]
    print(f"{pulls.done} pulls; {len(pulls.refused)} refusals while the pod was replaced, for {pulls.longest:.1f} s")
    shown = fresh.kubectl("get", "crd", CRDS[0], "-o", "json")
    wanted = yaml.safe_load((ROOT / "crds" / "wharfinger.dev_registries.yaml").read_text())
    spec = wanted["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    missing = [field for field in spec if f'"{field}"' not in shown]
    assert not missing, f"the definition was not upgraded: {missing}"


def with_an_image(fresh: Fresh, archive: Path, directory: Path) -> Skopeo:
    """A client of a Registry that is reached on a port of the node, and has an image."""
    kubectl, address = fresh.kubectl, fresh.cluster.node_address()
    wanted = registry_manifest("team", service={"type": "NodePort"}, tls={"hosts": [address]})
    kubectl.apply(wanted, namespace="default")
    kubectl.wait_ready("team", "default", timeout=120)
    service = kubectl.get("service", "team", "default") or {}
    port = service["spec"]["ports"][0]["nodePort"]
    client = Skopeo(login(kubectl, "team", "default", f"{address}:{port}"), directory)
    client.login()
    client.push(f"docker-archive:{archive}", "apps/hello:1")
    return client


def settled(fresh: Fresh, pulls: Pulls) -> None:
    """The present operator has seen to the Registry, which runs the image that it should, and pulls go on."""
    kubectl = fresh.kubectl
    template = "jsonpath={.spec.template.spec.containers[0].image}"

    def rolled_out() -> bool:
        image = kubectl("get", "deployment", "team", "-n", "default", "-o", template)
        assert image == f"wharfinger/wharf:{VERSION}", image
        log = kubectl("logs", "deployment/wharfinger", "-n", NAMESPACE)
        assert "reconcile failed" not in log, log
        return True

    eventually("the Deployment has the present image", rolled_out, timeout=120)
    kubectl("rollout", "status", "deployment/team", "-n", "default", "--timeout=120s", timeout=150)
    kubectl.wait_ready("team", "default", timeout=120)
    before = pulls.done
    eventually("pulls go on", lambda: pulls.done > before + 20, timeout=60)
