"""A connection to a port of a pod, through the API server: what `kubectl port-forward` does, without a local port.

Rule: the socket that comes out behaves as any other, so TLS and HTTP run over it unchanged.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from kubectl_registry import clock
from kubectl_registry.kube.answers import Call
from kubectl_registry.kube.execution import open_channel
from kubectl_registry.kube.kinds import POD

if TYPE_CHECKING:
    from kubectl_registry.kube.api import Api

_GOODBYE = 1.0
"""Longest wait, in seconds, for the thread behind the socket to end its connection in good order."""


@contextmanager
def connected(api: Api, namespace: str, pod: str, port: int, timeout: float) -> Iterator[socket.socket]:
    """A socket to a port of a pod. That nobody listens there shows as an end of the stream at the first read."""
    channel = open_channel(api, Call("create", POD, namespace, pod, "portforward"), f"ports={port}")
    opened = cast(socket.socket, channel.socket(port))
    opened.settimeout(timeout)
    try:
        yield opened
    finally:
        channel.close()
        deadline = clock.steady() + _GOODBYE
        while channel.websocket.sock is not None and clock.steady() < deadline and channel.connected:
            clock.pause(0.005)
        channel.websocket.shutdown()  # it does not close itself when the other side did first
