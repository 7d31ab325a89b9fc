"""Gathering: what may not be seen is unknown and stops nothing else."""

import argparse
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kubectl_registry.conftest import Command, FakeCluster, Object
from tests.kubectl_registry.doctor.conftest import PASSWORD, Running, authority, issue, shows

from kubectl_registry.doctor.facts import Facts, Transfer, Unknown
from kubectl_registry.doctor.gather import Wish, gather
from kubectl_registry.doctor.passwords import Attempt
from kubectl_registry.kube.kinds import CLAIM, CONFIG_MAP, ENDPOINT_SLICE, POD, SECRET, SERVICE
from kubectl_registry.screen import Screen
from kubectl_registry.session import Session

INSIDE = {"total": 100, "free": 70, "inodes": 9, "htpasswd": "ab", "names": {"team.ci.svc": ["10.0.0.5"]}}


def secret(name: str, **data: str) -> Object:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"name": name, "namespace": "ci"}, "data": encoded}


def populate(cluster: FakeCluster, wharf: Running) -> None:
    """Everything that a Registry `team` has, with a real registry behind its pod."""
    here = {"namespace": "ci", "labels": {"wharfinger.dev/registry": "team"}}
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    cluster.add(POD, {"metadata": {"name": "team-1", **here}, "status": ready})
    cluster.add(SERVICE, {"metadata": {"name": "team", **here}, "spec": {"clusterIP": "10.0.0.5", "type": "ClusterIP"}})
    slices = {"name": "team-x", "namespace": "ci", "labels": {"kubernetes.io/service-name": "team"}}
    cluster.add(ENDPOINT_SLICE, {"metadata": slices, "endpoints": [{"addresses": ["10.1.0.5"]}]})
    cluster.add(CLAIM, {"metadata": {"name": "team", **here}, "status": {"phase": "Bound"}})
    cluster.add(CONFIG_MAP, {"metadata": {"name": "team-ca", **here}, "data": {"ca.crt": wharf.ca.pem}})
    cluster.add(SECRET, secret("team-user-admin", password=PASSWORD))
    cluster.add(SECRET, secret("team-htpasswd", htpasswd=wharf.htpasswd))
    cluster.execute = lambda _: Command(json.dumps(INSIDE))
    cluster.forward = lambda _: wharf.port


@pytest.fixture
def session(kubeconfig: object, cluster: FakeCluster, wharf: Running, team: Object) -> Iterator[Session]:
    populate(cluster, wharf)
    options = argparse.Namespace(kubeconfig="", context="", namespace="", name="team", all_namespaces=False)
    with Session(options, Screen()) as opened:
        yield opened


def facts(session: Session, **wish: Any) -> Facts:
    return gather(session, session.registry(), Wish(**wish))


def test_a_registry_is_reached_through_the_api_server(session: Session) -> None:
    found = facts(session)
    (way,) = found.ways
    assert way.forwarded
    assert way.answer == 401
    assert (way.trust_error, way.host_error) == ("", "")
    assert not isinstance(found.logins, Unknown)
    assert [(each.user, each.answer) for each in found.logins] == [("admin", 200)]
    assert found.pull == Transfer("", nothing=True)
    assert found.push is None


def test_a_host_is_tried_by_name_as_well(session: Session, wharf: Running) -> None:
    found = facts(session, host=f"localhost:{wharf.port}", write=True)
    by_name, forwarded = found.ways
    assert (by_name.forwarded, forwarded.forwarded) == (False, True)
    assert by_name.is_open
    assert found.push is not None
    assert not found.push.error


def test_no_password_goes_to_a_server_that_has_not_proved_who_it_is(
    session: Session, cluster: FakeCluster, tmp_path: Path
) -> None:
    """A name that leads to somebody else's server: passwords go through the API server, or nowhere."""
    heard: list[bytes] = []
    with shows(issue(authority("stranger"), tmp_path, ["localhost"]), heard) as port:
        found = facts(session, host=f"localhost:{port}")
        assert found.ways[0].trust_error
        assert not isinstance(found.logins, Unknown)
        assert [each.answer for each in found.logins] == [200]
        del cluster.objects["pods", "ci", "team-1"]
        found = facts(session, host=f"localhost:{port}")
    assert isinstance(found.logins, Unknown)
    assert "proved who it is" in found.logins.why
    assert heard
    assert not any(b"authorization" in each.lower() for each in heard)


def test_a_password_that_was_given_is_tried_first_and_known(session: Session) -> None:
    found = facts(session, attempt=Attempt("admin", "the password given", "the old one", given=True))
    assert not isinstance(found.logins, Unknown)
    given, stored = found.logins
    assert (given.answer, given.known, given.given) == (401, "expired", True)
    assert stored.answer == 200


def test_what_one_may_not_see_is_unknown_and_the_rest_is_seen(session: Session, cluster: FakeCluster) -> None:
    for verb, resource in (("list", "deployments"), ("list", "networkpolicies"), ("get", "secrets"),
                           ("create", "pods/exec")):  # fmt: skip
        cluster.refuse[verb, resource] = 403, "cannot"
    found = facts(session)
    assert isinstance(found.operators, Unknown)
    assert isinstance(found.policies, Unknown)
    assert isinstance(found.inside, Unknown)
    assert not isinstance(found.logins, Unknown)
    assert "you may not get secrets" in found.logins[0].error
    assert isinstance(found.pull, Unknown)


def test_without_a_pod_there_is_no_way_in(session: Session, cluster: FakeCluster) -> None:
    del cluster.objects["pods", "ci", "team-1"]
    found = facts(session)
    assert found.ways == ()
    assert isinstance(found.logins, Unknown)
    assert isinstance(found.inside, Unknown)


def test_the_secrets_that_pods_pull_with_are_tried_too(session: Session, cluster: FakeCluster, team: Object) -> None:
    auth = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    config = json.dumps({"auths": {"team.ci.svc": {"auth": auth}}})
    cluster.add(SECRET, secret("team-pull", **{".dockerconfigjson": config}))
    team["status"]["robots"] = [{"name": "_pull", "secretName": "team-pull"}]
    found = facts(session)
    assert not isinstance(found.logins, Unknown)
    assert [(each.source, each.answer) for each in found.logins][-1] == ("Secret team-pull", 200)


def test_a_secret_without_a_password_is_told(session: Session, cluster: FakeCluster) -> None:
    cluster.add(SECRET, secret("team-user-admin"))
    found = facts(session)
    assert not isinstance(found.logins, Unknown)
    assert "no password under password" in found.logins[0].error
