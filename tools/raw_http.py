"""HTTP as bytes on a socket, for tests of what a client's library would hide.

Rule: what is read is one answer and no more than that, or the test fails.
"""

from __future__ import annotations

import re
import socket

_LENGTH = re.compile(rb"content-length: (\d+)")


def message(method: str, path: str, *lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: registry", *lines, "", ""]).encode()


def read_answer(sock: socket.socket, *, head_only: bool = False) -> tuple[bytes, bytes]:
    """Head and body of the next answer; `head_only`: of one to HEAD."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sock.recv(65536)
        assert piece, received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    expected = 0 if head_only or length is None else int(length[1])
    while len(body) < expected:
        piece = sock.recv(65536)
        assert piece, received
        body += piece
    assert len(body) == expected
    return head, body


def ask(sock: socket.socket, request: bytes) -> tuple[bytes, bytes]:
    """Send a request, and read its answer."""
    sock.sendall(request)
    return read_answer(sock, head_only=request.startswith(b"HEAD"))
