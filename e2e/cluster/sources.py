"""Files that a pinned Go module carries, such as the CRDs of another project. Rule: checked by go.sum, never built."""

import json
import os
import subprocess
from pathlib import Path

from e2e.cluster.errors import CommandError
from e2e.cluster.tools import PINS, pinned_version, require_go


def source_of(directory: str, module: str) -> Path:
    """Where the source tree of `module`, pinned by `go/<directory>`, is on this machine; fetched if need be."""
    require_go()
    version = pinned_version((PINS / directory / "go.mod").read_text(), module)
    done = subprocess.run(
        ["go", "mod", "download", "-json", f"{module}@{version}"],
        cwd=PINS / directory, env={**os.environ, "GOFLAGS": "-mod=mod"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise CommandError(f"go mod download {module}", done.returncode, done.stdout + done.stderr)
    return Path(json.loads(done.stdout)["Dir"])
