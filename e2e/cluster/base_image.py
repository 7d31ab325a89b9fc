"""The image that ours are built upon. Rule: BASE_IMAGE is used as it is; else what can be pulled; else one made here.

The one made here holds Debian's Python and CA certificates and little else, from Debian's own packages.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.builders import TIMESTAMP
from e2e.cluster.commands import run
from e2e.cluster.debian import IMAGE_PACKAGES, ensure_packages
from e2e.cluster.errors import ClusterError
from e2e.cluster.interface import Cluster
from e2e.cluster.progress import step

SUITE = "bookworm"
PACKAGES = ("python3", "ca-certificates")
REFERENCE = f"docker.io/wharfinger/e2e-base:{SUITE}"
PURGED = (
    # usrmerge is done with its work, and brought all of Perl
    *("usrmerge", "perl", "perl-modules-5.36", "libperl5.36"),
    *("libfile-find-rule-perl", "libnumber-compare-perl", "libtext-glob-perl"),
)
_OPTIONS = (
    *("--variant=essential", f"--include={','.join(PACKAGES)}", "--skip=output/dev"),
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc", "info")),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    f'--customize-hook=chroot "$1" dpkg --purge --force-depends {" ".join(PURGED)}',
    '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/var/lib/apt',
)


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
    mark = archive.with_suffix(".name").read_text()
    if not builder.has(mark):
        with step(f"loading base image {mark}"):
            builder.take(archive)
    return mark


def _own_base(cache_directory: Path) -> Path:
    """The archive of our own base image, made unless the cache holds it."""
    key = hashlib.sha256(json.dumps([_OPTIONS, SUITE, REFERENCE]).encode()).hexdigest()[:12]
    target = cache_directory / "images" / f"e2e-base-{SUITE}-{key}.tar"
    if target.exists():
        return target
    if os.geteuid():
        raise ClusterError(
            "no base image can be pulled, and making one needs root: run it with sudo, or give an image that is here "
            "and holds `python3` as BASE_IMAGE"
        )
    ensure_packages({"mmdebstrap": IMAGE_PACKAGES["mmdebstrap"]})
    reference = f"{REFERENCE}-{key}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        step("making a base image from Debian's packages, about 1 min"),
        tempfile.TemporaryDirectory(dir=target.parent) as scratch,
    ):
        root = Path(scratch) / "root.tar"
        environment = {"SOURCE_DATE_EPOCH": str(TIMESTAMP), "TMPDIR": scratch}
        run(["mmdebstrap", "--quiet", *_OPTIONS, SUITE, root], env=environment, timeout=1800)
        target.with_suffix(".name").write_text(reference)
        write_archive(ScratchImage(reference, root=root, command=("python3",)), target)
    return target
