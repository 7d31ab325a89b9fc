"""The health checks for Argo CD, run by a Lua interpreter on statuses that the operator really writes."""

import re
from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml
from tests.wharfinger.decide.conftest import World

from wharfinger.decide.observed import WebhookReport
from wharfinger.decide.status import QUIET

ARGOCD = Path(__file__).resolve().parents[2] / "manifests" / "argocd"


def health(script: str, obj: dict[str, Any]) -> tuple[str, str]:
    """What Argo CD would show: it hands the object over as `obj` and takes a table back."""
    lua = lupa.LuaRuntime(unpack_returned_tuples=True)
    lua.globals().obj = lua.table_from(obj, recursive=True)
    answer = lua.execute((ARGOCD / script).read_text())
    return answer.status, answer.message


def registry(here: World) -> str:
    return health("registry.lua", here.registry)[0]


def test_a_registry_that_serves_is_healthy() -> None:
    here = World()
    here.settle()
    assert health("registry.lua", here.registry) == ("Healthy", here.condition("Ready")[2])


def test_a_registry_on_its_way_is_progressing() -> None:
    here = World()
    assert registry(here) == "Progressing"
    here.step()
    assert registry(here) == "Progressing"
    here.settle()
    here.edit(replicas=1)
    assert registry(here) == "Progressing", "what is known is of the spec before"
    here.settle()
    assert registry(here) == "Healthy"
    here.registry["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    assert registry(here) == "Progressing"


def test_a_registry_that_needs_help_is_degraded_and_says_what() -> None:
    here = World({"auth": {"users": [{"name": "a", "passwordFrom": {"secretName": "absent"}}]}})
    here.settle()
    status, message = health("registry.lua", here.registry)
    assert status == "Degraded"
    assert "create it with the password of user 'a'" in message


@pytest.mark.parametrize("rest", [{"paused": True}, {"hibernate": True}, {"replicas": 0}], ids=str)
def test_a_registry_at_rest_on_purpose_is_suspended(rest: dict[str, Any]) -> None:
    here = World()
    here.settle()
    here.edit(**rest)
    here.settle()
    assert registry(here) == "Suspended"


def test_trouble_shows_through_a_pause() -> None:
    here = World({"auth": {"users": [{"name": "a", "passwordFrom": {"secretName": "absent"}}]}})
    here.settle()
    here.edit(paused=True)
    here.settle()
    assert registry(here) == "Degraded"


def hooked(spec: dict[str, Any], **report: Any) -> dict[str, Any]:
    """A webhook of a Registry that serves, as the operator leaves it."""
    here = World()
    hook = {
        "apiVersion": "wharfinger.dev/v1",
        "kind": "RegistryWebhook",
        "metadata": {"name": "hook", "namespace": "ci", "uid": "uid-hook", "generation": 1},
        "spec": {"registryRef": {"name": "team"}, "url": "https://example.com", **spec},
    }
    here.change(webhooks=(hook,))
    here.settle()
    if report:
        here.run_pods(hook=WebhookReport(**{"delivered": 1, "pending": 0, "dead": 0, **report}))
        here.step()
    return hook


@pytest.mark.parametrize(
    ("spec", "report", "status"),
    [
        ({}, {"last_success": "2026-03-01T12:00:00Z"}, "Healthy"),
        ({}, {"last_error": "connection refused", "last_error_at": "2026-03-01T12:00:00Z", "pending": 1}, "Degraded"),
        ({}, {}, "Healthy"),
        ({"suspend": True}, {}, "Suspended"),
        ({"headersFrom": [{"name": "X-Token", "secretName": "absent", "key": "k"}]}, {}, "Degraded"),
    ],
    ids=["it delivers", "its endpoint is down", "nothing was sent yet", "it is suspended", "a Secret is missing"],
)
def test_a_webhook(spec: dict[str, Any], report: dict[str, Any], status: str) -> None:
    assert health("registrywebhook.lua", hooked(spec, **report))[0] == status


def test_a_webhook_that_nobody_has_seen_is_progressing() -> None:
    assert health("registrywebhook.lua", {"metadata": {"generation": 1}, "spec": {}})[0] == "Progressing"


def test_what_only_takes_time_is_the_same_here_as_in_the_operator() -> None:
    table = re.search(r"local passing = \{(.*?)\n\}", (ARGOCD / "registry.lua").read_text(), re.DOTALL)
    assert table is not None
    assert set(re.findall(r"(\w+) = true", table[1])) == {reason.value for reason in QUIET}


def test_argo_cd_is_told_of_both_kinds() -> None:
    (generator,) = yaml.safe_load((ARGOCD / "kustomization.yaml").read_text())["configMapGenerator"]
    named = dict(entry.split("=") for entry in generator["files"])
    kinds = {key.removeprefix("resource.customizations.health.wharfinger.dev_") for key in named}
    assert kinds == {"Registry", "RegistryWebhook"}
    assert all((ARGOCD / file).is_file() for file in named.values())
