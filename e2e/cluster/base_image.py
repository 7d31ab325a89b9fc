"""The image that ours are built upon. Rule: BASE_IMAGE is used as it is; else what can be pulled; else one made here.

The one made here holds Debian's Python and CA certificates and little else, from Debian's own packages.
"""

import os
from pathlib import Path

from e2e.cluster import debian_image
from e2e.cluster.debian_image import SUITE, DebianImage
from e2e.cluster.errors import ClusterError, UnusableMachineError
from e2e.cluster.interface import Cluster
from e2e.cluster.progress import step

OWN = DebianImage(f"docker.io/wharfinger/e2e-base:{SUITE}", ("python3", "ca-certificates"), command=("python3",))


def ensure_base(cluster: Cluster) -> str:
    """Make the cluster's builder hold a base image, and name it."""
    builder = cluster.builder
    if wanted := os.environ.get("BASE_IMAGE"):
        if not builder.pull(wanted):
            raise ClusterError(f"BASE_IMAGE={wanted} is neither here nor can it be pulled; unset it to have one made")
        return wanted
    if cluster.default_base and builder.pull(cluster.default_base):
        return cluster.default_base
    archive = _own_base(cluster.settings.cache)
    mark = debian_image.name_of(archive)
    if not builder.has(mark):
        with step(f"loading base image {mark}"):
            builder.take(archive)
    return mark


def _own_base(cache_directory: Path) -> Path:
    """The archive of our own base image, made unless the cache holds it."""
    try:
        return debian_image.ensure(OWN, cache_directory)
    except UnusableMachineError as error:
        raise ClusterError(
            f"no base image can be pulled, and {error}, or give an image that is here and holds `python3` as BASE_IMAGE"
        ) from error
