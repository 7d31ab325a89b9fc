"""The control group of a cluster's pods, version 1 and 2. Rule: only the one named group is made, filled or removed."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from e2e.cluster.commands import wait_for
from e2e.cluster.errors import UnusableMachineError

ROOT = Path("/sys/fs/cgroup")
NEEDED = ("cpu", "memory", "pids", "cpuset")


def hierarchies() -> list[Path]:
    """Roots of the control group hierarchies: one with version 2, one per controller with version 1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    found = [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink() and path.name != "unified"]
    if not {"memory", "cpuset", "pids"} <= {part for path in found for part in path.name.split(",")}:
        raise UnusableMachineError(f"{ROOT} lacks controllers (memory, cpuset, pids); mount the control groups there")
    return found


def make(name: str) -> None:
    """Make the group `name` in every hierarchy, ready for kubelet."""
    for hierarchy in hierarchies():
        group = hierarchy / name
        if (hierarchy / "cgroup.subtree_control").exists():
            _delegate(hierarchy)
            group.mkdir(exist_ok=True)
            _delegate(group)
        else:
            group.mkdir(exist_ok=True)
            # A new version 1 cpuset starts empty, and no process can enter it.
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (hierarchy / file).exists():
                    (group / file).write_text((hierarchy / file).read_text())


def _delegate(group: Path) -> None:
    offered = (group / "cgroup.controllers").read_text().split()
    for controller in NEEDED:
        if controller not in offered:
            raise UnusableMachineError(f"control group {group} does not offer the {controller} controller")
        (group / "cgroup.subtree_control").write_text(f"+{controller}")


def groups(name: str) -> list[Path]:
    """Every existing group of that name."""
    if not ROOT.exists():
        return []
    return [path for path in (ROOT / name, *ROOT.glob(f"*/{name}")) if path.is_dir()]


def remove(name: str, *, seconds: float = 20) -> None:
    """End what still runs in the group, by process id, and remove it everywhere."""

    def gone() -> bool:
        for group in groups(name):
            for directory, _, _ in os.walk(group, topdown=False):
                _end_processes(Path(directory))
                with suppress(OSError):  # busy until its last process is gone; tried again
                    Path(directory).rmdir()
        return not groups(name)

    wait_for(f"removing control group {name}", gone, seconds=seconds, delay=0.2)


def _end_processes(group: Path) -> None:
    with suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
