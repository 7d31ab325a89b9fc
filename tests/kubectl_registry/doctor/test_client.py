"""The small client, against a real registry."""

import pytest
from tests.kubectl_registry.doctor.conftest import PASSWORD, Running

from kubectl_registry.addresses import Address
from kubectl_registry.doctor import probe
from kubectl_registry.doctor.client import Client
from kubectl_registry.errors import UnreachableError


def client(port: int, user: str = "", password: str = "") -> Client:
    return Client(probe.direct(Address("localhost", port)), "localhost", probe.unverified(), user, password)


def test_somebody_is_let_in_and_nobody_is_not(wharf: Running) -> None:
    assert client(wharf.port, "admin", PASSWORD).get("/v2/").status == 200
    refused = client(wharf.port).get("/v2/")
    assert refused.status == 401
    assert "basic" in refused.headers["www-authenticate"].lower()


def test_no_answer_is_told_without_the_password() -> None:
    with pytest.raises(UnreachableError) as told:
        client(1, "admin", PASSWORD).get("/v2/")
    assert PASSWORD not in str(told.value)
