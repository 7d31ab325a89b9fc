"""Configuration files of the node's components: a `Node` in, text out. Rule: pure; no file, no clock, no host."""

import json
from collections.abc import Mapping

from e2e.cluster.archive import architecture
from e2e.cluster.debian import CNI_DIRECTORY
from e2e.cluster.local.node import Node

PAUSE_IMAGE = "docker.io/wharfinger/e2e-pause:1"
CNI_CONFIGURATION = "cni"
"""Directory below the node's configuration where containerd looks for its network."""

_UNUSED_CONTAINERD_PLUGINS = (
    "io.containerd.nri.v1.nri",
    "io.containerd.internal.v1.opt",
    "io.containerd.snapshotter.v1.blockfile",
    "io.containerd.snapshotter.v1.erofs",
    "io.containerd.tracing.processor.v1.otlp",
)


def files(node: Node) -> Mapping[str, str]:
    """Path below the node's configuration directory -> content."""
    return {
        "containerd.toml": containerd(node),
        f"{CNI_CONFIGURATION}/10-bridge.conflist": cni(node),
        "kubelet.yaml": kubelet(node),
        "kube-proxy.yaml": kube_proxy(node),
        "audit.yaml": audit_policy(),
        "resolv.conf": f"nameserver {node.network.dns_ip}\nsearch svc.cluster.local cluster.local\noptions ndots:1\n",
    }


def containerd(node: Node) -> str:
    """Configuration (version 3) of containerd 2.x."""
    text = f"""version = 3
root = "{node.run}/containerd"
state = "/run/containerd"
disabled_plugins = {json.dumps(_UNUSED_CONTAINERD_PLUGINS)}

[grpc]
  address = "{node.socket}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{node.snapshotter}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{PAUSE_IMAGE}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{node.certs_d}"

[plugins."io.containerd.cri.v1.runtime"]
  # Negative scores are refused where the machine's own limit is above them.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "{node.programs["runc"]}"
        SystemdCgroup = false
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{CNI_DIRECTORY}"]
    conf_dir = "{node.configuration}/{CNI_CONFIGURATION}"
"""
    if node.snapshotter != "overlayfs":
        text += _unpack_with(node.snapshotter)
    return text


def _unpack_with(snapshotter: str) -> str:
    return f"""
[plugins."io.containerd.transfer.v1.local"]
  [[plugins."io.containerd.transfer.v1.local".unpack_config]]
    platform = "linux/{architecture()}"
    snapshotter = "{snapshotter}"
"""


def cni(node: Node) -> str:
    """One bridge for all pods; addresses from the pod range; no masquerading, as the host routes the range here."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": node.network.pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge, portmap]}, indent=1)


def kubelet(node: Node) -> str:
    """KubeletConfiguration; JSON, which is YAML."""
    return _document(
        "kubelet.config.k8s.io/v1beta1",
        "KubeletConfiguration",
        {
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(node.pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [node.network.dns_ip],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{node.socket}",
            "resolvConf": str(node.configuration / "resolv.conf"),
            "failCgroupV1": False,
            "failSwapOn": False,
            "cgroupDriver": "cgroupfs",
            # Two kubelets that share one root kill each other's pods.
            "cgroupRoot": f"/{node.cgroup}",
            "oomScoreAdj": 0,
            # A test cluster shares its disk with everything else on the machine: never evict for it.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "0%",
                "nodefs.inodesFree": "0%",
                "imagefs.available": "0%",
                "imagefs.inodesFree": "0%",
            },
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            # How soon a changed Secret reaches a running pod: about this long.
            "syncFrequency": "1s",
            "configMapAndSecretChangeDetectionStrategy": "Watch",
            "serializeImagePulls": False,
            "nodeStatusUpdateFrequency": "4s",
        },
    )


def kube_proxy(node: Node) -> str:
    """KubeProxyConfiguration; JSON, which is YAML."""
    return _document(
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
        {
            "mode": "iptables",
            "clientConnection": {"kubeconfig": str(node.configuration / "proxy.kubeconfig")},
            "clusterCIDR": node.network.pods,
            "hostnameOverride": node.name,
            "oomScoreAdj": 0,
            # These limits belong to the whole machine, not to this node: leave them alone.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
        },
    )


def audit_policy() -> str:
    """Who asked the API server for what, once per request: lets tests count an idle operator's requests."""
    return _document("audit.k8s.io/v1", "Policy", {"omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]})


def _document(version: str, kind: str, fields: Mapping[str, object]) -> str:
    return json.dumps({"apiVersion": version, "kind": kind, **fields}, indent=1) + "\n"
