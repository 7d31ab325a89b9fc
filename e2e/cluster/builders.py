"""Builds a Dockerfile into an image archive, with buildah or with a Docker engine.

Rule: same context in, same image out: no network during the build, and every time stamp is `TIMESTAMP`.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from e2e.cluster.commands import run, succeeds
from e2e.cluster.errors import ClusterError, CommandError

TIMESTAMP = 1767225600
"""2026-01-01T00:00:00Z, in seconds: the time of everything in our images."""
DOCKERFILE = "Dockerfile"
MOST_IMAGES = 300
"""How many images, intermediate ones included, buildah's storage may hold before it is emptied."""
_BUILDKIT = {
    # The engine's own builder, which sees the engine's own images.
    "BUILDX_BUILDER": "default",
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    "SOURCE_DATE_EPOCH": str(TIMESTAMP),
}


@dataclass(frozen=True)
class Build:
    """One image to build."""

    reference: str
    """Full name with tag."""
    context: Path
    """Directory that holds all that the Dockerfile (in it, as `Dockerfile`) copies."""
    arguments: Mapping[str, str] = field(default_factory=dict)


class Builder(ABC):
    """Something that builds Dockerfiles."""

    @abstractmethod
    def has(self, reference: str) -> bool:
        """Whether the builder holds this image already."""

    @abstractmethod
    def take(self, archive: Path) -> None:
        """Take the images of a `docker save` archive, to build upon."""

    @abstractmethod
    def pull(self, reference: str) -> bool:
        """Try to fetch an image from its registry; whether the builder holds it now."""

    @abstractmethod
    def build(self, build: Build, target: Path) -> None:
        """Build, and write the image as a `docker save` archive to `target`, atomically."""

    @abstractmethod
    def tidy(self) -> None:
        """Forget old builds when they have become many."""

    @abstractmethod
    def output(self, reference: str, command: list[str]) -> str:
        """Run a program of an image that the builder holds; what it printed."""


class Buildah(Builder):
    """buildah, with a storage of its own so that nobody else's images are touched."""

    def __init__(self, cache_directory: Path) -> None:
        storage = cache_directory / "buildah"
        self._storage = ["--root", str(storage / "root"), "--runroot", str(storage / "run")]

    def has(self, reference: str) -> bool:
        """Whether the storage holds this image."""
        return succeeds(self._command("inspect", "--type", "image", reference))

    def take(self, archive: Path) -> None:
        """Import an archive."""
        run(self._command("pull", "--quiet", f"docker-archive:{archive}"))

    def pull(self, reference: str) -> bool:
        """Try to fetch an image."""
        return self.has(reference) or succeeds(self._command("pull", "--quiet", reference), timeout=600)

    def build(self, build: Build, target: Path) -> None:
        """Build with chroot isolation (which needs neither runc nor a network) and write the archive."""
        arguments = [part for item in build.arguments.items() for part in ("--build-arg", "=".join(item))]
        run(
            self._command(
                *("bud", "--pull-never", "--isolation", "chroot", "--network", "host", "--layers"),
                *("--timestamp", str(TIMESTAMP), "--format", "oci", "--identity-label=false"),
                *(*arguments, "--tag", build.reference, str(build.context)),
                network=False,
            ),
            timeout=1800,
        )
        partial = _fresh(target)
        run(self._command("push", "--quiet", build.reference, f"docker-archive:{partial}:{build.reference}"))
        partial.rename(target)

    def tidy(self) -> None:
        """Forget all when old builds have become many: what is needed is there again in half a minute."""
        if len(run(self._command("images", "--all", "--quiet")).split()) > MOST_IMAGES:
            run(self._command("rmi", "--all", "--force"))

    def output(self, reference: str, command: list[str]) -> str:
        """Run a program in a container that is removed afterwards."""
        container = run(self._command("from", "--pull-never", reference)).strip()
        try:
            return run(self._command("run", "--isolation", "chroot", container, "--", *command))
        finally:
            run(self._command("rm", container))

    def _command(self, *arguments: str, network: bool = True) -> list[str]:
        # In a mount namespace of its own, as the storage driver leaves a mount behind. A build's "host" network, the
        # only one that chroot isolation knows, is an empty namespace.
        namespaces = ["--mount", "--propagation", "private", *([] if network else ["--net"])]
        return ["unshare", *namespaces, "buildah", *self._storage, *arguments]


class DockerEngine(Builder):
    """The builder of a Docker engine."""

    def tidy(self) -> None:
        """Nothing: the engine and what is in it are somebody else's."""

    def has(self, reference: str) -> bool:
        """Whether the engine holds this image."""
        return succeeds(["docker", "image", "inspect", reference])

    def take(self, archive: Path) -> None:
        """Load an archive."""
        run(["docker", "load", "--input", archive])

    def pull(self, reference: str) -> bool:
        """Try to fetch an image."""
        return self.has(reference) or succeeds(["docker", "pull", "--quiet", reference], timeout=600)

    def build(self, build: Build, target: Path) -> None:
        """Build and save."""
        arguments = [part for item in build.arguments.items() for part in ("--build-arg", "=".join(item))]
        command = ["docker", "build", "--network", "none", "--tag", build.reference, *arguments, str(build.context)]
        try:
            run(command, env={**_BUILDKIT, "DOCKER_BUILDKIT": "1"}, timeout=1800)
        except CommandError as error:
            if "buildx component is missing" not in error.output:
                raise
            # Our Dockerfiles need nothing that the engine's old builder lacks.
            run(command, env={"DOCKER_BUILDKIT": "0"}, timeout=1800)
        partial = _fresh(target)
        run(["docker", "save", "--output", partial, build.reference])
        partial.rename(target)

    def output(self, reference: str, command: list[str]) -> str:
        """Run a program in a container that is removed afterwards."""
        program, *arguments = command
        return run(["docker", "run", "--rm", "--network", "none", "--entrypoint", program, reference, *arguments])


def python_version(builder: Builder, reference: str) -> str:
    """The `major.minor` of the `python3` in an image."""
    script = "import json, sys; print(json.dumps(sys.version_info[:2]))"
    try:
        major, minor = json.loads(builder.output(reference, ["python3", "-c", script]))
    except (ValueError, ClusterError) as error:
        raise ClusterError(f"the base image {reference} needs a `python3` on its PATH: {error}") from error
    return f"{major}.{minor}"


def _fresh(target: Path) -> Path:
    """A name beside `target` to write to; what a cut-off run left there is removed, as buildah adds to archives."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    return partial
