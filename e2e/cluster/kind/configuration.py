"""The configuration that `kind create cluster` gets. Rule: pure; what KIND_CONFIG says wins over what we say."""

from collections.abc import Mapping
from typing import Any

import yaml

from e2e.cluster.errors import ClusterError

CERTS_D = "/etc/containerd/certs.d"
_CONTAINERD = f"""[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "{CERTS_D}"
"""


def configuration(*, cgroup_version: str, extra: str = "") -> str:
    """The YAML for kind: one node, registries configurable while it runs; `extra` is the text of KIND_CONFIG."""
    # How soon a changed Secret reaches a running pod: about this long.
    kubelet: dict[str, Any] = {"syncFrequency": "1s"}
    if cgroup_version == "1":
        # Only there, as older kubelets refuse a field that they do not know.
        kubelet["failCgroupV1"] = False
    ours = {
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "kind": "Cluster",
        "nodes": [{"role": "control-plane"}],
        "kubeadmConfigPatches": [
            yaml.safe_dump(
                {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **kubelet},
                sort_keys=False,
            )
        ],
        "containerdConfigPatches": [_CONTAINERD],
    }
    return yaml.safe_dump(merge(ours, _mapping(extra)), sort_keys=False)


def merge(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, lists of patches are joined (theirs last, so that they win), all else is replaced."""
    merged = dict(ours)
    for name, value in theirs.items():
        mine = merged.get(name)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            merged[name] = merge(mine, value)
        elif isinstance(mine, list) and isinstance(value, list) and "Patches" in name:
            merged[name] = mine + value
        else:
            merged[name] = value
    return merged


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        parsed = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ClusterError(f"KIND_CONFIG is not YAML: {error}") from error
    if not isinstance(parsed, Mapping):
        raise ClusterError("KIND_CONFIG must hold a mapping: a kind configuration of `kind: Cluster`, or a part of one")
    return parsed


def hosts_file(current: str, host: str, address: str) -> str:
    """The text of /etc/hosts with `host` (a registry's name, with or without a port) at `address`."""
    name = host.partition(":")[0]
    kept = [line for line in current.splitlines() if name not in line.partition("#")[0].split()[1:]]
    return "\n".join([*kept, f"{address} {name}"]) + "\n"
