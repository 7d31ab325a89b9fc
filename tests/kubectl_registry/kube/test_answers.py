"""Refusals of the API server become errors that name the remedy."""

import json

import pytest

from kubectl_registry.errors import ForbiddenError, NotFoundError, NotInstalledError, RefusedError, UnreachableError
from kubectl_registry.kube.answers import Call, error
from kubectl_registry.kube.kinds import ENDPOINT_SLICE, POD, REGISTRY, SECRET


def body(message: str = "", **more: object) -> bytes:
    return json.dumps({"kind": "Status", "message": message, **more}).encode()


def test_credentials_that_are_not_accepted() -> None:
    assert isinstance(error(Call("get", SECRET, "ci", "x"), 401, b""), ForbiddenError)


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (Call("list", REGISTRY), ["list registries.wharfinger.dev in all namespaces", "wharfinger-view", "-A"]),
        (Call("patch", REGISTRY, "ci", "team"), ["patch registries.wharfinger.dev", "wharfinger-edit", "-n ci"]),
        (
            Call("create", POD, "ci", "team-1", "exec"),
            ["create pods/exec", "create pods --subresource=exec -n ci"],
        ),
        (Call("get", SECRET, "ci", "x"), ["get secrets in namespace ci"]),
    ],
)
def test_a_lacking_right_is_named_with_the_command_that_checks_it(call: Call, parts: list[str]) -> None:
    refused = error(call, 403, body('forbidden: User "x" cannot do that'))
    assert isinstance(refused, ForbiddenError)
    for part in parts:
        assert part in str(refused)


def test_a_policy_that_refuses_is_quoted() -> None:
    assert "exceeded quota: a" in str(
        error(Call("patch", REGISTRY, "ci", "t"), 403, body("forbidden: exceeded quota: a"))
    )


def test_what_is_missing_is_the_object_or_the_kind() -> None:
    found = error(Call("get", REGISTRY, "ci", "team"), 404, body(reason="NotFound", details={"name": "team"}))
    assert isinstance(found, NotFoundError)
    assert not isinstance(found, NotInstalledError)
    assert "there is no Registry 'team' in namespace ci" in str(found)
    assert isinstance(error(Call("list", REGISTRY, "ci"), 404, b"404 page not found"), NotInstalledError)
    assert isinstance(error(Call("list", ENDPOINT_SLICE, "ci"), 404, b"404 page not found"), NotInstalledError)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (409, "the object has been modified", RefusedError),
        (422, "spec.tls: Invalid value", RefusedError),
        (500, ".spec.replay: field not declared in schema", RefusedError),
        (500, "etcdserver: leader changed", UnreachableError),
        (503, "", UnreachableError),
    ],
)
def test_other_refusals_keep_the_servers_words(status: int, message: str, kind: type[Exception]) -> None:
    refused = error(Call("patch", REGISTRY, "ci", "team"), status, body(message))
    assert isinstance(refused, kind)
    assert message in str(refused)
