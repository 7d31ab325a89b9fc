"""Our two images, from this work tree into the cluster. Rule: an unchanged tree builds nothing and loads nothing.

The builder sees a context staged from the tree: just what the Dockerfile copies, with plain modes, plus the wheels.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.archive import archive_references
from e2e.cluster.base_image import ensure_base
from e2e.cluster.builders import DOCKERFILE, Build, python_version
from e2e.cluster.interface import Cluster
from e2e.cluster.locks import locked
from e2e.cluster.progress import step
from e2e.cluster.settings import REPOSITORY
from e2e.cluster.wheels import ensure_wheels

KEPT_ARCHIVES = 3
"""How many builds of one image the cache keeps."""


def project_version(pyproject: str) -> str:
    """The `version` in the text of pyproject.toml."""
    found = re.search(r'^version = "([^"]+)"', pyproject, re.MULTILINE)
    return found.group(1) if found else "0.0.0"


VERSION = project_version((REPOSITORY / "pyproject.toml").read_text())
OPERATOR_IMAGE = f"docker.io/wharfinger/operator:{VERSION}"
REGISTRY_IMAGE = f"docker.io/wharfinger/wharf:{VERSION}"


@dataclass(frozen=True)
class Source:
    """Where an image comes from in the tree."""

    reference: str
    directory: str
    """Directory of the Dockerfile; its name is also that of the requirements file."""
    package: str
    """The Python package in it."""


OPERATOR = Source(OPERATOR_IMAGE, "operator", "wharfinger")
REGISTRY = Source(REGISTRY_IMAGE, "registry", "wharf")


@dataclass(frozen=True)
class Images:
    """Identities of the images that the cluster has now; they change when what is in them does."""

    operator: str
    registry: str


def ensure(cluster: Cluster) -> Images:
    """Build both images where the tree has changed, and load them into the cluster."""
    archives = ensure_from(REPOSITORY, cluster, OPERATOR, REGISTRY)
    operator, registry = (next(iter(archive_references(archive).values())) for archive in archives)
    return Images(operator.removesuffix(".json"), registry.removesuffix(".json"))


def ensure_from(repository: Path, cluster: Cluster, *sources: Source) -> list[Path]:
    """Build images from a tree, this one or an earlier one, and load them into the cluster; their archives."""
    with locked(cluster.settings.cache / "images" / ".lock"):
        base = ensure_base(cluster)
        archives = [_ensure_archive(repository, cluster, source, base) for source in sources]
        cluster.builder.tidy()
    for archive in archives:
        cluster.load_image(archive)
    return archives


def _ensure_archive(repository: Path, cluster: Cluster, source: Source, base: str) -> Path:
    """The archive of one image, built unless the cache holds one of the same content."""
    cache = cluster.settings.cache
    name = source.directory if repository == REPOSITORY else f"{source.directory}-{source.reference.rpartition(':')[2]}"
    context = cache / "contexts" / name
    python = _python_of(cluster, base)
    wheels = ensure_wheels(repository / "requirements" / f"{source.directory}.txt", python, cache)
    stage(source, wheels, context, repository)
    arguments = {
        "BASE_IMAGE": base,
        "VERSION": VERSION,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/requirements/wheels",
        "PIP_WHEEL": f"/requirements/wheels/{next(wheels.glob('pip-*.whl')).name}",
    }
    key = context_key(context, arguments)
    target = cache / "images" / f"{name}-{cluster.provider}-{key}.tar"
    if not target.exists():
        with step(f"building image {source.reference}"):
            cluster.builder.build(Build(source.reference, context, arguments), target)
        _prune(target, f"{name}-{cluster.provider}-*.tar")
    return target


def stage(source: Source, wheels: Path, context: Path, repository: Path = REPOSITORY) -> None:
    """Make `context` hold what the Dockerfile of `source` copies, and nothing else."""
    shutil.rmtree(context, ignore_errors=True)
    requirements = f"requirements/{source.directory}.txt"
    package = repository / source.directory / source.package
    _copy(repository / source.directory / DOCKERFILE, context / DOCKERFILE)
    _copy(repository / requirements, context / requirements)
    for file in sorted(package.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            _copy(file, context / file.relative_to(repository))
    for wheel in wheels.iterdir():
        _copy(wheel, context / "requirements" / "wheels" / wheel.name)


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    shutil.copyfile(file, target)
    target.chmod(0o644)


def context_key(context: Path, arguments: dict[str, str]) -> str:
    """Twelve hex digits over every file's name and content and the build arguments; wheels count by name and size."""
    digest = hashlib.sha256(repr(sorted(arguments.items())).encode())
    for file in sorted(path for path in context.rglob("*") if path.is_file()):
        # Wheels were checked against their hashes when they came, and the requirements file names those.
        content = str(file.stat().st_size).encode() if file.suffix == ".whl" else file.read_bytes()
        digest.update(f"{file.relative_to(context)}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]


def _python_of(cluster: Cluster, base: str) -> str:
    """Python version of the base image, asked once per name."""
    mark = cluster.settings.cache / "images" / f"python-{hashlib.sha256(base.encode()).hexdigest()[:12]}"
    if not mark.exists():
        mark.write_text(python_version(cluster.builder, base))
    return mark.read_text()


def _prune(newest: Path, pattern: str) -> None:
    """Remove all but the last few archives of an image."""
    found = sorted(newest.parent.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in found[KEPT_ARCHIVES:]:
        archive.unlink()
