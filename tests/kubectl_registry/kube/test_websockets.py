"""Websockets to pods: opened with our credentials, refused in words."""

import pytest
from tests.kubectl_registry.conftest import FakeCluster

from kubectl_registry.errors import ForbiddenError, NotFoundError, UnreachableError
from kubectl_registry.kube import websockets
from kubectl_registry.kube.answers import Call
from kubectl_registry.kube.api import Api
from kubectl_registry.kube.kinds import POD

CALL = Call("create", POD, "ci", "team-1", "portforward")


def test_a_websocket_opens(api: Api) -> None:
    opened = websockets.plain(api, CALL, "ports=1")
    assert opened.connected
    opened.shutdown()
    client = websockets.client(api, Call("create", POD, "ci", "team-1", "exec"), "command=true")
    assert client.is_open()
    client.sock.shutdown()


@pytest.mark.parametrize(("status", "kind"), [(403, ForbiddenError), (404, NotFoundError), (502, UnreachableError)])
def test_a_refusal_is_the_error_of_a_plain_request(
    api: Api, cluster: FakeCluster, status: int, kind: type[Exception]
) -> None:
    cluster.refuse["create", "pods/portforward"] = status, "cannot"
    with pytest.raises(kind):
        websockets.plain(api, CALL, "ports=1")


def test_no_server_is_told(api: Api) -> None:
    api.configuration.host = "http://127.0.0.1:1"
    with pytest.raises(UnreachableError, match="no connection to pod team-1"):
        websockets.plain(api, CALL, "ports=1")
