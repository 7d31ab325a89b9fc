"""A connection to a port of a pod, through the API server: what `kubectl port-forward` does, without a local port.

Rule: the socket that comes out behaves as any other, so TLS and HTTP run over it unchanged; its thread has ended when
the context has, because a file descriptor that is closed under it would soon be another connection's.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kubectl_registry.kube import websockets
from kubectl_registry.kube.answers import Call
from kubectl_registry.kube.kinds import POD

if TYPE_CHECKING:
    from kubectl_registry.kube.api import Api

_DATA, _ERROR = 0, 1
"""Channels of the port forwarding protocol; the first frame of each repeats the port."""


@contextmanager
def connected(api: Api, namespace: str, pod: str, port: int, timeout: float) -> Iterator[socket.socket]:
    """A socket to a port of a pod. That nobody listens there shows as an end of the stream at the first read."""
    websocket = websockets.plain(api, Call("create", POD, namespace, pod, "portforward"), f"ports={port}")
    near, far = socket.socketpair()
    near.settimeout(timeout)
    pump = threading.Thread(target=_carry, args=(websocket, far), name=f"port {port} of {pod}", daemon=True)
    pump.start()
    try:
        with near:
            yield near
    finally:
        _end(far)  # a copy of `near` may live on in a TLS socket that failed
        pump.join()
        far.close()


def _carry(websocket: Any, far: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    from websocket import WebSocketException  # noqa: PLC0415 - slow to import

    begun: set[int] = set()
    try:
        while True:
            if _pending(websocket.sock) or websocket.sock in (ready := select.select([websocket.sock, far], [], [])[0]):
                if not _receive(websocket, far, begun):
                    return
            elif far in ready:
                data = far.recv(65536)
                if not data:
                    return
                websocket.send_binary(bytes([_DATA]) + data)
    except (OSError, WebSocketException):
        return  # the end of the stream says it
    finally:
        websocket.shutdown()
        _end(far)


def _end(opened: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        opened.shutdown(socket.SHUT_RDWR)


def _receive(websocket: Any, far: socket.socket, begun: set[int]) -> bool:
    """Take one frame; whether there may be more."""
    from websocket import ABNF  # noqa: PLC0415 - slow to import

    opcode, frame = websocket.recv_data_frame(True)
    if opcode == ABNF.OPCODE_CLOSE:
        return False
    if opcode != ABNF.OPCODE_BINARY or not frame.data:
        return True
    channel = frame.data[0]
    if channel not in begun:
        begun.add(channel)
        return True
    if channel == _DATA:
        far.sendall(frame.data[1:])
    return bool(channel != _ERROR)


def _pending(opened: socket.socket) -> bool:
    """Whether TLS has bytes ready that select does not see."""
    return isinstance(opened, ssl.SSLSocket) and opened.pending() > 0
