"""Fetches the pinned wheels that an image installs. Rule: by hash only, for the image's Python, and once per pin.

pip's own settings on this machine say where packages come from; nothing here does.
"""

import hashlib
import platform
import sys
import tempfile
from pathlib import Path

from e2e.cluster.commands import run
from e2e.cluster.progress import step

PIP = "pip==26.3 --hash=sha256:f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
"""The installer that runs inside the build, as a wheel: base images need not bring one."""
_NEWEST_GLIBC_MINOR = 36
"""manylinux tags up to Debian 12's glibc 2.36."""


def platform_tags(machine: str) -> list[str]:
    """Wheel platforms that run on Debian 12 of this architecture, newest first."""
    return [f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST_GLIBC_MINOR, 16, -1)] + [
        f"manylinux2014_{machine}"
    ]


def wheels_directory(requirements: Path, python: str, cache_directory: Path) -> Path:
    """Where the wheels of a requirements file are kept; the name changes with the pins and the Python version."""
    pins = requirements.read_bytes() + f"{python} {platform.machine()} {PIP}".encode()
    return cache_directory / "wheels" / f"{requirements.stem}-{hashlib.sha256(pins).hexdigest()[:12]}"


def ensure_wheels(requirements: Path, python: str, cache_directory: Path) -> Path:
    """A directory with the wheels of a hashed requirements file, and pip's, for that Python version."""
    target = wheels_directory(requirements, python, cache_directory)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        step(f"fetching the wheels of {requirements.name} for Python {python}"),
        tempfile.TemporaryDirectory(dir=target.parent) as scratch,
    ):
        wheels = Path(scratch) / "wheels"
        installer = Path(scratch) / "pip.txt"
        installer.write_text(PIP)
        for pins in (requirements, installer):
            _download(pins, wheels, python, platform.machine())
        wheels.rename(target)
    return target


def _download(pins: Path, target: Path, python: str, machine: str) -> None:
    tags = [part for tag in platform_tags(machine) for part in ("--platform", tag)]
    run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--requirement", pins, "--only-binary", ":all:", "--dest", target),
            *("--implementation", "cp", "--python-version", python, *tags),
        ],
        timeout=1800,
    )
