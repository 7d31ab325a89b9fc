"""The Registry resource as users write it.

Rule: every field is optional, `spec: {}` is a whole, secured registry, and no field exists that nothing acts on.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.auth import AccessRule, Auth
from wharfinger.api.meta import (
    SET,
    Model,
    ObjectMeta,
    ObjectName,
    PositiveDuration,
    Quantity,
    Rule,
    checked,
)
from wharfinger.api.pod import Pod, Service

DEFAULT_SIZE = "10Gi"


class Storage(Model, frozen=True, kw_only=True):
    """Where content is kept: a claim of the Registry's own, or one that exists."""

    rules: ClassVar = (
        Rule(
            "!has(self.existingClaim) || !(has(self.size) || has(self.storageClassName) || has(self.accessModes))",
            "existingClaim is used as it is: remove size, storageClassName and accessModes",
        ),
        Rule(
            "!has(self.existingClaim) || self.onDelete == 'Retain'",
            "existingClaim is not the Registry's to delete: set onDelete to Retain",
        ),
        Rule(
            "!has(self.storageClassName) || !has(oldSelf.storageClassName) || "
            "self.storageClassName == oldSelf.storageClassName",
            "the storage class of a claim cannot change: set storageClassName back, or copy the content to a new "
            "Registry of the other class",
            field_path=".storageClassName",
        ),
        Rule(
            "!has(self.accessModes) || !has(oldSelf.accessModes) || self.accessModes == oldSelf.accessModes",
            "the access modes of a claim cannot change: set accessModes back, or copy the content to a new Registry",
            field_path=".accessModes",
        ),
    )

    size: Annotated[
        Quantity | None,
        checked(
            Rule(
                "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
                "must be more than zero: write a quantity such as 10Gi",
            ),
            description=f"Size of the claim; it can grow, never shrink. Default: {DEFAULT_SIZE}.",
        ),
    ] = None
    storage_class_name: Annotated[
        ObjectName | None,
        Meta(description="StorageClass of the claim, fixed once set. Default: the cluster's default class."),
    ] = None
    access_modes: Annotated[
        Annotated[
            tuple[Literal["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"], ...],
            Meta(min_length=1, max_length=3),
            SET,
        ]
        | None,
        Meta(description="Access modes of the claim. Default: ReadWriteOnce."),
    ] = None
    existing_claim: Annotated[
        ObjectName | None,
        Meta(description="A PersistentVolumeClaim of the namespace to use as it is, instead of one of our own."),
    ] = None
    on_delete: Annotated[
        Literal["Retain", "Delete"],
        Meta(description="What happens to the claim when the Registry is deleted. A retained one is taken up again."),
    ] = "Retain"


class SelfSigned(Model, frozen=True, kw_only=True):
    """Lifetimes of certificates that come from the Registry's own CA. Each is renewed at two thirds of its life."""

    rules: ClassVar = (
        Rule(
            "duration(self.validity) >= duration('10m') && duration(self.caValidity) >= duration(self.validity)",
            "caValidity must be no shorter than validity, and validity no shorter than 10m: lengthen the one named",
        ),
    )

    validity: Annotated[PositiveDuration, Meta(description="Lifetime of the server certificate.")] = "2160h"
    ca_validity: Annotated[PositiveDuration, Meta(description="Lifetime of the CA.")] = "43800h"


_HOST = Rule(
    "self.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$') || isIP(self)",
    "a host is a lowercase DNS name or an IP address, without scheme and port: write registry.example.com",
)


class Tls(Model, frozen=True, kw_only=True):
    """Where the server certificate comes from. `issuer` says which of the other fields count."""

    rules: ClassVar = (
        Rule(
            "self.issuer == 'Secret' ? has(self.secretName) : !has(self.secretName)",
            "secretName goes with issuer Secret: set both, or neither",
            field_path=".secretName",
        ),
        Rule(
            "self.issuer == 'SelfSigned' || !has(self.selfSigned)",
            "selfSigned goes with issuer SelfSigned: remove it",
            field_path=".selfSigned",
        ),
        Rule("self.issuer != 'Disabled' || !has(self.hosts)", "hosts need TLS: remove them, or choose an issuer"),
    )

    issuer: Annotated[
        Literal["SelfSigned", "Secret", "Disabled"],
        Meta(
            description="SelfSigned: by a CA of the Registry's own, published in ConfigMap NAME-ca. Secret: the "
            "certificate in `secretName`. Disabled: plain HTTP; passwords then cross the network readable."
        ),
    ] = "SelfSigned"
    hosts: Annotated[
        tuple[Annotated[str, checked(_HOST, min_length=1, max_length=253)], ...],
        Meta(description="Names and IP addresses besides the Service's that the certificate is for.", max_length=32),
        SET,
    ] = ()
    self_signed: Annotated[SelfSigned | None, Meta(description="Settings of issuer SelfSigned.")] = None
    secret_name: Annotated[
        ObjectName | None,
        Meta(description="Secret of type kubernetes.io/tls (tls.crt, tls.key, and ca.crt if its CA is private)."),
    ] = None


class RegistrySpec(Model, frozen=True, kw_only=True):
    """What a Registry is to be. `{}` is a whole, secured registry."""

    replicas: Annotated[
        int,
        checked(
            Rule("self <= 1", "one replica at most, because the index is embedded: set replicas to 1, or to 0 to stop"),
            ge=0,
            description="Number of pods: 1, or 0 to stop the registry and keep everything.",
        ),
    ] = 1
    paused: Annotated[
        bool,
        Meta(description="Leave workload, storage and settings as they are. Passwords and certificates stay alive."),
    ] = False
    image: Annotated[
        Annotated[str, Meta(min_length=1, max_length=512)] | None,
        Meta(description="Image of the registry. Default: the one released with the operator."),
    ] = None
    storage: Annotated[Storage, Meta(description="Where content is kept.")] = field(default_factory=Storage)
    tls: Annotated[Tls, Meta(description="Where the server certificate comes from.")] = field(default_factory=Tls)
    auth: Annotated[Auth, Meta(description="Who may log in.")] = field(default_factory=Auth)
    access: Annotated[
        Annotated[tuple[AccessRule, ...], Meta(max_length=128)] | None,
        Meta(description="Who may do what. Absent: every user may do everything, and nobody else anything."),
    ] = None
    service: Annotated[Service, Meta(description="How the registry is reached.")] = field(default_factory=Service)
    pod: Annotated[Pod, Meta(description="Settings of the registry's pod.")] = field(default_factory=Pod)


def _size(of: str) -> str:
    """CEL for the size that a Registry's spec asks for."""
    return f"quantity(has({of}.spec.storage.size) ? {of}.spec.storage.size : '{DEFAULT_SIZE}')"


class Registry(Model, frozen=True, kw_only=True):
    """A container registry: one resource becomes a secured registry that looks after itself."""

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
            "!self.metadata.name.contains('-user-')",
            "names with -user- in them could clash with the Secrets of another Registry's users: choose another name",
        ),
    )

    metadata: ObjectMeta
    spec: Annotated[RegistrySpec, Meta(description="What the registry is to be.")] = field(default_factory=RegistrySpec)
    status: dict[str, Any] = field(default_factory=dict)
