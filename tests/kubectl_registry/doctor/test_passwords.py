"""Passwords to try, and what the registry's own file says of one that is refused."""

import base64
import json
from pathlib import Path

import pytest
from tests.kubectl_registry.doctor.conftest import NOW, PASSWORD, Running

from kubectl_registry.addresses import Address
from kubectl_registry.doctor import passwords, probe
from kubectl_registry.doctor.passwords import Attempt

AUTH = base64.b64encode(b"ci:pass:word").decode()


def test_the_pull_secret_has_one_password_for_all_its_hosts() -> None:
    config = json.dumps({"auths": {"a": {"auth": AUTH}, "b": {"auth": AUTH}}})
    data = {".dockerconfigjson": base64.b64encode(config.encode()).decode()}
    (found,) = passwords.of_docker_secret({"metadata": {"name": "team-pull"}, "data": data})
    assert (found.user, found.password) == ("ci", "pass:word")
    assert "pass:word" not in repr(found)
    assert passwords.of_docker_secret({"metadata": {"name": "x"}, "data": {}}) == []


def test_what_docker_and_podman_keep_for_a_host_is_found(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {"h": {"auth": AUTH}}, "credsStore": ""}))
    (tmp_path / ".config/containers").mkdir(parents=True)
    (tmp_path / ".config/containers/auth.json").write_text("{[")
    (found,) = passwords.of_docker("h", tmp_path)
    assert found.given
    assert "config.json" in found.source
    assert passwords.of_docker("other", tmp_path) == []


@pytest.mark.parametrize(
    ("password", "answer", "known"),
    [(PASSWORD, 200, "current"), ("the old one", 401, "expired"), ("guess", 401, "none")],
)
def test_a_password_is_tried_and_known_or_not(wharf: Running, password: str, answer: int, known: str) -> None:
    dial = probe.direct(Address("localhost", wharf.port))
    context = probe.verifying(wharf.ca.pem)
    login, _ = passwords.attempt(dial, "localhost", Attempt("admin", "a Secret", password), context)
    assert login.answer == answer
    assert passwords.known(wharf.htpasswd, "admin", password, NOW) == known
    assert password not in repr(login)


def test_no_answer_is_an_error_of_the_login() -> None:
    login, _ = passwords.attempt(probe.direct(Address("localhost", 1)), "localhost", Attempt("a", "b", "c"), None)
    assert (login.answer, bool(login.error)) == (0, True)


def test_lines_that_are_no_hashes_fit_nothing() -> None:
    assert passwords.known("admin:plain\nrubbish\n:x\n", "admin", "plain", NOW) == "none"
