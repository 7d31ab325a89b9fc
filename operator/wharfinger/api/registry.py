"""The Registry resource as users write it.

Rule: every field is optional, `spec: {}` is a whole, secured registry, and no field exists that nothing acts on.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.auth import AccessRule, Auth
from wharfinger.api.content import GarbageCollection, Notice, Proxy
from wharfinger.api.exposure import Gateway, Ingress, NetworkPolicy
from wharfinger.api.meta import SET, Model, ObjectMeta, Rule, checked
from wharfinger.api.pod import Pod, Service
from wharfinger.api.robots import PullSecrets, PushSecrets
from wharfinger.api.storage import DEFAULT_SIZE, Storage
from wharfinger.api.tls import Tls
from wharfinger.api.webhook_networks import WebhookNetworks


class RegistrySpec(Model, frozen=True, kw_only=True):
    """What a Registry is to be. `{}` is a whole, secured registry."""

    rules: ClassVar = (
        Rule(
            "self.replicas <= 1 || has(self.storage.existingClaim) || "
            "has(self.storage.accessModes) && 'ReadWriteMany' in self.storage.accessModes",
            "two pods need a claim that both may have: set storage.accessModes to [ReadWriteMany] when the Registry is "
            "made, or replicas to 1",
            field_path=".replicas",
        ),
        Rule(
            "!has(self.ingress) || has(self.ingress.hosts) || has(self.tls.hosts)",
            "an Ingress needs a host: set ingress.hosts, or tls.hosts",
            field_path=".ingress",
        ),
        Rule(
            "!has(self.gateway) || has(self.gateway.hosts) || has(self.tls.hosts)",
            "a route needs a host: set gateway.hosts, or tls.hosts",
            field_path=".gateway",
        ),
    )

    replicas: Annotated[
        int,
        checked(
            Rule("self <= 2", "two replicas at most: one serves, the other stands by; set replicas to 2 or less"),
            ge=0,
            description="Number of pods: 1, or 0 to stop the registry and keep everything. 2 on a ReadWriteMany claim: "
            "one serves, the other passes requests on to it and takes over when it ends.",
        ),
    ] = 1
    paused: Annotated[
        bool,
        Meta(description="Leave workload, storage and settings as they are. Passwords and certificates stay alive."),
    ] = False
    hibernate: Annotated[
        bool,
        Meta(
            description="Scale to zero and keep everything: content, certificates and passwords stay, and stay valid."
        ),
    ] = False
    image: Annotated[
        Annotated[str, Meta(min_length=1, max_length=512)] | None,
        Meta(description="Image of the registry. Default: the one released with the operator."),
    ] = None
    storage: Annotated[
        Storage,
        Meta(description="Where content is kept, how much there is room for, and what happens when it fills up."),
    ] = field(default_factory=Storage)
    tls: Annotated[
        Tls,
        Meta(
            description="Where the server certificate comes from. By default from a CA of the Registry's own, which "
            "clients have to trust: ca.crt in ConfigMap REGISTRY-ca."
        ),
    ] = field(default_factory=Tls)
    auth: Annotated[
        Auth,
        Meta(description="Who may log in, and when passwords are replaced. status.users names the Secrets with them."),
    ] = field(default_factory=Auth)
    access: Annotated[
        Annotated[tuple[AccessRule, ...], Meta(max_length=256)] | None,
        Meta(description="Who may do what. Absent: every user may do everything, and nobody else anything."),
    ] = None
    pull_secrets: Annotated[
        PullSecrets,
        Meta(description="What pods pull with: Secret REGISTRY-pull, which they name in imagePullSecrets."),
    ] = field(default_factory=PullSecrets)
    push_secrets: Annotated[
        PushSecrets,
        Meta(
            description="What jobs push with: Secret REGISTRY-push, a Docker configuration. It may pull, never delete."
        ),
    ] = field(default_factory=PushSecrets)
    webhook_networks: Annotated[WebhookNetworks, Meta(description="Where the endpoints of webhooks may be.")] = field(
        default_factory=WebhookNetworks
    )
    garbage_collection: Annotated[GarbageCollection, Meta(description="When what nothing needs is removed.")] = field(
        default_factory=GarbageCollection
    )
    durability: Annotated[
        Literal["Manifest", "Blob"],
        Meta(
            description="What an answered push survives a power cut with: a manifest and all that it names, or besides "
            "every blob from its own answer on, which costs a write to the disk for each."
        ),
    ] = "Manifest"
    sparse_images: Annotated[
        Literal["Refuse", "Accept"],
        Meta(description="Images whose layers are not in the repository. Accept: they may be pushed later, or never."),
    ] = "Refuse"
    notice: Annotated[
        Notice | None, Meta(description="A line for people, sent with manifests; many clients show it.")
    ] = None
    trusted_proxies: Annotated[
        Annotated[tuple[Proxy, ...], Meta(max_length=32), SET],
        Meta(description="Addresses and networks of proxies whose X-Forwarded headers are believed."),
    ] = ()
    service: Annotated[Service, Meta(description="How the registry is reached.")] = field(default_factory=Service)
    ingress: Annotated[Ingress | None, Meta(description="Ask for an Ingress. Absent: there is none.")] = None
    gateway: Annotated[
        Gateway | None, Meta(description="Ask for an HTTPRoute of the Gateway API. Absent: there is none.")
    ] = None
    network_policy: Annotated[NetworkPolicy, Meta(description="Who may connect to the pod.")] = field(
        default_factory=NetworkPolicy
    )
    pod: Annotated[Pod, Meta(description="Settings of the registry's pod.")] = field(default_factory=Pod)

    @property
    def running(self) -> int:
        """Number of pods that there should be."""
        return 0 if self.hibernate else self.replicas


def _size(of: str) -> str:
    """CEL for the size that a Registry's spec asks for."""
    return f"quantity(has({of}.spec.storage.size) ? {of}.spec.storage.size : '{DEFAULT_SIZE}')"


class Registry(Model, frozen=True, kw_only=True):
    """A container registry: one resource becomes a secured registry that looks after itself.

    To replace a password: write any new text into spec.auth.users[].rotation. To hear of pushes: create a
    RegistryWebhook. To free space: delete images with any client, and what nothing needs any more goes by itself
    spec.garbageCollection.gracePeriod (a day) later; for more room raise spec.storage.size.
    """

    rules: ClassVar = (
        Rule(
            # growth that never came about may be taken back, down to the capacity that there is
            "has(self.spec.storage.existingClaim) || has(oldSelf.spec.storage.existingClaim) || "
            f"{_size('self')}.compareTo({_size('oldSelf')}) >= 0 || has(self.status) && has(self.status.storage) && "
            "has(self.status.storage.capacity) && isQuantity(self.status.storage.capacity) && "
            f"{_size('self')}.compareTo(quantity(self.status.storage.capacity)) >= 0",
            "storage cannot shrink: set size to what it was or more, or copy the content to a new, smaller Registry",
            field_path=".spec.storage.size",
        ),
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 52",
            "the name becomes the Service's: start with a letter, use lowercase letters, digits and -, at most 52 "
            "characters",
        ),
        Rule(
            "!(self.metadata.name + '-').contains('-user-')",
            "a name with -user- in it, or -user at its end, could clash with the Secrets of another Registry's users: "
            "choose another name",
        ),
        Rule(
            "!has(self.spec.tls.secretName) || self.spec.tls.secretName != self.metadata.name + '-tls'",
            "NAME-tls is the Secret that the operator writes: give yours another name",
            field_path=".spec.tls.secretName",
        ),
        Rule(
            "!has(self.spec.auth.users) || self.spec.auth.users.all(user, !has(user.passwordFrom) || "
            "!user.passwordFrom.secretName.startsWith(self.metadata.name + '-user-'))",
            "NAME-user-... are the Secrets that the operator writes, and takes away: give yours another name",
            field_path=".spec.auth.users",
        ),
    )

    metadata: ObjectMeta
    spec: Annotated[
        RegistrySpec,
        Meta(
            description="What the registry is to be; {} is a whole, secured one. To rotate a password change "
            "auth.users[].rotation; for more room raise storage.size (what is deleted frees its space by itself, "
            "a day later); to hear of pushes make a RegistryWebhook."
        ),
    ] = field(default_factory=RegistrySpec)
    status: dict[str, Any] = field(default_factory=dict)
