"""How clients outside the cluster reach the registry, and who inside may: Ingress and NetworkPolicy.

Rule: names and meanings are those of Kubernetes' own resources; what a certificate has to be for follows from them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.meta import ANNOTATIONS, LABEL_VALUES, SET, Model, ObjectName, Rule, checked

_DNS_NAME = Rule(
    "self.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
    "a host is a lowercase DNS name, without scheme and port: write registry.example.com",
)
Hosts = Annotated[
    tuple[Annotated[str, checked(_DNS_NAME, min_length=1, max_length=253)], ...], Meta(max_length=32), SET
]


_CIDR = Rule("isCIDR(self)", "cidr is a network: write it as 192.0.2.0/24")


class IngressTls(Model, frozen=True, kw_only=True):
    """The certificate that the Ingress controller shows to clients."""

    secret_name: Annotated[
        ObjectName | None,
        Meta(
            description="Secret of the namespace that holds it. Default: the Registry's own, NAME-tls; none with "
            "tls.issuer Disabled."
        ),
    ] = None


class Ingress(Model, frozen=True, kw_only=True):
    """An Ingress in front of the registry."""

    class_name: Annotated[ObjectName | None, Meta(description="IngressClass. Default: the cluster's default.")] = None
    hosts: Annotated[
        Hosts, Meta(description="Host names that clients use. Default: those of tls.hosts that are names.")
    ] = ()
    annotations: Annotated[
        ANNOTATIONS,
        Meta(
            description="Annotations of the Ingress: what a controller needs to speak TLS to the registry, as a rule."
        ),
    ] = field(default_factory=dict)
    tls: Annotated[IngressTls, Meta(description="The certificate that clients are shown.")] = field(
        default_factory=IngressTls
    )


class Selector(Model, frozen=True, kw_only=True):
    """Selects by labels; an empty one selects everything."""

    match_labels: Annotated[LABEL_VALUES, Meta(description="Labels that must be there.")] = field(default_factory=dict)


class Peer(Model, frozen=True, kw_only=True):
    """Pods or addresses that may connect, as in a NetworkPolicy."""

    rules: ClassVar = (
        Rule(
            "has(self.cidr) != (has(self.namespaceSelector) || has(self.podSelector))",
            "a peer is either addresses or pods: set cidr, or namespaceSelector and podSelector",
        ),
    )

    namespace_selector: Annotated[
        Selector | None, Meta(description="Namespaces of the pods. Default: the Registry's own.")
    ] = None
    pod_selector: Annotated[Selector | None, Meta(description="The pods. Default: all of those namespaces.")] = None
    cidr: Annotated[
        Annotated[str, checked(Rule("isCIDR(self)", "cidr is a network: write it as 192.0.2.0/24"), max_length=64)]
        | None,
        Meta(description="A network, such as 192.0.2.0/24."),
    ] = None


class NetworkPolicy(Model, frozen=True, kw_only=True):
    """Who may connect to the registry's pod."""

    rules: ClassVar = (
        Rule(
            "self.mode == 'Managed' || !(has(self.clients) || has(self.adminClients))",
            "clients and adminClients go with mode Managed: remove them, or set mode to Managed",
        ),
    )

    mode: Annotated[
        Literal["Managed", "None"],
        Meta(
            description="Managed: NetworkPolicy NAME lets everyone (or `clients`) reach the registry, and the operator "
            "alone (and `adminClients`) its admin port. None: there is none."
        ),
    ] = "Managed"
    clients: Annotated[
        tuple[Peer, ...], Meta(description="Who may reach the registry itself. Default: everyone.", max_length=32)
    ] = ()
    admin_clients: Annotated[
        tuple[Peer, ...],
        Meta(description="Who may reach metrics and status besides the operator: Prometheus, say.", max_length=32),
    ] = ()


class ParentRef(Model, frozen=True, kw_only=True):
    """A Gateway that routes to the registry, as in an HTTPRoute."""

    name: Annotated[ObjectName, Meta(description="Name of the Gateway.")]
    namespace: Annotated[
        Annotated[str, Meta(min_length=1, max_length=63)] | None,
        Meta(description="Namespace of the Gateway. Default: the Registry's."),
    ] = None
    section_name: Annotated[ObjectName | None, Meta(description="Which of its listeners. Default: all.")] = None


class Gateway(Model, frozen=True, kw_only=True):
    """An HTTPRoute in front of the registry, and the BackendTLSPolicy that lets the Gateway speak TLS to it."""

    parent_refs: Annotated[
        tuple[ParentRef, ...], Meta(description="The Gateways that it is for.", min_length=1, max_length=16)
    ]
    hosts: Annotated[
        Hosts, Meta(description="Host names that clients use. Default: those of tls.hosts that are names.")
    ] = ()
    scheme: Annotated[
        Literal["HTTPS", "HTTP"], Meta(description="What clients speak to the Gateway; for `status.url`.")
    ] = "HTTPS"
    annotations: Annotated[ANNOTATIONS, Meta(description="Annotations of the HTTPRoute.")] = field(default_factory=dict)
