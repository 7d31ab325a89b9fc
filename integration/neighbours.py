"""Custom resource definitions of others, as their projects ship them: cert-manager, the Gateway API.

Rule: pinned by go.sum in `pins/`, fetched through Go's module cache, never copied.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from integration.api import Api, ApiError, Object, eventually

PINS = Path(__file__).parent / "pins"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CERT_MANAGER = ("github.com/cert-manager/cert-manager", "deploy/crds", ("cert-manager.io_certificates.yaml",))
GATEWAY_API = (
    "sigs.k8s.io/gateway-api",
    "config/crd/standard",
    ("gateway.networking.k8s.io_httproutes.yaml", "gateway.networking.k8s.io_backendtlspolicies.yaml"),
)
Project = tuple[str, str, tuple[str, ...]]


def manifests(project: Project) -> list[Object]:
    """The definitions of a project."""
    module, folder, files = project
    program = shutil.which("go")
    assert program, "go is needed: install it (https://go.dev)"
    done = subprocess.run([program, "mod", "download", "-json", module], cwd=PINS, capture_output=True, check=True)
    directory = Path(json.loads(done.stdout)["Dir"]) / folder
    found: list[Any] = [yaml.safe_load((directory / name).read_text()) for name in files]
    return found


async def install(api: Api, project: Project) -> None:
    """Create the definitions, and wait until they are served."""
    for manifest in manifests(project):
        await api.patch(f"{_CRDS}/{manifest['metadata']['name']}", manifest, "apply")
    for manifest in manifests(project):
        spec = manifest["spec"]

        async def served(path: str = f"/apis/{spec['group']}/v1/{spec['names']['plural']}") -> bool:
            await api.list(path)
            return True

        await eventually("a kind is served", served)


async def remove(api: Api, project: Project) -> None:
    """Delete the definitions, and what was made of them."""
    for manifest in manifests(project):
        try:
            await api.delete(f"{_CRDS}/{manifest['metadata']['name']}")
        except ApiError as error:
            if error.status != 404:
                raise
