"""Builds the Go programs of a cluster, and those that test a registry. Rule: pinned by go.sum, built once per content.

Each module directory under `go/` pins one project. Its programs are kept in the cache under the version and the hash
of the pinning files, written under a temporary name and renamed, so that a cut-off build starts where it stopped.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from e2e.cluster.commands import run, tail
from e2e.cluster.errors import ClusterError, CommandError, UnusableMachineError
from e2e.cluster.locks import locked
from e2e.cluster.progress import step

PINS = Path(__file__).resolve().parent / "go"
NEEDED_GO = (1, 26)


@dataclass(frozen=True)
class Module:
    """A pinned Go module and the programs built from it."""

    directory: str
    programs: dict[str, str]
    """Program name -> Go package."""
    pinned: str = ""
    """Module path whose version in go.mod is the version of the programs; empty: the sources are ours."""
    version_variable: str = ""
    """Go string variable that the linker sets to the version."""
    minutes: dict[str, float] = field(default_factory=dict)
    """Minutes that a program takes from cold on two cores, where it is worth a word."""
    tags: str = ""
    """Go build tags, comma-separated."""


_KUBERNETES = ("kubectl", "kube-scheduler", "kube-proxy", "kubelet", "kube-controller-manager", "kube-apiserver")
_CONTAINERD = "github.com/containerd/containerd/v2"

MODULES = (
    Module(
        directory="kubernetes",
        programs={name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES},
        pinned="k8s.io/kubernetes",
        version_variable="k8s.io/component-base/version.gitVersion",
        minutes={"kubectl": 1.5, "kube-scheduler": 2, "kubelet": 1, "kube-controller-manager": 2, "kube-apiserver": 1},
    ),
    Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}, pinned="go.etcd.io/etcd/server/v3", minutes={"etcd": 1}),
    Module(
        directory="containerd",
        programs={name: f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
        pinned=_CONTAINERD,
        version_variable=f"{_CONTAINERD}/version.Version",
        minutes={"containerd": 1},
    ),
    Module("coredns", {"coredns": "."}, pinned="github.com/coredns/coredns", minutes={"coredns": 1}),
    Module(
        directory="local-path-provisioner",
        programs={"local-path-provisioner": "github.com/rancher/local-path-provisioner"},
        pinned="github.com/rancher/local-path-provisioner",
        minutes={"local-path-provisioner": 1},
    ),
    Module("pause", {"pause": "."}),
    Module(
        directory="conformance",
        programs={"conformance": "github.com/opencontainers/distribution-spec/conformance"},
        pinned="github.com/opencontainers/distribution-spec/conformance",
        minutes={"conformance": 0.5},
    ),
    Module(
        directory="clients",
        programs={"crane": "github.com/google/go-containerregistry/cmd/crane"},
        pinned="github.com/google/go-containerregistry",
    ),
    Module("clients", {"oras": "oras.land/oras/cmd/oras"}, pinned="oras.land/oras"),
    Module(
        directory="clients",
        programs={"regctl": "github.com/regclient/regclient/cmd/regctl"},
        pinned="github.com/regclient/regclient",
    ),
    Module("helm", {"helm": "helm.sh/helm/v4/cmd/helm"}, pinned="helm.sh/helm/v4", minutes={"helm": 2}),
    Module("argocd", {"argocd": "."}, pinned="github.com/argoproj/argo-cd/v3", minutes={"argocd": 4}),
    *(
        Module(
            directory="flux",
            programs={name: f"github.com/fluxcd/{name}"},
            pinned=f"github.com/fluxcd/{name}",
            minutes={name: 2},
            tags="disable_grpc_modules",  # buckets over HTTP alone, without a service mesh's client library
        )
        for name in ("kustomize-controller", "source-controller")
    ),
    Module(
        directory="promtool",
        programs={"promtool": "github.com/prometheus/prometheus/cmd/promtool"},
        pinned="github.com/prometheus/prometheus",
        minutes={"promtool": 2},
        tags="remove_all_sd",  # no cloud provider's client library: rules are tested, nothing is discovered
    ),
    Module("cosign", {"cosign": "."}, pinned="github.com/sigstore/cosign/v3", minutes={"cosign": 2.5}),
    Module("kind", {"kind": "sigs.k8s.io/kind"}, pinned="sigs.k8s.io/kind"),
    Module(
        directory="distribution",
        programs={"registry": "github.com/distribution/distribution/v3/cmd/registry"},
        pinned="github.com/distribution/distribution/v3",
        version_variable="github.com/distribution/distribution/v3/version.version",
        minutes={"registry": 1},
    ),
    Module("envelope", {"envelope": "."}, pinned="github.com/distribution/distribution/v3", minutes={"envelope": 0.5}),
)
_MODULE_OF = {program: module for module in MODULES for program in module.programs}


def pinned_version(go_mod: str, module: str) -> str:
    """The version that `go_mod` (the file's text) requires of `module`."""
    found = re.search(rf"^(?:require\s+|\t){re.escape(module)} (v\S+)", go_mod, re.MULTILINE)
    if not found:
        raise ClusterError(f"go.mod does not require {module}; restore the file from version control")
    return found.group(1)


@cache
def version_of(program: str) -> str:
    """The pinned version of a program, such as `v1.37.2`; `v1` for our own sources."""
    module = _MODULE_OF[program]
    return pinned_version((PINS / module.directory / "go.mod").read_text(), module.pinned) if module.pinned else "v1"


def content_key(directory: Path, *extra: str) -> str:
    """Twelve hex digits that change with any file in `directory` or any of `extra`."""
    digest = hashlib.sha256()
    for path in sorted(directory.iterdir()):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    digest.update("\0".join(extra).encode())
    return digest.hexdigest()[:12]


class Tools:
    """The programs of a cluster, built on demand into the cache."""

    def __init__(self, cache_directory: Path) -> None:
        self._root = cache_directory / "tools"

    def path(self, program: str) -> Path:
        """Where `program` is (or will be, once ensured)."""
        module = _MODULE_OF[program]
        key = content_key(PINS / module.directory, platform.machine(), module.version_variable, *_tags(module))
        return self._root / f"{module.directory}-{version_of(program)}-{key}" / program

    def ensure(self, programs: Iterable[str]) -> None:
        """Build those of `programs` that the cache does not hold yet."""
        wanted = list(programs)
        if all(self.path(program).exists() for program in wanted):
            return
        require_go()
        with locked(self._root / ".lock"):
            missing = [program for program in wanted if not self.path(program).exists()]
            for number, program in enumerate(missing, start=1):
                self._build(program, f"{number} of {len(missing)}")

    def _build(self, program: str, which: str) -> None:
        module = _MODULE_OF[program]
        target = self.path(program)
        target.parent.mkdir(parents=True, exist_ok=True)
        compiled: list[str] = []
        cold = module.minutes.get(program)
        title = f"building {program} {version_of(program)} ({which}{f', about {cold:g} min from cold' if cold else ''})"
        with (
            step(title, lambda: f"{len(compiled)} packages compiled, last {compiled[-1] if compiled else 'none yet'}"),
            tempfile.TemporaryDirectory(dir=self._root) as scratch,
        ):
            _go_build(module, program, Path(scratch) / program, compiled)
            (Path(scratch) / program).rename(target)


def _tags(module: Module) -> list[str]:
    return [f"-tags={module.tags}"] if module.tags else []


def _go_build(module: Module, program: str, output: Path, compiled: list[str]) -> None:
    """Run `go build`, noting each package in `compiled` as it is reached."""
    flags = "-s -w"
    if module.version_variable:
        flags += f" -X {module.version_variable}={version_of(program)}"
    argv = ["go", "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags]
    argv += [*_tags(module), "-o", str(output), module.programs[program]]
    with subprocess.Popen(
        argv,
        cwd=PINS / module.directory,
        env={**os.environ, "CGO_ENABLED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as build:
        for line in build.stdout or ():
            compiled.append(line.strip())
    if build.returncode:
        raise CommandError(f"go build {program}", build.returncode, tail("\n".join(compiled)))


def go_release(text: str) -> tuple[int, int]:
    """`go version go1.26.8 linux/amd64` -> (1, 26); (0, 0) when it cannot be read."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def require_go() -> None:
    """Raise `UnusableMachineError` unless a Go new enough to build the pinned modules is on PATH."""
    wanted = ".".join(map(str, NEEDED_GO))
    if not shutil.which("go"):
        raise UnusableMachineError(f"Go is missing: install Go {wanted} or newer and put it on PATH")
    if go_release(found := run(["go", "version"])) < NEEDED_GO:
        raise UnusableMachineError(f"Go {wanted} or newer is needed; this is `{found.strip()}`")
