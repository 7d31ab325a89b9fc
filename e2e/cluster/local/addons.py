"""What every cluster of ours carries besides Kubernetes: DNS and dynamic volumes.

Rule: manifests are files, only filled in here.
"""

from pathlib import Path
from string import Template

from e2e.cluster.settings import Network
from e2e.cluster.small_images import BUSYBOX, coredns_reference, provisioner_reference

MANIFESTS = Path(__file__).resolve().parent / "manifests"
DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))


def render(network: Network) -> str:
    """All add-ons as one YAML stream."""
    values = {
        "dns_ip": network.dns_ip,
        "coredns_image": coredns_reference(),
        "provisioner_image": provisioner_reference(),
        "busybox_image": BUSYBOX,
    }
    return "\n---\n".join(Template(path.read_text()).substitute(values) for path in sorted(MANIFESTS.glob("*.yaml")))
