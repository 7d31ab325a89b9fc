"""What the chart and the kustomizations become, as objects that can be compared. Rule: the real programs render.

What each of the two adds of its own accord (Helm's labels, the chart's keep annotation, kustomize's Namespace) is taken
away before a comparison, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from e2e.kubectl import run
from e2e.programs import program

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "wharfinger"
MANIFESTS = ROOT / "manifests"
NAMESPACE = "wharfinger-system"
Object = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """One way to set the operator up, in both worlds."""

    kustomization: str
    """Directory below manifests/."""
    values: tuple[str, ...] = ()
    """What Helm is told with --set to come to the same."""


VARIANTS = (
    Variant("base"),
    Variant("overlays/cluster-wide"),
    Variant("overlays/namespaced", ("namespaces={team-a,team-b}",)),
    Variant("overlays/ha", ("replicas=2",)),
    Variant("overlays/pull-secrets", ("pullSecretsAcrossNamespaces=true",)),
    Variant(
        "overlays/monitored", ("serviceMonitor.enabled=true", "prometheusRule.enabled=true", "dashboards.enabled=true")
    ),
)


def helm(*arguments: str, timeout: float = 300) -> str:
    """Run helm; what it printed."""
    return run([str(program("helm")), *arguments], timeout=timeout)


def settings(variant: Variant) -> list[str]:
    """Helm's arguments for a variant."""
    return [part for value in variant.values for part in ("--set", value)]


def chart(variant: Variant) -> list[Object]:
    """The chart's objects, those of `helm test` left out."""
    text = helm("template", "wharfinger", str(CHART), "--namespace", NAMESPACE, "--no-hooks", *settings(variant))
    return [document for document in yaml.safe_load_all(text) if document]


def hooks(variant: Variant) -> list[Object]:
    """The chart's objects of `helm test`."""
    arguments = ["template", "wharfinger", str(CHART), "--namespace", NAMESPACE, *settings(variant)]
    text = helm(*arguments, "--show-only", "templates/tests.yaml")
    return [document for document in yaml.safe_load_all(text) if document]


def kustomization(variant: Variant) -> list[Object]:
    """The kustomization's objects."""
    text = run([str(program("kubectl")), "kustomize", str(MANIFESTS / variant.kustomization)])
    return [document for document in yaml.safe_load_all(text) if document]


def comparable(objects: list[Object]) -> dict[str, Object]:
    """`Kind namespace/name` -> the object without what its tool alone adds."""
    found = {}
    for item in objects:
        metadata = dict(item["metadata"])
        labels = {key: value for key, value in metadata.pop("labels", {}).items() if not _of_the_tool(key)}
        annotations = dict(metadata.pop("annotations", {}))
        annotations.pop("helm.sh/resource-policy", None)
        metadata |= {"labels": labels} if labels else {}
        metadata |= {"annotations": annotations} if annotations else {}
        key = f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
        assert key not in found, f"{key} is there twice"
        found[key] = {**item, "metadata": metadata}
    found.pop(f"Namespace /{NAMESPACE}", None)  # Helm's user names one
    return found


def _of_the_tool(label: str) -> bool:
    """Whether a label says who rendered the object, not what it is."""
    ours = {"app.kubernetes.io/" + name for name in ("managed-by", "instance", "version", "name", "part-of")}
    return label in ours or label == "helm.sh/chart"
