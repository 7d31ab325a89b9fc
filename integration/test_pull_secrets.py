"""Pull Secrets reach the namespaces that are asked for, by the rights that the manifests give, and leave them again."""

from collections.abc import AsyncIterator, Callable

import pytest
import yaml
from e2e.cluster.settings import REPOSITORY

from integration.api import CORE, Api, ApiError, Object, eventually
from integration.process import Operator
from integration.tenant import Tenant

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLE = REPOSITORY / "manifests" / "components" / "pull-secrets" / "role.yaml"
PLURALS = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}
LOOKS = {"WHARFINGER_PULL_SECRETS_ACROSS_NAMESPACES": "true"}


@pytest.fixture
async def role(api: Api) -> AsyncIterator[Callable[[], object]]:
    """Gives the operator the further role; takes it away afterwards."""
    role, binding = yaml.safe_load_all(ROLE.read_text())

    async def give() -> None:
        for manifest in (role, binding):
            await api.patch(f"{RBAC}/{PLURALS[manifest['kind']]}/{manifest['metadata']['name']}", manifest, "apply")

    yield give
    await api.delete(f"{RBAC}/clusterrolebindings/{binding['metadata']['name']}")
    await api.delete(f"{RBAC}/clusterroles/{role['metadata']['name']}")


def asking(tenant: Tenant, *accounts: str) -> Object:
    """What a Registry says that wants copies where the label names its namespace."""
    return {"namespaceSelector": {"matchLabels": {"pulls-from": tenant.name}}, "serviceAccounts": list(accounts)}


async def label(api: Api, tenant: Tenant, value: str | None) -> None:
    """Say from which namespace's Registry a namespace pulls."""
    await api.patch(f"{CORE}/namespaces/{tenant.name}", {"metadata": {"labels": {"pulls-from": value}}})


async def account(api: Api, tenant: Tenant, *secrets: str) -> None:
    """Make the ServiceAccount `builder`."""
    body = {"metadata": {"name": "builder"}, "imagePullSecrets": [{"name": name} for name in secrets]}
    await api.create(tenant.path(CORE, "serviceaccounts"), body)


async def pulls(tenant: Tenant, *secrets: str) -> None:
    """Wait until the ServiceAccount `builder` names these Secrets, and no others."""

    async def probe() -> bool:
        found = await tenant.child("serviceaccounts", "builder")
        assert found is not None
        named = [entry["name"] for entry in found.get("imagePullSecrets") or ()]
        assert named == list(secrets), named
        return True

    await eventually(f"builder of {tenant.name} names {secrets}", probe)


async def has_copy(tenant: Tenant, source: Tenant) -> None:
    """Wait until a namespace has the login that the Registry's own Secret holds."""

    async def probe() -> bool:
        mine, theirs = await tenant.secret(f"team.{source.name}-pull"), await source.secret("team-pull")
        assert mine == {".dockerconfigjson": theirs[".dockerconfigjson"]}, (sorted(mine), sorted(theirs))
        return True

    await eventually(f"{tenant.name} has a copy", probe)


async def has_none(tenant: Tenant, source: Tenant) -> None:
    """Wait until a namespace has no copy."""

    async def probe() -> bool:
        return await tenant.child("secrets", f"team.{source.name}-pull") is None

    await eventually(f"{tenant.name} has no copy", probe)


async def test_copies_come_and_go_with_labels_and_with_the_registry(
    api: Api, tenants: Callable[[], Tenant], start: Callable[..., Operator], role: Callable[[], object]
) -> None:
    await role()  # type: ignore[misc]  # a coroutine function, by its fixture
    source, target = await tenants().create(), await tenants().create()
    operator = start(**LOOKS)
    await source.registry(pullSecrets=asking(source, "builder"))
    await source.reaches("True")
    await account(api, target, "theirs")
    await label(api, target, source.name)
    await has_copy(target, source)
    await pulls(target, "theirs", f"team.{source.name}-pull")

    await target.remove("secrets", f"team.{source.name}-pull")
    await has_copy(target, source)
    await source.edit(pullSecrets={"rotation": "2"})
    await source.reaches("True")
    await has_copy(target, source)

    await label(api, target, None)
    await has_none(target, source)
    await pulls(target, "theirs")

    await label(api, target, source.name)
    await pulls(target, "theirs", f"team.{source.name}-pull")
    operator.kill()  # what it does not see is not forgotten
    await source.remove("registries", "team")
    start(**LOOKS)
    await has_none(target, source)
    await pulls(target, "theirs")


async def test_an_operator_without_the_rights_says_so_and_goes_on_by_itself_once_it_has_them(
    api: Api, tenants: Callable[[], Tenant], start: Callable[..., Operator], role: Callable[[], object]
) -> None:
    source, target = await tenants().create(), await tenants().create()
    await label(api, target, source.name)
    operator = start()
    await source.registry(pullSecrets=asking(source))
    await source.says("pullSecretsAcrossNamespaces", kind="CredentialsReady")
    operator.kill()
    start(**LOOKS)
    await source.says("reading namespaces failed", kind="CredentialsReady")
    assert await source.works()
    await role()  # type: ignore[misc]  # a coroutine function, by its fixture
    await source.reaches("True")
    await has_copy(target, source)


async def test_a_namespace_that_refuses_is_named(
    api: Api, tenants: Callable[[], Tenant], start: Callable[..., Operator], role: Callable[[], object]
) -> None:
    await role()  # type: ignore[misc]  # a coroutine function, by its fixture
    source, target = await tenants().create(), await tenants().create()
    hard, quotas = {"secrets": "0"}, target.path(CORE, "resourcequotas")
    await api.create(quotas, {"metadata": {"name": "none"}, "spec": {"hard": hard}})
    await api.patch(f"{quotas}/none/status", {"status": {"hard": hard, "used": hard}})
    await label(api, target, source.name)
    start(**LOOKS)
    await source.registry(pullSecrets=asking(source))
    await source.says(f"namespace '{target.name}'", kind="CredentialsReady")
    await source.says("raise the namespace's ResourceQuota", kind="CredentialsReady")
    await api.delete(f"{quotas}/none")
    await source.reaches("True")
    await has_copy(target, source)


async def test_service_accounts_without_a_selector_are_refused(tenant: Tenant) -> None:
    with pytest.raises(ApiError, match="set it"):
        await tenant.registry(pullSecrets={"serviceAccounts": ["default"]})
