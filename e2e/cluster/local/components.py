"""The node's processes and their arguments. Rule: pure, and in the order in which they are started."""

from dataclasses import dataclass

from e2e.cluster.local.node import Node

KUBECONFIGS = ("controller-manager", "scheduler", "proxy", "kubelet")
"""Identities whose kubeconfig lies in the node's configuration directory as `<identity>.kubeconfig`."""


@dataclass(frozen=True)
class Component:
    """One process that PID 1 keeps running."""

    name: str
    argv: list[str]
    needs_api: bool = False
    """Started only when the API server answers that it is ready."""


def components(node: Node) -> list[Component]:
    """All processes of a node that is control plane and worker in one."""
    etc = node.configuration
    return [
        Component("etcd", _etcd(node)),
        Component("kube-apiserver", _apiserver(node)),
        Component("containerd", [node.programs["containerd"], "--config", f"{etc}/containerd.toml"]),
        Component("kube-controller-manager", _controller_manager(node), needs_api=True),
        Component("kube-scheduler", _scheduler(node), needs_api=True),
        Component("kube-proxy", [node.programs["kube-proxy"], f"--config={etc}/kube-proxy.yaml"], needs_api=True),
        Component("kubelet", _kubelet(node), needs_api=True),
    ]


def _etcd(node: Node) -> list[str]:
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        node.programs["etcd"],
        "--name=node",
        f"--data-dir={node.run}/etcd",
        # A crash of the whole machine may lose the cluster's state; `up` then starts it anew.
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=node={peer}",
        "--log-level=warn",
    ]


def _apiserver(node: Node) -> list[str]:
    pki = node.pki
    return [
        node.programs["kube-apiserver"],
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={node.network.node_ip}",
        "--secure-port=6443",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        f"--service-cluster-ip-range={node.network.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        f"--audit-policy-file={node.configuration}/audit.yaml",
        f"--audit-log-path={node.logs}/audit.log",
        "--audit-log-maxsize=200",
        "--audit-log-maxbackup=1",
        "--profiling=false",
    ]


def _controller_manager(node: Node) -> list[str]:
    kubeconfig = f"{node.configuration}/controller-manager.kubeconfig"
    return [
        node.programs["kube-controller-manager"],
        *_kubeconfig_flags(kubeconfig),
        "--use-service-account-credentials",
        f"--root-ca-file={node.pki}/ca.crt",
        f"--service-account-private-key-file={node.pki}/sa.key",
        f"--cluster-signing-cert-file={node.pki}/ca.crt",
        f"--cluster-signing-key-file={node.pki}/ca.key",
        # The CNI configuration holds the node's only pod range.
        "--controllers=*,-nodeipam",
        "--profiling=false",
    ]


def _scheduler(node: Node) -> list[str]:
    kubeconfig = f"{node.configuration}/scheduler.kubeconfig"
    return [node.programs["kube-scheduler"], *_kubeconfig_flags(kubeconfig), "--profiling=false"]


def _kubeconfig_flags(kubeconfig: str) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
    ]


def _kubelet(node: Node) -> list[str]:
    return [
        node.programs["kubelet"],
        f"--config={node.configuration}/kubelet.yaml",
        f"--kubeconfig={node.configuration}/kubelet.kubeconfig",
        f"--hostname-override={node.name}",
        f"--node-ip={node.network.node_ip}",
        "--root-dir=/var/lib/kubelet",
    ]
