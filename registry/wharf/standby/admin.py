"""The admin listener of one that stands by: probes, what it has loaded, and who has the data open.

Rule: it says nothing of the data, which is the active one's to say; and does nothing to it.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import msgspec

from wharf import __version__
from wharf.http.admin import JSON, NOT_FOUND, READY, TEXT, answer, loaded, readiness, refusal
from wharf.peers import FILES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wharf.http.admin import Answer
    from wharf.http.messages import Message, Receive, Send
    from wharf.metrics import Metrics
    from wharf.reload import Reloader


class StandbyAdminApp:
    """`active` answers the name of the host that has the data open; `unready` why requests should not come here."""

    def __init__(
        self, reloader: Reloader, metrics: Metrics, active: Callable[[], str], unready: Callable[[], Awaitable[str]]
    ) -> None:
        self._reloader = reloader
        self._metrics = metrics
        self._active = active
        self._unready = unready

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        del receive  # nothing here takes a body
        await answer(scope, send, refusal(scope, self._reloader.admin_token) or await self._answer(scope))

    async def _answer(self, scope: Message) -> Answer:
        match scope["path"]:
            case "/livez" | "/startupz":
                return READY
            case "/readyz":
                return readiness(await self._unready())
            case "/status":
                return 200, JSON, msgspec.json.encode(self._status())
            case "/metrics":
                return 200, TEXT, self._metrics.of_standby().encode()
            case "/gc":
                return 503, TEXT, f"standing by: ask {self._active() or 'the active one, when there is one'}\n".encode()
        return NOT_FOUND

    def _status(self) -> dict[str, object]:
        return {
            "version": __version__,
            "instance": socket.gethostname(),
            "role": "standby",
            "active": self._active(),
            **loaded({name: self._reloader.report(name) for name in FILES}),
        }
