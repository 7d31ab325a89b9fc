"""Names of what there is, for completion.

Rule: reads the options of an unfinished command line leniently, and asks for nothing but names.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing

from kubectl_registry import registries
from kubectl_registry.kube.api import Api, Place, contexts
from kubectl_registry.kube.kinds import NAMESPACE, REGISTRY, WEBHOOK

_KINDS = {"NAME": REGISTRY, "USER": REGISTRY, "WEBHOOK": WEBHOOK, "NAMESPACE": NAMESPACE}
"""What each placeholder of the command line is a name of."""


def names(wanted: str, before: Sequence[str]) -> list[str]:
    """Names of the kind that a placeholder stands for. Raises PluginError when the cluster does not tell."""
    options, rest = _options().parse_known_args(before)
    if wanted == "CONTEXT":
        return contexts(options.kubeconfig)
    kind = _KINDS.get(wanted)
    if kind is None:
        return []
    with closing(Api.connect(Place(options.kubeconfig, options.context))) as api:
        found = api.list_all(kind, options.namespace or api.namespace)
    if wanted == "USER":
        return [user.name for each in found if registries.name(each) in rest for user in registries.users(each)]
    return [registries.name(each) for each in found]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("-n", "--namespace", nargs="?", default="")
    parser.add_argument("--context", nargs="?", default="")
    parser.add_argument("--kubeconfig", nargs="?", default="")
    return parser
