"""The first release, as it was: its chart, and its two images built from its sources. Rule: from history, or it fails.

A clone without history lacks it: `git fetch --unshallow` brings it.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

from e2e.cluster import images
from e2e.cluster.interface import Cluster
from e2e.install.rendering import ROOT

REVISION = "079b5064ba2580dcb0e626177e7266d1c23bd3a6"
"""The newest commit before the first release; its tag takes this place once there is one."""
TAG = "first-release"


def checked_out(directory: Path) -> Path:
    """The tree of the first release, written below `directory`."""
    command = ["git", "archive", REVISION, "operator", "registry", "requirements", "charts"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert not done.returncode, f"run `git fetch --unshallow`, as {REVISION} is needed: {done.stderr.decode()}"
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(directory, filter="data")
    return directory


def load_images(tree: Path, cluster: Cluster) -> None:
    """Build the first release's images and load them into the cluster, with the tag `TAG`."""
    sources = [
        replace(source, reference=f"{source.reference.rpartition(':')[0]}:{TAG}")
        for source in (images.OPERATOR, images.REGISTRY)
    ]
    images.ensure_from(tree, cluster, *sources)
