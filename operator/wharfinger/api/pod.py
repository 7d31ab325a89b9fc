"""How the registry is reached and how its pod runs: the parts of a Registry that Kubernetes users know already.

Rule: names and meanings are those of Kubernetes' own Service and Pod.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.meta import ANNOTATIONS, LABEL_VALUES, Model, ObjectName, Quantity, Rule, checked, list_map

_CIDR = Rule("isCIDR(self)", "a range is a network: write it as 192.0.2.0/24")
Amounts = Annotated[dict[str, Annotated[int, Meta(ge=0)] | Quantity], Meta(max_length=16)]


class Service(Model, frozen=True, kw_only=True):
    """How the registry is reached."""

    rules: ClassVar = (
        Rule(
            "!has(self.nodePort) || self.type != 'ClusterIP'",
            "nodePort goes with type NodePort or LoadBalancer: set type, or remove nodePort",
            field_path=".nodePort",
        ),
        Rule(
            "self.type == 'LoadBalancer' || !(has(self.loadBalancerClass) || has(self.loadBalancerSourceRanges) || "
            "has(self.allocateLoadBalancerNodePorts))",
            "loadBalancerClass, loadBalancerSourceRanges and allocateLoadBalancerNodePorts go with type LoadBalancer: "
            "set type, or remove them",
        ),
        Rule(
            "self.type != 'ClusterIP' || !has(self.externalTrafficPolicy)",
            "externalTrafficPolicy goes with type NodePort or LoadBalancer: set type, or remove it",
            field_path=".externalTrafficPolicy",
        ),
        Rule(
            "self.type != 'LoadBalancer' || oldSelf.type != 'LoadBalancer' || has(self.loadBalancerClass) == "
            "has(oldSelf.loadBalancerClass) && (!has(self.loadBalancerClass) || "
            "self.loadBalancerClass == oldSelf.loadBalancerClass)",
            "the class of a load balancer cannot change: set loadBalancerClass back, or change type to ClusterIP first",
            field_path=".loadBalancerClass",
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
    load_balancer_class: Annotated[
        Annotated[str, Meta(min_length=1, max_length=317)] | None,
        Meta(description="Which load balancer implementation is to serve it. Default: the cluster's."),
    ] = None
    load_balancer_source_ranges: Annotated[
        tuple[Annotated[str, checked(_CIDR, max_length=64)], ...],
        Meta(description="Networks that the load balancer takes connections from. Default: all.", max_length=64),
    ] = ()
    allocate_load_balancer_node_ports: Annotated[
        bool | None, Meta(description="Whether a load balancer gets node ports as well. Default: true.")
    ] = None
    external_traffic_policy: Annotated[
        Literal["Cluster", "Local"] | None,
        Meta(description="Local keeps the clients' addresses. Default: Cluster."),
    ] = None
    ip_family_policy: Annotated[
        Literal["SingleStack", "PreferDualStack", "RequireDualStack"] | None,
        Meta(description="IPv4, IPv6 or both. Default: SingleStack."),
    ] = None


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


class PullSecret(Model, frozen=True, kw_only=True):
    """A Secret of type kubernetes.io/dockerconfigjson."""

    name: Annotated[ObjectName, Meta(description="Name of the Secret.")]


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
    image_pull_secrets: Annotated[
        tuple[PullSecret, ...],
        Meta(description="Secrets of the namespace that the registry's own image is pulled with.", max_length=16),
        list_map("name"),
    ] = ()
    image_pull_policy: Annotated[
        Literal["Always", "IfNotPresent", "Never"], Meta(description="When the image is pulled.")
    ] = "IfNotPresent"
