"""A volume that many pods may write, for claims with ReadWriteMany: a directory of the one node that there is.

Rule: it stands in for a network file system in what Kubernetes makes of the access mode, and in that several pods have
it at once; that locks hold between machines is not shown by it.
"""

from __future__ import annotations

from typing import Any

from e2e.cluster import images
from e2e.kubectl import Kubectl, eventually

CLASS = "shared"
"""The storage class that volume and claims name; there need be no such object."""


_EMPTY_AND_OPEN = """
import os, shutil
for entry in os.scandir("/volume"):
    shutil.rmtree(entry) if entry.is_dir() else os.unlink(entry)
os.chmod("/volume", 0o777)
"""


def provide(kubectl: Kubectl, namespace: str, size: str = "1Gi") -> str:
    """A volume with the namespace's name, which anybody may write; its name."""
    path = f"/var/lib/kubelet/{CLASS}-{namespace}"
    kubectl("delete", "persistentvolume", namespace, "--ignore-not-found", "--wait=false")
    kubectl.apply(_opener(path), namespace=namespace)

    def opened() -> bool:
        pod = kubectl.get("pod", "opener", namespace) or {}
        return bool(pod["status"].get("phase") == "Succeeded")

    eventually("the directory is empty, and open to all", opened)
    kubectl("delete", "pod", "opener", "-n", namespace)
    volume = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteMany"],
        "storageClassName": CLASS,
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": path},
    }
    kubectl.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": namespace}, "spec": volume})
    return namespace


def _opener(path: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": images.REGISTRY_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", _EMPTY_AND_OPEN],
        "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
        "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "opener"},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "volume", "hostPath": {"path": path, "type": "DirectoryOrCreate"}}],
        },
    }
