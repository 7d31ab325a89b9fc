"""The commands of the tutorial, as they stand there, do what it says."""

import os
import subprocess
from pathlib import Path

from e2e.cluster.interface import Cluster
from e2e.kubectl import Kubectl, absent, eventually
from e2e.pages import ROOT, commands


def test_a_reader_who_types_the_tutorial_gets_what_it_promises(
    cluster: Cluster, kubectl: Kubectl, tmp_path: Path
) -> None:
    for shared in ("manifests", "crds", "e2e", ".venv"):
        (tmp_path / shared).symlink_to(ROOT / shared)
    typed = commands((ROOT / "docs" / "tutorial.md").read_text())
    assert len(typed) > 10
    script = "\n".join(["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null' EXIT", *typed])
    environment = {**os.environ, **cluster.environment(), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello from an image that Wharfinger keeps" in done.stdout
    eventually("the claim is gone", lambda: absent(kubectl, "pvc", "team", "default"))
