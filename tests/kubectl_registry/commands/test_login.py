"""`login`: no secret where none was asked for, and never on a command line."""

import base64
import json
import os
from pathlib import Path

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object, Run, registry

from kubectl_registry import trust
from kubectl_registry.commands.login import instructions, make_plan
from kubectl_registry.errors import NotFoundError, UsageError
from kubectl_registry.kube.kinds import CONFIG_MAP, SECRET

PASSWORD = "a very secret word"


@pytest.fixture
def secret(cluster: FakeCluster, team: Object) -> Object:
    data = {"password": base64.b64encode(PASSWORD.encode()).decode()}
    return cluster.add(SECRET, {"metadata": {"name": "team-user-admin", "namespace": "ci"}, "data": data})


def program(directory: Path, name: str, status: int = 0) -> Path:
    """A client that notes how it was called and what it was told."""
    file = directory / name
    file.write_text(f'#!/bin/sh\necho "$@" > {directory}/{name}.args\ncat > {directory}/{name}.in\nexit {status}\n')
    file.chmod(0o755)
    return file


def test_how_to_log_in_is_told_without_the_password(plugin: Run, secret: Object) -> None:
    code, out, err = plugin("login", "team")
    assert code == 0
    assert "port-forward" in out
    assert "--password-stdin" in out
    assert PASSWORD not in out + err


def test_print_is_the_password_alone(plugin: Run, secret: Object) -> None:
    assert plugin("login", "team", "--print") == (0, f"{PASSWORD}\n", "")


def test_json_has_the_password_only_with_print(plugin: Run, secret: Object) -> None:
    assert "password" not in json.loads(plugin("login", "team", "-o", "json")[1])
    assert json.loads(plugin("login", "team", "--print", "-o", "json")[1])["password"] == PASSWORD


@pytest.mark.parametrize("client", ["docker", "podman"])
def test_a_client_gets_the_password_by_standard_input(
    client: str, plugin: Run, secret: Object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, client)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert plugin("login", "team", f"--{client}", "--host", "localhost:5443")[0] == 0
    said = (tmp_path / f"{client}.args").read_text()
    assert said == "login --username admin --password-stdin localhost:5443\n"
    assert (tmp_path / f"{client}.in").read_text() == PASSWORD


def test_a_client_that_fails_or_lacks_points_at_the_doctor(
    plugin: Run, secret: Object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    program(tmp_path, "docker", status=1)
    code, _, err = plugin("login", "team", "--docker")
    assert code == 1
    assert "kubectl registry doctor team -n ci --host team.ci.svc" in err
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = plugin("login", "team", "--podman")
    assert code == 1
    assert "podman is not installed" in err


def test_trust_writes_the_published_ca(
    plugin: Run, secret: Object, cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add(CONFIG_MAP, {"metadata": {"name": "team-ca", "namespace": "ci"}, "data": {"ca.crt": "PEM"}})
    monkeypatch.setattr(trust, "directory", lambda _: tmp_path / "certs.d")
    code, out, err = plugin("login", "team", "--trust", "--host", "localhost:5443")
    assert (code, out) == (0, "")
    assert (tmp_path / "certs.d/localhost:5443/ca.crt").read_text() == "PEM"
    assert "docker trusts localhost:5443 now" in err


def test_trust_without_a_ca_says_that_none_is_needed(plugin: Run, team: Object) -> None:
    team["status"]["certificate"].pop("caConfigMapName")
    code, _, err = plugin("login", "team", "--trust")
    assert code == 2
    assert "publishes no CA" in err


def test_a_secret_without_a_password_is_told(plugin: Run, secret: Object) -> None:
    secret["data"] = {}
    code, _, err = plugin("login", "team", "--print")
    assert code == 3
    assert "no password under password" in err


def test_an_unknown_user_and_a_host_that_is_none_are_refused() -> None:
    with pytest.raises(NotFoundError, match="there is admin"):
        make_plan(registry(), None, "ci", "")
    with pytest.raises(UsageError, match="without https://"):
        make_plan(registry(), None, "", "https://x")


def test_a_host_from_outside_needs_no_forwarding() -> None:
    thing = registry()
    thing["spec"] = {"tls": {"hosts": ["registry.example.com"]}}
    lines = instructions(make_plan(thing, None, "", ""))
    assert not any("port-forward" in line for line in lines)
    assert any("--host registry.example.com --docker" in line for line in lines)


def test_plain_http_says_what_docker_needs() -> None:
    thing = registry()
    thing["spec"] = {"tls": {"issuer": "Disabled"}}
    assert any("insecure-registries" in line for line in instructions(make_plan(thing, None, "", "")))
