"""Commands in a pod: what `kubectl exec` does, over the same websocket.

Rule: nothing secret goes onto a command line; output comes line by line, so that a long one can be shown as it grows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from kubectl_registry import clock
from kubectl_registry.errors import LateError, UnreachableError
from kubectl_registry.kube import websockets
from kubectl_registry.kube.answers import Call
from kubectl_registry.kube.kinds import POD

if TYPE_CHECKING:
    from kubectl_registry.kube.api import Api

_STDOUT, _STDERR, _ERROR = 1, 2, 3
"""Channels of the remote command protocol (v4.channel.k8s.io)."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    status: int
    output: str
    complaints: str


@dataclass(frozen=True, slots=True)
class Target:
    """A container of a pod."""

    namespace: str
    pod: str
    container: str = "wharf"


def execute(
    api: Api, target: Target, command: Sequence[str], *, timeout: float, listen: Callable[[str], None] | None = None
) -> Done:
    """Run a command to its end; `listen` gets each line as it comes. Raises LateError after `timeout` seconds."""
    query = [("command", part) for part in command]
    query += [("container", target.container), ("stdout", "true"), ("stderr", "true")]
    client = websockets.client(api, Call("create", POD, target.namespace, target.pod, "exec"), urlencode(query))
    lines, complaints = _Lines(listen), bytearray()
    deadline = clock.steady() + timeout
    try:
        while client.is_open():
            if clock.steady() > deadline:
                raise LateError(f"pod {target.pod} did not finish within {timeout:.0f} s: look at its log, try again")
            client.update(timeout=1)
            lines.add(client.read_channel(_STDOUT))
            complaints += client.read_channel(_STDERR)
        ended = client.read_channel(_ERROR)
    finally:
        client.sock.shutdown()  # close() would leave the socket open once the other side has closed
    return Done(_status(ended), lines.end(), complaints.decode(errors="replace"))


class _Lines:
    """Cuts output into lines as it comes."""

    def __init__(self, listen: Callable[[str], None] | None) -> None:
        self._listen = listen
        self._all: list[str] = []
        self._rest = b""

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._told(line)

    def end(self) -> str:
        if self._rest:
            self._told(self._rest)
        return "\n".join(self._all)

    def _told(self, line: bytes) -> None:
        text = line.decode(errors="replace")
        self._all.append(text)
        if self._listen:
            self._listen(text)


def _status(ended: bytes) -> int:
    """The exit status of a command from what the error channel said last (a `Status` of the Kubernetes API)."""
    try:
        told = json.loads(ended)
    except ValueError:
        raise UnreachableError("the connection to the pod was lost: try again") from None
    if told.get("status") == "Success":
        return 0
    causes = told.get("details", {}).get("causes", [])
    code = next((each["message"] for each in causes if each.get("reason") == "ExitCode"), "")
    if not code.isdigit():
        raise UnreachableError(f"the command could not be started in the pod: {told.get('message', 'no reason given')}")
    return int(code)
