"""A replaced password works until the time that status names and not beyond, though no operator runs any more."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime

import pytest

from e2e import clients
from e2e.clients import Login, login
from e2e.kubectl import Kubectl, eventually
from wharfinger import clock

OVERLAP = "60s"


def accepted(at: Login) -> bool:
    return clients.request(at, "GET", "/v2/").status == 200


def test_a_replaced_password_ends_by_the_registry_alone(
    kubectl: Kubectl, namespace: str, registry: str, at: Login, request: pytest.FixtureRequest
) -> None:
    spec = {"auth": {"rotationOverlap": OVERLAP, "users": [{"name": "admin", "rotation": "now"}]}}
    kubectl("patch", "registry", registry, "-n", namespace, "--type=merge", "-p", json.dumps({"spec": spec}))

    def told() -> datetime | None:
        (user,) = (kubectl.get("registry", registry, namespace) or {})["status"]["users"]
        until = user.get("previousValidUntil")
        return datetime.fromisoformat(until) if until else None

    until = eventually("status says when the old password ends", told)
    new = login(kubectl, registry, namespace, at.host)
    assert new.password != at.password
    request.getfixturevalue("no_operator")
    assert clock.now() < until, "the operator was there until the password ended, so this shows nothing"
    deadline = time.monotonic() + (until - clock.now()).total_seconds() + 30
    while accepted(at):
        assert time.monotonic() < deadline, f"the old password was to end at {until}"
        time.sleep(0.5)
    assert clock.now() >= until, "the old password ended before its time"
    assert accepted(replace(at, password=new.password))
