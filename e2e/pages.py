"""The commands of a documentation page, typed as a reader would type them. Rule: as they are, until one fails.

A page's commands name no namespace; they run where the reader's kubectl points.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.interface import Cluster
from e2e.kubectl import Kubectl, run

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def commands(page: str) -> list[str]:
    """The lines that a reader would type."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def section(page: Path, title: str) -> list[str]:
    """The commands below one heading of the second level."""
    (found,) = [part for part in page.read_text().split("\n## ") if part.startswith(f"{title}\n")]
    typed = commands(found)
    assert typed, f"{page.name} has no commands below {title}"
    return typed


@dataclass(frozen=True)
class Reader:
    """Somebody with a shell in a directory of their own, and a kubectl that points at a namespace."""

    directory: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, cluster: Cluster, kubectl: Kubectl, namespace: str, directory: Path) -> Reader:
        """A reader who has the repository's documentation and manifests before them."""
        own = directory / "kubeconfig"
        own.write_text(kubectl("config", "view", "--raw", "--flatten"))
        Kubectl(kubectl.program, str(own))("config", "set-context", "--current", f"--namespace={namespace}")
        for shared in ("docs", "manifests"):
            (directory / shared).symlink_to(ROOT / shared)
        return cls(directory, {**os.environ, **cluster.environment(), "KUBECONFIG": str(own)})

    def types(self, lines: list[str], *, timeout: float = 280) -> str:
        """Type the lines; what they printed."""
        script = "\n".join(["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT",
                            f"cd {self.directory}", *lines])  # fmt: skip
        return run(["bash", "-c", script], env=self.environment, timeout=timeout)
