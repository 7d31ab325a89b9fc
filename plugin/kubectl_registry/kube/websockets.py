"""Websockets to the subresources of a pod, through the API server, as the `kubernetes` package opens them.

Rule: every refusal becomes the same error that a plain request would have had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kubectl_registry.errors import UnreachableError
from kubectl_registry.kube import answers

if TYPE_CHECKING:
    from kubectl_registry.kube.answers import Call
    from kubectl_registry.kube.api import Api


def client(api: Api, call: Call, query: str) -> Any:
    """A client of the remote command protocol, its channels in bytes."""
    from kubernetes.stream import ws_client  # noqa: PLC0415 - slow to import

    def opened(url: str) -> Any:
        return ws_client.WSClient(api.configuration, url, api.headers(), capture_all=False, binary=True)

    return _open(api, call, query, opened)


def plain(api: Api, call: Call, query: str) -> Any:
    """A websocket as it is."""
    from kubernetes.stream import ws_client  # noqa: PLC0415 - slow to import

    def opened(url: str) -> Any:
        return ws_client.create_websocket(api.configuration, url, api.headers())

    return _open(api, call, query, opened)


def _open(api: Api, call: Call, query: str, opened: Callable[[str], Any]) -> Any:
    from kubernetes.stream.ws_client import get_websocket_url  # noqa: PLC0415 - slow to import
    from websocket import WebSocketBadStatusException, WebSocketException  # noqa: PLC0415 - comes with it

    try:
        return opened(get_websocket_url(f"{api.configuration.host}{call.path}?{query}"))
    except WebSocketBadStatusException as error:
        raise answers.error(call, error.status_code, bytes(error.resp_body or b"")) from error
    except (WebSocketException, OSError) as error:
        raise UnreachableError(f"no connection to pod {call.name} through the API server: {error}") from error
