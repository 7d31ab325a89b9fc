"""A small client of the registry: one request a connection, over whatever way leads there.

Rule: a password goes only where `probe` has been, and into a header, never into an error.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from kubectl_registry.errors import PluginError, UnreachableError

Dial = Callable[[], AbstractContextManager[socket.socket]]
"""Opens a connection to the registry's port, anew each time. Raises OSError or PluginError."""

_MOST = 4 << 20
"""Bytes of an answer that are read: a manifest may have 4 MiB (distribution-spec, Pushing Manifests)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Talks to the registry as `user`, or as nobody."""

    def __init__(
        self, dial: Dial, host: str, context: ssl.SSLContext | None, user: str = "", password: str = ""
    ) -> None:
        self._dial = dial
        self._host = host
        self._context = context
        self._credentials = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""

    def get(self, path: str, **headers: str) -> Answer:
        """GET. Raises UnreachableError."""
        return self.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request. Raises UnreachableError."""
        sent = {"Host": self._host, "Connection": "close", "User-Agent": "kubectl-registry", **(headers or {})}
        if self._credentials:
            sent["Authorization"] = f"Basic {self._credentials}"
        connection = http.client.HTTPConnection(self._host)
        try:
            with self._dial() as opened:
                wrapped = self._context.wrap_socket(opened, server_hostname=self._host) if self._context else opened
                connection.sock = wrapped
                connection.request(method, path, body=body, headers=sent)
                answer = connection.getresponse()
                data = answer.read(_MOST)
                connection.close()
                return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, data)
        except (OSError, http.client.HTTPException, PluginError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
