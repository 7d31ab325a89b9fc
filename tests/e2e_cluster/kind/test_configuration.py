"""The configuration that kind gets."""

from typing import Any

import pytest
import yaml
from e2e.cluster.errors import ClusterError
from e2e.cluster.kind.configuration import configuration, hosts_file


def parsed(cgroup_version: str = "2", extra: str = "") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(configuration(cgroup_version=cgroup_version, extra=extra))
    return loaded


def kubelet(content: dict[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = yaml.safe_load(content["kubeadmConfigPatches"][0])
    return patch


def test_registries_can_be_configured_while_the_node_runs() -> None:
    assert 'config_path = "/etc/containerd/certs.d"' in parsed()["containerdConfigPatches"][0]


def test_only_a_host_with_control_groups_of_version_1_needs_the_kubelets_consent() -> None:
    assert kubelet(parsed("1"))["failCgroupV1"] is False
    assert "failCgroupV1" not in kubelet(parsed("2"))


def test_patches_are_added_after_ours_and_all_else_wins() -> None:
    extra = """
nodes: [{role: control-plane, image: my/node}]
networking: {ipFamily: ipv4}
kubeadmConfigPatches: ["kind: KubeletConfiguration\\nmaxPods: 20\\n"]
"""
    content = parsed(extra=extra)
    assert content["nodes"] == [{"role": "control-plane", "image": "my/node"}]
    assert content["networking"] == {"ipFamily": "ipv4"}
    assert len(content["kubeadmConfigPatches"]) == 2
    assert "maxPods" in content["kubeadmConfigPatches"][1]


@pytest.mark.parametrize("extra", ["- a\n", "{"])
def test_what_is_no_kind_configuration_is_refused_by_the_settings_name(extra: str) -> None:
    with pytest.raises(ClusterError, match="KIND_CONFIG"):
        parsed(extra=extra)


def test_a_registrys_name_gets_its_address_once() -> None:
    current = "127.0.0.1 localhost\n10.0.0.1 team.ci.svc\n# team.ci.svc\n"
    assert hosts_file(current, "team.ci.svc:5000", "10.0.0.2") == (
        "127.0.0.1 localhost\n# team.ci.svc\n10.0.0.2 team.ci.svc\n"
    )
