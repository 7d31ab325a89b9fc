"""Fixtures of the integration tests: one control plane for all, a namespace and operators for each test.

Rule: what a test made is taken away after it, so that the next operator finds nothing to do.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from e2e.programs import build

from integration.api import Api
from integration.audit import Audit
from integration.control_plane import PROGRAMS, ControlPlane, control_plane
from integration.installation import install, kubeconfig, write_secretly
from integration.nodes import Nodes
from integration.process import Operator, operators
from integration.proxy import Proxy
from integration.tenant import Tenant

_NUMBERS = itertools.count(1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build etcd and the API server before the first test, whose time limit would not do for it."""
    if session.items and not session.config.option.collectonly:
        build(PROGRAMS)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """etcd and kube-apiserver, with the operator's CRDs and RBAC installed."""
    with control_plane() as plane:
        asyncio.run(_install(plane))
        yield plane


async def _install(plane: ControlPlane) -> None:
    async with Api(plane) as api:
        await install(api)


@pytest.fixture
async def api(plane: ControlPlane) -> AsyncIterator[Api]:
    """The administrator."""
    async with Api(plane) as api:
        yield api


@pytest.fixture
async def nodes(api: Api, plane: ControlPlane) -> AsyncIterator[Nodes]:
    """What runs pods."""
    async with Nodes(api, plane) as nodes:
        yield nodes


@pytest.fixture
async def proxy(plane: ControlPlane) -> AsyncIterator[Proxy]:
    """What stands between the operator and the API server."""
    async with Proxy(plane) as proxy:
        yield proxy


@pytest.fixture
async def tenants(api: Api) -> AsyncIterator[Callable[[], Tenant]]:
    """Makes namespaces; empties them afterwards."""
    made: list[Tenant] = []

    def make() -> Tenant:
        made.append(Tenant(api, f"t{next(_NUMBERS)}"))
        return made[-1]

    yield make
    await asyncio.gather(*(tenant.clear() for tenant in made))


@pytest.fixture
async def tenant(tenants: Callable[[], Tenant]) -> Tenant:
    """A namespace."""
    return await tenants().create()


@pytest.fixture
async def start(api: Api, plane: ControlPlane, nodes: Nodes, tmp_path: Path) -> AsyncIterator[Callable[..., Operator]]:
    """Starts operators with the shipped rights: `start(**environment)`; `server` names a proxy's URL."""
    numbers = itertools.count(1)
    direct = await kubeconfig(api, plane, tmp_path / "direct.kubeconfig")

    def make(
        server: str = "", config: Path = direct, limits: Mapping[str, float] | None = None, **environment: str
    ) -> Operator:
        if server:
            config = tmp_path / "proxied.kubeconfig"
            _redirect(direct, config, server)
        number = next(numbers)
        return Operator(config, tmp_path / f"operator-{number}.log", nodes.port,
                        {"POD_NAME": f"operator-{number}", **environment}, limits or {})  # fmt: skip

    with operators(make) as start:
        yield start


def _redirect(config: Path, target: Path, server: str) -> None:
    content = json.loads(config.read_text())
    content["clusters"][0]["cluster"] = {"server": server}
    write_secretly(target, content)


@pytest.fixture
def audit(plane: ControlPlane) -> Callable[[], Audit]:
    """The record of what is asked from now on."""
    return lambda: Audit(plane.audit_log)
