"""Who may log in and do what: refused at once where that can be, else acted on without a restart, whatever comes."""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.api import Api, ApiError, eventually
from integration.process import Operator
from integration.tenant import Tenant

RULE = {"repositories": ["**"], "users": ["*"], "actions": ["pull"]}
GIVEN: dict[str, Any] = {"name": "ci", "passwordFrom": {"secretName": "theirs"}}
REFUSED = [
    ({"access": [RULE | {"repositories": ["/team"]}]}, "write team-a/**"),
    ({"access": [RULE | {"repositories": ["team//app"]}]}, "write team-a/**"),
    ({"access": [RULE | {"repositories": ["Team/**"]}]}, "write team-a/**"),
    ({"access": [RULE | {"users": []}]}, "name users or groups"),
    ({"access": [RULE | {"users": ["_pull"]}]}, "name a user of spec.auth.users"),
    ({"auth": {"users": [{"name": "_pull"}]}}, "rename the user"),
    ({"auth": {"users": [{"name": "a:b"}]}}, "rename the user"),
    ({"auth": {"users": [{"name": "a", "rotateEvery": "10s"}]}}, "must be 1m or longer"),
    ({"auth": {"users": [GIVEN | {"rotateEvery": "24h"}]}}, "change the Secret that passwordFrom names"),
    ({"auth": {"users": [GIVEN | {"rotation": "2"}]}}, "change the Secret that passwordFrom names"),
    ({"auth": {"users": [{"name": "a", "passwordFrom": {"secretName": "team-user-a"}}]}}, "give yours another name"),
    ({"tls": {"issuer": "Secret", "secretName": "team-tls"}}, "give yours another name"),
    ({"pullSecrets": {"repositories": []}}, "at least 1"),
    ({"pullSecrets": {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}}, "need values"),
]


@pytest.mark.parametrize(("spec", "remedy"), REFUSED, ids=str)
async def test_what_cannot_be_is_refused_with_the_remedy(tenant: Tenant, spec: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ApiError, match=re.escape(remedy)):
        await tenant.registry(**spec)


async def config(tenant: Tenant) -> str:
    """The configuration file that the registry gets."""
    return (await tenant.secret("team-config"))["config.yaml"]


async def test_a_rule_reaches_the_registry_without_a_new_deployment(
    tenant: Tenant, start: Callable[..., Operator]
) -> None:
    start(WHARFINGER_NAMESPACES=tenant.name)
    await tenant.registry(auth={"users": [{"name": "ci"}]})
    await tenant.reaches("True")
    before = await tenant.child("deployments", "team")
    await tenant.edit(access=[RULE | {"users": ["ci", "bob"]}])
    await tenant.reaches("True", kind="WorkloadReady")
    assert '"users": ["ci", "bob"]' in await config(tenant)
    await tenant.says("spec.access[0] names user 'bob'", kind="CredentialsReady")
    after = await tenant.child("deployments", "team")
    assert before is not None
    assert after is not None
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


async def test_edits_that_contradict_one_another_end_in_a_password_that_works(
    tenant: Tenant, start: Callable[..., Operator], api: Api
) -> None:
    start(WHARFINGER_NAMESPACES=tenant.name)
    await api.create(
        tenant.path("/api/v1", "secrets"), {"metadata": {"name": "theirs"}, "stringData": {"password": "g"}}
    )
    await tenant.registry(auth={"users": [{"name": "ci"}, {"name": "b"}]})
    await tenant.reaches("True")
    ci: Iterator[dict[str, Any]] = itertools.cycle(
        [{"name": "ci", "rotation": "r"}, {"name": "ci", "revoke": "v"}, GIVEN, {"name": "ci"}]
    )
    for number, overlap in zip(range(24), itertools.cycle(["24h", "0s"]), strict=False):
        user = {key: f"{text}{number}" if key in ("rotation", "revoke") else text for key, text in next(ci).items()}
        robots = {"rotation": str(number)}
        auth = {"rotationOverlap": overlap, "users": [user, {"name": "b"}]}
        await tenant.edit(auth=auth, pullSecrets=robots, pushSecrets=robots)
        assert await tenant.works("b")
        await asyncio.sleep(number % 3 / 10)
    await tenant.reaches("True", seconds=60)
    assert await tenant.works("ci")
    assert await tenant.works("b")


@pytest.mark.timeout(300)
async def test_five_hundred_and_twelve_users_can_log_in(tenant: Tenant, start: Callable[..., Operator]) -> None:
    start(WHARFINGER_NAMESPACES=tenant.name)
    await tenant.registry(auth={"users": [{"name": f"u{number}"} for number in range(512)]})
    await tenant.reaches("True", seconds=200)
    await tenant.says("512 users can log in", kind="CredentialsReady")
    assert await tenant.works("u511")


async def test_a_referenced_secret_is_acted_on_when_it_comes_goes_and_is_wrong(
    tenant: Tenant, start: Callable[..., Operator], api: Api
) -> None:
    start(WHARFINGER_NAMESPACES=tenant.name)
    await tenant.registry(auth={"users": [GIVEN]})
    await tenant.says("Secret 'theirs' is missing", kind="CredentialsReady")
    path = tenant.path("/api/v1", "secrets")
    await api.create(path, {"metadata": {"name": "theirs"}, "stringData": {"password": "one\n"}})
    await tenant.reaches("True")
    lines = (await tenant.secret("team-htpasswd"))["htpasswd"]
    await api.patch(f"{path}/theirs", {"stringData": {"password": "two\nlines"}})
    await tenant.says("key 'password' of Secret 'theirs'", kind="CredentialsReady")
    await tenant.says("last password goes on working", kind="CredentialsReady")
    assert (await tenant.secret("team-htpasswd"))["htpasswd"] == lines
    await api.patch(f"{path}/theirs", {"stringData": {"password": "three"}})
    await tenant.reaches("True")

    async def renewed() -> bool:
        return (await tenant.secret("team-htpasswd"))["htpasswd"] != lines

    await eventually("the new password has a line", renewed)
