"""Reading a Registry: users of the spec with what the status knows, and Secrets as they come."""

import pytest
from tests.kubectl_registry.conftest import Object, registry

from kubectl_registry import registries


def test_the_default_user_is_there_without_a_spec() -> None:
    assert [each.name for each in registries.users(registry())] == ["admin"]


def test_users_keep_the_order_of_the_spec_and_say_where_the_password_is() -> None:
    thing = registry()
    given = {"name": "ci", "passwordFrom": {"secretName": "mine", "key": "pw"}}
    thing["spec"] = {"auth": {"users": [given, {"name": "admin"}]}}
    ci, admin = registries.users(thing)
    assert (ci.secret, ci.key, ci.given) == ("mine", "pw", True)
    assert (admin.secret, admin.key, admin.given, admin.rotated_at) == (
        "team-user-admin", "password", False, "2026-11-02T00:00:00Z",
    )  # fmt: skip


def test_robots_are_those_of_the_status() -> None:
    assert registries.robots(registry()) == []
    (robot,) = registries.robots(registry(robots=[{"name": "_pull", "secretName": "team-pull", "rotatedAt": "x"}]))
    assert (robot.name, robot.secret, robot.rotated_at) == ("_pull", "team-pull", "x")


def test_a_registry_is_ready_only_with_its_newest_spec() -> None:
    thing = registry()
    assert registries.is_ready(thing)
    thing["metadata"]["generation"] = 2
    assert not registries.is_ready(thing)
    assert not registries.is_ready({"metadata": {"name": "new"}})


@pytest.mark.parametrize(
    ("secret", "password"),
    [
        ({"data": {"password": "YQo="}}, "a"),
        ({"data": {"password": "YSA="}}, "a "),
        ({"data": {"password": "?"}}, ""),
        ({"data": {}}, ""),
        ({}, ""),
    ],
)
def test_a_password_is_read_without_its_line_end(secret: Object, password: str) -> None:
    assert registries.password(secret, "password") == password


def test_plain_http_and_the_ca_are_read_from_spec_and_status() -> None:
    thing = registry()
    assert registries.ca_name(thing) == "team-ca"
    assert not registries.plain_http(thing)
    thing["spec"] = {"tls": {"issuer": "Disabled"}}
    assert registries.plain_http(thing)
