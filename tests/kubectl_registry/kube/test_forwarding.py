"""A forwarded port carries bytes both ways, and ends when nobody listens."""

import socket
import threading

import pytest
from tests.kubectl_registry.conftest import FakeCluster

from kubectl_registry.errors import ForbiddenError
from kubectl_registry.kube import forwarding
from kubectl_registry.kube.api import Api


def test_bytes_go_there_and_back(api: Api, cluster: FakeCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        cluster.forward = lambda _: int(server.getsockname()[1])

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(connection.recv(100).upper())

        thread = threading.Thread(target=echo)
        thread.start()
        with forwarding.connected(api, "ci", "team-1", 5000, 20) as opened:
            opened.sendall(b"hello")
            assert opened.recv(100) == b"HELLO"
        thread.join(10)


def test_nobody_listening_is_an_end(api: Api, cluster: FakeCluster) -> None:
    cluster.forward = lambda _: 1
    with forwarding.connected(api, "ci", "team-1", 5000, 20) as opened:
        assert opened.recv(100) == b""


def test_the_right_to_forward_is_named_when_it_lacks(api: Api, cluster: FakeCluster) -> None:
    cluster.refuse["create", "pods/portforward"] = 403, "cannot"
    with (
        pytest.raises(ForbiddenError, match="create pods/portforward"),
        forwarding.connected(api, "ci", "team-1", 5000, 20),
    ):
        pass
