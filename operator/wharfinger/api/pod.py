"""How the registry is reached and how its pod runs: the parts of a Registry that Kubernetes users know already.

Rule: names and meanings are those of Kubernetes' own Service and Pod.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.meta import ANNOTATIONS, LABEL_VALUES, Model, ObjectName, Quantity, Rule

Amounts = Annotated[dict[str, Annotated[int, Meta(ge=0)] | Quantity], Meta(max_length=16)]


class Service(Model, frozen=True, kw_only=True):
    """How the registry is reached."""

    rules: ClassVar = (
        Rule(
            "!has(self.nodePort) || self.type != 'ClusterIP'",
            "nodePort goes with type NodePort or LoadBalancer: set type, or remove nodePort",
            field_path=".nodePort",
        ),
    )

    type: Annotated[Literal["ClusterIP", "NodePort", "LoadBalancer"], Meta(description="Type of the Service.")] = (
        "ClusterIP"
    )
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Port of the Service. Default: 443, or 80 with tls.issuer Disabled."),
    ] = None
    node_port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Port on every node. Default: one that Kubernetes chooses."),
    ] = None
    annotations: Annotated[
        ANNOTATIONS, Meta(description="Annotations of the Service, as for cloud load balancers.")
    ] = field(default_factory=dict)


class Resources(Model, frozen=True, kw_only=True):
    """Compute resources of the container."""

    requests: Annotated[Amounts, Meta(description="What the pod reserves.")] = field(default_factory=dict)
    limits: Annotated[Amounts, Meta(description="What the pod may use at most.")] = field(default_factory=dict)


class Toleration(Model, frozen=True, kw_only=True):
    """A node taint that the pod tolerates, as in a Pod's spec."""

    key: Annotated[
        Annotated[str, Meta(max_length=317)] | None,
        Meta(description="Taint key; absent with operator Exists: every taint."),
    ] = None
    operator: Annotated[Literal["Equal", "Exists"] | None, Meta(description="How value is compared.")] = None
    value: Annotated[Annotated[str, Meta(max_length=63)] | None, Meta(description="Taint value.")] = None
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None,
        Meta(description="Effect tolerated; absent: every effect."),
    ] = None
    toleration_seconds: Annotated[int | None, Meta(description="How long NoExecute is tolerated.")] = None


_AS_IN_A_POD = {"x-kubernetes-preserve-unknown-fields": True}


class Affinity(Model, frozen=True, kw_only=True):
    """Which nodes and neighbours the pod prefers or needs, as in a Pod's spec."""

    node_affinity: Annotated[
        dict[str, Any] | None, Meta(description="Nodes by their labels.", extra_json_schema=_AS_IN_A_POD)
    ] = None
    pod_affinity: Annotated[
        dict[str, Any] | None, Meta(description="Pods to be near to.", extra_json_schema=_AS_IN_A_POD)
    ] = None
    pod_anti_affinity: Annotated[
        dict[str, Any] | None, Meta(description="Pods to be far from.", extra_json_schema=_AS_IN_A_POD)
    ] = None


class Pod(Model, frozen=True, kw_only=True):
    """Settings of the registry's pod."""

    resources: Annotated[
        Resources | None,
        Meta(description="Compute resources. Default: requests of 50m CPU and 128Mi memory, 1Gi memory limit."),
    ] = None
    node_selector: Annotated[LABEL_VALUES, Meta(description="Labels that a node must have.")] = field(
        default_factory=dict
    )
    tolerations: Annotated[
        tuple[Toleration, ...], Meta(description="Taints that the pod tolerates.", max_length=32)
    ] = ()
    affinity: Annotated[Affinity | None, Meta(description="Affinity, as in a Pod's spec.")] = None
    priority_class_name: Annotated[ObjectName | None, Meta(description="PriorityClass of the pod.")] = None
    annotations: Annotated[ANNOTATIONS, Meta(description="Further annotations of the pod.")] = field(
        default_factory=dict
    )
    labels: Annotated[LABEL_VALUES, Meta(description="Further labels of the pod.")] = field(default_factory=dict)
    image_pull_policy: Annotated[
        Literal["Always", "IfNotPresent", "Never"], Meta(description="When the image is pulled.")
    ] = "IfNotPresent"
