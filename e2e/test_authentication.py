"""A wrong password and no password get a 401 in the form of the distribution spec; the right one gets in.

The operator's own accounts may do what their Secrets are for, and rules take hold without a restart.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.clients import Login, Skopeo, request
from e2e.kubectl import CommandError, Kubectl, eventually
from e2e.traffic import Session, docker_login


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/library/hello/manifests/1", "/v2/library/hello/tags/list", "/v2/_catalog"]
)
@pytest.mark.parametrize("credentials", ["none", "wrong password", "unknown user"])
def test_without_valid_credentials_everything_is_a_spec_shaped_401(at: Login, path: str, credentials: str) -> None:
    wrong = replace(at, password="wrong", user="nobody" if credentials == "unknown user" else at.user)
    answer = request(wrong, "GET", path, auth=credentials != "none")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    (error,) = answer.json()["errors"]
    assert error["code"] == "UNAUTHORIZED"
    assert error["message"]


def test_the_generated_user_gets_in(at: Login) -> None:
    assert request(at, "GET", "/v2/").status == 200


def test_skopeo_says_that_the_password_is_wrong(at: Login, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="invalid username/password"):
        Skopeo(replace(at, password="wrong"), tmp_path).login()


def test_the_pull_secret_only_pulls_and_the_push_secret_never_deletes(
    kubectl: Kubectl, namespace: str, registry: str, at: Login
) -> None:
    pull, push = (docker_login(kubectl, registry, namespace, at.host, which) for which in ("pull", "push"))
    with Session(push) as session:
        session.push("robots/app", "1")
        session.pull("robots/app", "1")
        session.send("DELETE", "/v2/robots/app/manifests/1", 403)
    with Session(pull) as session:
        session.pull("robots/app", "1")
        session.send("POST", "/v2/robots/app/blobs/uploads/", 403)
        session.send("DELETE", "/v2/robots/app/manifests/1", 403)


def test_a_rule_takes_hold_within_seconds_and_not_for_the_robots(
    kubectl: Kubectl, namespace: str, registry: str, at: Login
) -> None:
    def pods() -> list[str]:
        return [
            pod["metadata"]["uid"] for pod in kubectl.list("pods", namespace, f"wharfinger.dev/registry={registry}")
        ]

    def edit(access: object) -> None:
        patch = json.dumps({"spec": {"access": access}})
        kubectl("patch", "registry", registry, "-n", namespace, "--type=merge", "-p", patch)

    before = pods()
    with Session(docker_login(kubectl, registry, namespace, at.host, "push")) as robot, Session(at) as person:
        robot.push("closed/app", "1")
        person.pull("closed/app", "1")
        edit([{"repositories": ["open/**"], "users": ["*"], "actions": ["pull"]}])
        eventually("nobody may pull", lambda: person.send("GET", "/v2/closed/app/manifests/1", 403), timeout=30)
        robot.pull("closed/app", "1")
        edit(None)
        eventually("everybody may", lambda: person.send("GET", "/v2/closed/app/manifests/1", 200), timeout=30)
    assert pods() == before
