"""The API server will not have a child: the condition says which, why, and what to do; when it will, all is made."""

from collections.abc import AsyncIterator, Callable

import pytest

from integration.api import CORE, Api, Object, eventually
from integration.process import Operator
from integration.tenant import Tenant

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture
async def policy(api: Api) -> AsyncIterator[Callable[..., object]]:
    """Forbids kinds in a namespace: `await policy(tenant, "secrets")`."""
    made: list[str] = []

    async def forbid(tenant: Tenant, *plurals: str) -> None:
        name = f"no-{tenant.name}"
        rules = [
            {
                "apiGroups": ["", "apps"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"],
                "resources": list(plurals),
            }
        ]  # fmt: skip
        spec = {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": rules,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": tenant.name}},
            },
            "validations": [{"expression": "false", "message": "not in this namespace, says the policy"}],
        }
        made.append(name)
        await api.create(f"{_ADMISSION}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
        binding = {"policyName": name, "validationActions": ["Deny"]}
        await api.create(
            f"{_ADMISSION}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding}
        )
        await eventually("the policy is in force", lambda: in_force(tenant, plurals[0]))

    yield forbid
    for name in made:
        await lift(api, name)


async def lift(api: Api, name: str) -> None:
    await api.delete(f"{_ADMISSION}/validatingadmissionpolicybindings/{name}")
    await api.delete(f"{_ADMISSION}/validatingadmissionpolicies/{name}")


async def in_force(tenant: Tenant, plural: str) -> bool:
    """Whether something of the kind is refused when one only asks whether it would be taken."""
    root = "/apis/apps/v1" if plural == "deployments" else CORE
    body: Object = {"metadata": {"name": "probe"}}
    if plural == "deployments":
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        body["spec"] = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    elif plural == "services":
        body["spec"] = {"ports": [{"port": 80}]}
    elif plural == "persistentvolumeclaims":
        body["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    try:
        await tenant.api.create(tenant.path(root, plural) + "?dryRun=All", body)
    except AssertionError as error:
        return "says the policy" in str(error)
    return False


@pytest.mark.parametrize(
    "plural", ["secrets", "configmaps", "persistentvolumeclaims", "services", "serviceaccounts", "deployments"]
)
async def test_a_policy_that_refuses_a_kind_is_named_and_once_lifted_all_is_made(
    tenant: Tenant, start: Callable[..., Operator], policy: Callable[..., AsyncIterator[None]], plural: str
) -> None:
    await start().ready()
    await policy(tenant, plural)  # type: ignore[misc]  # a fixture's function is awaitable
    await tenant.registry()
    said = await tenant.says("says the policy")
    assert said["status"] == "False"
    assert "change the policy that forbids it, or the spec to fit it" in said["message"]
    await lift(tenant.api, f"no-{tenant.name}")
    await tenant.edit(replicas=1)  # now rather than after the pause
    await tenant.reaches("True", seconds=60)
    assert await tenant.works()


async def test_a_policy_that_refuses_secrets_while_a_password_rotates_ends_no_password(
    tenant: Tenant, start: Callable[..., Operator], policy: Callable[..., AsyncIterator[None]]
) -> None:
    await start().ready()
    await tenant.registry(auth={"users": [{"name": "a", "rotation": "1"}]})
    await tenant.reaches("True")
    await policy(tenant, "secrets")  # type: ignore[misc]  # a fixture's function is awaitable
    await tenant.edit(auth={"users": [{"name": "a", "rotation": "2"}]})
    await tenant.says("says the policy")
    assert await tenant.works("a")
    await lift(tenant.api, f"no-{tenant.name}")
    await tenant.edit(replicas=1, auth={"users": [{"name": "a", "rotation": "3"}]})
    await tenant.reaches("True", seconds=60)
    assert await tenant.works("a")


async def test_a_quota_that_is_exceeded_is_named_and_once_raised_all_is_made(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    hard = {"persistentvolumeclaims": "0", "count/deployments.apps": "10"}
    quota = tenant.path(CORE, "resourcequotas")
    await tenant.api.create(quota, {"metadata": {"name": "tight"}, "spec": {"hard": hard}})
    used = dict.fromkeys(hard, "0")
    await tenant.api.patch(f"{quota}/tight/status", {"status": {"hard": hard, "used": used}})
    await start().ready()
    await tenant.registry()
    said = await tenant.says("exceeded quota: tight")
    assert "raise the namespace's ResourceQuota, or ask for less in the spec" in said["message"]
    assert (await tenant.condition(kind="StorageReady"))["status"] == "False"
    await tenant.api.delete(f"{quota}/tight")
    await tenant.edit(replicas=1)
    await tenant.reaches("True", seconds=60)


async def test_an_admission_webhook_that_is_away_is_named(tenant: Tenant, start: Callable[..., Operator]) -> None:
    hooks, name = f"{_ADMISSION}/validatingwebhookconfigurations", f"away-{tenant.name}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}
    hook = {
        "name": "away.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": tenant.name}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    await tenant.api.create(hooks, {"metadata": {"name": name}, "webhooks": [hook]})
    try:
        await start().ready()
        await tenant.registry()
        said = await tenant.says("away.example.com")
    finally:
        await tenant.api.delete(f"{hooks}/{name}")
    assert "bring that admission webhook back" in said["message"]
    await tenant.edit(replicas=1)
    await tenant.reaches("True", seconds=60)
