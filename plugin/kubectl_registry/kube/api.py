"""Requests to the API server, with the kubeconfig that kubectl uses; credentials and connections by `kubernetes`.

Rule: the `kubernetes` package is imported only when a cluster is talked to, because that takes longer than all else;
every request has a deadline, and every failure becomes a PluginError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kubectl_registry.errors import NotFoundError, NotInstalledError, UnreachableError
from kubectl_registry.kube import answers
from kubectl_registry.kube.answers import Call
from kubectl_registry.kube.kinds import FIELD_MANAGER, Kind

if TYPE_CHECKING:
    from kubernetes.client import Configuration

Object = dict[str, Any]
_CONNECT, _READ = 5.0, 20.0
"""Seconds until a connection stands, and until an answer is there."""

_APPLY, _JSON = "application/apply-patch+yaml", "application/json"


@dataclass(frozen=True, slots=True)
class Place:
    """Which cluster: a kubeconfig file and a context in it; empty is what kubectl takes."""

    kubeconfig: str = ""
    context: str = ""


class Api:
    """One API server. `namespace` is that of the context."""

    def __init__(self, configuration: Configuration, namespace: str = "default") -> None:
        from kubernetes.client import ApiClient  # noqa: PLC0415 - slow to import, see above

        self.configuration = configuration
        self.namespace = namespace
        self._rest = ApiClient(configuration).rest_client

    @classmethod
    def connect(cls, place: Place) -> Api:
        """The API server that a kubeconfig names. Raises UnreachableError when there is none that can be used."""
        return cls(*_load(place))

    def close(self) -> None:
        """Close the connections to it."""
        self._rest.close()

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """One object. Raises NotFoundError."""
        return self.request("GET", Call("get", kind, namespace, name))

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object, or None when there is none of this name."""
        try:
            return self.get(kind, namespace, name)
        except NotInstalledError:
            raise
        except NotFoundError:
            return None

    def list_all(self, kind: Kind, namespace: str, *, labels: str = "", field: str = "") -> list[Object]:
        """The objects of a kind, in a namespace or (empty) in all."""
        query = {"labelSelector": labels, "fieldSelector": field}
        answer = self.request("GET", Call("list", kind, namespace), query)
        items: list[Object] = answer.get("items") or []
        return items

    def apply(self, kind: Kind, body: Object, *, force: bool) -> Object:
        """Server-side apply as field manager `kubectl-registry`. Raises RefusedError when others own a field."""
        metadata = body["metadata"]
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        call = Call("patch", kind, metadata["namespace"], metadata["name"])
        return self.request("PATCH", call, query, body, _APPLY)

    def version(self) -> Object:
        """What the API server says of itself."""
        return self.request("GET", Call("get", Kind("version", "version", namespaced=False)), path="/version")

    def serves(self, kind: Kind) -> bool:
        """Whether the API server knows a kind; every user may ask."""
        try:
            answer = self.request("GET", Call("get", kind), path=kind.root)
        except NotFoundError:
            return False
        return any(each.get("name") == kind.plural for each in answer.get("resources", []))

    def headers(self) -> dict[str, str]:
        """The request headers that say who we are."""
        settings: dict[str, Any] = dict(self.configuration.auth_settings())
        return {each["key"]: each["value"] for each in settings.values() if each["in"] == "header"}

    def request(
        self, method: str, call: Call, query: Mapping[str, str] | None = None, body: Object | None = None,
        content_type: str = _JSON, *, path: str = "",
    ) -> Object:  # fmt: skip
        """One request and its answer."""
        given = urlencode({key: value for key, value in (query or {}).items() if value})
        url = f"{self.configuration.host}{path or call.path}" + (f"?{given}" if given else "")
        headers = {"Accept": _JSON, "Content-Type": content_type, "User-Agent": FIELD_MANAGER, **self.headers()}
        status, data = self._send(method, url, headers, body)
        if status >= 400:
            raise answers.error(call, status, data)
        try:
            answer: Object = json.loads(data)
        except ValueError as error:
            raise UnreachableError(f"{self.configuration.host} does not speak Kubernetes: check --context") from error
        return answer

    def _send(self, method: str, url: str, headers: dict[str, str], body: Object | None) -> tuple[int, bytes]:
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415 - slow to import, see above
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with it

        try:
            answer = self._rest.request(method, url, headers=headers, body=body, _request_timeout=(_CONNECT, _READ))
            return int(answer.status), bytes(answer.read())
        except (HTTPError, ApiException, OSError) as error:
            raise UnreachableError(
                f"the API server {self.configuration.host} cannot be reached ({reason(error)}): check that the cluster "
                "runs, that this machine has a way to it, and --context and --kubeconfig"
            ) from error


def reason(error: BaseException) -> str:
    """The innermost thing that an error says of itself."""
    inner = getattr(error, "reason", None)
    while isinstance(inner, BaseException):
        error, inner = inner, getattr(inner, "reason", None)
    text = str(error) or type(error).__name__
    return text.rpartition(": ")[2] if text.startswith(("<", "HTTP")) else text


def _load(place: Place) -> tuple[Configuration, str]:
    from kubernetes import config  # noqa: PLC0415 - slow to import, see above
    from kubernetes.client import Configuration  # noqa: PLC0415 - the same

    configuration = Configuration()
    files = place.kubeconfig or os.environ.get("KUBECONFIG", "")
    if not files and not (Path.home() / ".kube" / "config").exists():
        return _in_pod(configuration)
    known, active = _contexts(files)
    try:
        config.load_kube_config(files or None, place.context or None, configuration)
    except (config.ConfigException, OSError, ValueError, TypeError, KeyError) as error:
        raise _unusable(error) from error
    configuration.retries = False
    chosen = next((each for each in known if each["name"] == place.context), active)
    return configuration, (chosen.get("context") or {}).get("namespace") or "default"


def contexts(kubeconfig: str) -> list[str]:
    """The contexts of a kubeconfig. Raises UnreachableError when it cannot be read."""
    return [str(each["name"]) for each in _contexts(kubeconfig or os.environ.get("KUBECONFIG", ""))[0]]


def _contexts(files: str) -> tuple[list[Object], Object]:
    from kubernetes import config  # noqa: PLC0415 - slow to import, see above
    from yaml import YAMLError  # noqa: PLC0415 - comes with it

    try:
        known, active = config.list_kube_config_contexts(files or None)
    except (config.ConfigException, YAMLError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unusable(error) from error
    return known, active or {}


def _unusable(error: BaseException) -> UnreachableError:
    told = " ".join(str(error).split()).rstrip(".")
    return UnreachableError(
        f"the kubeconfig cannot be used: {told}: see `kubectl config view`, or name one with --kubeconfig and --context"
    )


def _in_pod(configuration: Configuration) -> tuple[Configuration, str]:
    """The way out of a pod, by its ServiceAccount."""
    from kubernetes import config  # noqa: PLC0415 - slow to import, see above

    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise UnreachableError(
            "there is no kubeconfig: set KUBECONFIG, pass --kubeconfig FILE, or log in to a cluster so that "
            "~/.kube/config exists"
        ) from error
    configuration.retries = False
    namespace = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return configuration, namespace.read_text().strip() if namespace.exists() else "default"
