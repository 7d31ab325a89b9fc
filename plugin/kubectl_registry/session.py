"""What a command works with: its options, the screen, and the cluster once it is asked for.

Rule: nothing is read from a cluster before a command needs it.
"""

from __future__ import annotations

import argparse
from functools import cached_property

from kubectl_registry import registries
from kubectl_registry.errors import NotFoundError, NotInstalledError
from kubectl_registry.kube.api import Api, Object, Place
from kubectl_registry.kube.kinds import CONFIG_MAP, POD, REGISTRY, WEBHOOK
from kubectl_registry.screen import Screen


class Session:
    """One run of one command."""

    def __init__(self, options: argparse.Namespace, screen: Screen) -> None:
        self.options = options
        self.screen = screen

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if "api" in self.__dict__:
            self.api.close()

    @cached_property
    def api(self) -> Api:
        """The cluster of the kubeconfig. Raises UnreachableError when there is none."""
        return Api.connect(Place(self.options.kubeconfig, self.options.context))

    @property
    def namespace(self) -> str:
        """The namespace to work in."""
        return self.options.namespace or self.api.namespace

    def registry(self) -> Object:
        """The Registry that was named. Raises NotFoundError, with the names that there are."""
        wanted = self.options.name
        try:
            return self.api.get(REGISTRY, self.namespace, wanted)
        except NotInstalledError:
            raise
        except NotFoundError as error:
            others = ", ".join(registries.name(each) for each in self.api.list_all(REGISTRY, self.namespace)) or "none"
            raise NotFoundError(
                f"{error}: there is {others}; `kubectl registry status -A` lists those of all namespaces"
            ) from None

    def registries(self) -> list[Object]:
        """The Registry that was named, or all of the namespace, or (-A) of the cluster."""
        if self.options.name:
            return [self.registry()]
        return self.api.list_all(REGISTRY, "" if self.options.all_namespaces else self.namespace)

    def webhooks(self, registry: Object) -> list[Object]:
        """The RegistryWebhooks of a Registry."""
        found = self.api.list_all(WEBHOOK, registries.namespace(registry))
        return [each for each in found if each["spec"]["registryRef"]["name"] == registries.name(registry)]

    def running_pod(self, registry: Object) -> str:
        """The name of the registry's pod that runs, of two the active one. Raises NotFoundError."""
        name = registries.name(registry)
        pods = self.api.list_all(POD, registries.namespace(registry), labels=registries.selector(name))
        running = [
            registries.name(pod)
            for pod in pods
            if pod.get("status", {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")
        ]
        active = registries.status(registry).get("activePod")
        if running:
            return active if active in running else running[0]
        raise NotFoundError(f"no pod of registry {name} runs: `kubectl registry doctor {name}` tells why")

    def ca(self, registry: Object) -> str:
        """The CA that clients should trust, as PEM; empty when there is none."""
        name = registries.ca_name(registry)
        if not name:
            return ""
        found = self.api.get(CONFIG_MAP, registries.namespace(registry), name)
        return str((found.get("data") or {}).get("ca.crt", ""))
