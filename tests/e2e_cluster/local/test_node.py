"""The description that both sides of a node read, and what is written from it."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.cluster.local import configurations
from e2e.cluster.local.components import KUBECONFIGS, components
from e2e.cluster.local.node import Node
from e2e.cluster.local.provider import PROGRAMS
from e2e.cluster.settings import Settings


@pytest.fixture
def node(tmp_path: Path) -> Node:
    settings = Settings.read({"XDG_CACHE_HOME": str(tmp_path), "WHARFINGER_CLUSTER": "one"})
    programs = {name: f"/tools/{name}" for name in (*PROGRAMS, "runc")}
    return Node.of(settings, programs, "overlayfs")


def test_what_is_saved_is_what_is_loaded(node: Node) -> None:
    node.run.mkdir(parents=True)
    node.save()
    assert Node.load(node.run) == node


def test_containerd_uses_our_socket_runtime_sandbox_and_registries(node: Node) -> None:
    parsed = tomllib.loads(configurations.containerd(node))
    images = parsed["plugins"]["io.containerd.cri.v1.images"]
    runtime = parsed["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["runc"]
    assert parsed["grpc"]["address"] == str(node.socket)
    assert images["registry"]["config_path"] == str(node.certs_d)
    assert images["pinned_images"]["sandbox"] == configurations.PAUSE_IMAGE
    assert runtime["options"] == {"BinaryName": "/tools/runc", "SystemdCgroup": False}


def test_another_snapshotter_is_used_for_imports_too(node: Node) -> None:
    parsed = tomllib.loads(configurations.containerd(replace(node, snapshotter="native")))
    assert parsed["plugins"]["io.containerd.cri.v1.images"]["snapshotter"] == "native"
    assert parsed["plugins"]["io.containerd.transfer.v1.local"]["unpack_config"][0]["snapshotter"] == "native"


def test_the_kubelet_keeps_to_its_own_control_group_and_evicts_for_no_disk(node: Node) -> None:
    parsed = json.loads(configurations.kubelet(node))
    assert parsed["cgroupRoot"] == "/wharfinger-one"
    assert parsed["clusterDNS"] == [node.network.dns_ip]
    assert parsed["evictionHard"]["nodefs.available"] == "0%"


def test_pods_get_addresses_from_the_pod_range(node: Node) -> None:
    bridge = json.loads(configurations.cni(node))["plugins"][0]
    assert bridge["ipam"]["ranges"] == [[{"subnet": node.network.pods}]]
    assert bridge["ipMasq"] is False


def test_kube_proxy_leaves_the_machines_limits_alone(node: Node) -> None:
    parsed = json.loads(configurations.kube_proxy(node))
    assert parsed["conntrack"]["maxPerCore"] == parsed["conntrack"]["min"] == 0
    assert parsed["clusterCIDR"] == node.network.pods


def test_every_configuration_file_that_a_component_names_is_written(node: Node) -> None:
    written = {f"{node.configuration}/{name}" for name in configurations.files(node)}
    written |= {f"{node.configuration}/{name}.kubeconfig" for name in KUBECONFIGS}
    named = {
        value
        for component in components(node)
        for argument in component.argv
        if (value := argument.rpartition("=")[2]).startswith(f"{node.configuration}/")
    }
    assert named <= written


def test_every_component_is_a_program_that_is_built_and_the_store_comes_first(node: Node) -> None:
    names = [component.name for component in components(node)]
    assert set(names) <= set(PROGRAMS)
    assert names[:2] == ["etcd", "kube-apiserver"]
    assert [component.needs_api for component in components(node)] == sorted(c.needs_api for c in components(node))


def test_the_api_server_authorizes_by_rbac_and_writes_an_audit_log(node: Node) -> None:
    argv = next(component.argv for component in components(node) if component.name == "kube-apiserver")
    assert "--authorization-mode=Node,RBAC" in argv
    assert f"--audit-log-path={node.logs}/audit.log" in argv
