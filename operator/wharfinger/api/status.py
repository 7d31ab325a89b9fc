"""What the operator says back: the status of both resources.

Rule: facts that were observed, never hopes, and nothing secret.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from wharfinger.api.meta import Model, list_map


class Condition(Model, frozen=True, kw_only=True):
    """One aspect of the object's state, in Kubernetes' standard form."""

    type: Annotated[str, Meta(description="Which aspect.", max_length=64)]
    status: Annotated[Literal["True", "False", "Unknown"], Meta(description="Whether it is as it should be.")]
    reason: Annotated[str, Meta(description="Why, in one word of the documented list.", max_length=128)]
    message: Annotated[str, Meta(description="Why, and what to do.", max_length=32768)]
    last_transition_time: Annotated[
        str, Meta(description="When `status` last changed.", extra_json_schema={"format": "date-time"})
    ]
    observed_generation: Annotated[int, Meta(description="The generation of the spec that this is about.")]


Conditions = Annotated[
    tuple[Condition, ...], Meta(description="Aspects of the state, one entry each.", max_length=16), list_map("type")
]
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class UserStatus(Model, frozen=True, kw_only=True):
    """A user who can log in."""

    name: Annotated[str, Meta(description="Login name.")]
    secret_name: Annotated[str, Meta(description="Secret that holds the password.")]
    rotated_at: Annotated[Time | None, Meta(description="When the password was last replaced.")] = None
    previous_valid_until: Annotated[
        Time | None, Meta(description="When the replaced password stops working; absent: none is valid.")
    ] = None
    next_rotation: Annotated[
        Time | None, Meta(description="When the password is replaced next; absent: when the spec asks for it.")
    ] = None


class CaRotation(Model, frozen=True, kw_only=True):
    """A replacement of the Registry's own CA that is under way."""

    phase: Annotated[
        Literal["Publishing", "Retiring"],
        Meta(
            description="Publishing: the new CA is in the bundle, and the old one signs. Retiring: the new CA signs, "
            "and the old one is trusted still."
        ),
    ]
    next_step_at: Annotated[Time, Meta(description="When the new CA signs, or the old one is dropped.")]


class CertificateStatus(Model, frozen=True, kw_only=True):
    """The server certificate in use."""

    issuer: Annotated[str, Meta(description="Where it comes from.")]
    not_after: Annotated[Time, Meta(description="When it expires.")]
    renews_at: Annotated[Time | None, Meta(description="When it is renewed; absent: by whoever made it.")] = None
    fingerprint: Annotated[str, Meta(description="SHA-256 of the certificate, as openssl prints it.")]
    ca_not_after: Annotated[Time | None, Meta(description="When the Registry's own CA expires.")] = None
    ca_rotation: Annotated[CaRotation | None, Meta(description="The CA's replacement; absent: none is under way.")] = (
        None
    )
    ca_config_map_name: Annotated[str | None, Meta(description="ConfigMap whose ca.crt clients should trust.")] = None


class StorageStatus(Model, frozen=True, kw_only=True):
    """The claim, and how full it is, as the registry reports it."""

    claim_name: Annotated[str, Meta(description="Name of the PersistentVolumeClaim.")]
    capacity: Annotated[Annotated[str, Meta(max_length=32)] | None, Meta(description="Capacity of the claim.")] = None
    used: Annotated[str | None, Meta(description="Content stored.")] = None
    used_percent: Annotated[int | None, Meta(description="Share of the volume that is not free.")] = None
    read_only: Annotated[bool | None, Meta(description="Whether pushes are refused now.")] = None
    imported: Annotated[str | None, Meta(description="What came of `storage.importFrom`.")] = None


class ExposureStatus(Model, frozen=True, kw_only=True):
    """What stands in front of the Service."""

    ingress_name: Annotated[str | None, Meta(description="The Ingress.")] = None
    http_route_name: Annotated[str | None, Meta(description="The HTTPRoute.")] = None


class GarbageStatus(Model, frozen=True, kw_only=True):
    """The last garbage collection, as the registry reports it."""

    last_run: Annotated[Time | None, Meta(description="When it began.")] = None
    freed: Annotated[str | None, Meta(description="What it freed.")] = None
    next_run: Annotated[Time | None, Meta(description="When the next one is due.")] = None
    error: Annotated[
        Annotated[str, Meta(max_length=4096)] | None, Meta(description="Why it failed; absent: it did not.")
    ] = None


class WebhooksStatus(Model, frozen=True, kw_only=True):
    """The RegistryWebhooks that name this Registry."""

    total: Annotated[int, Meta(description="How many there are.")]
    healthy: Annotated[int, Meta(description="How many are ready and delivering.")]


class Settled(Model, frozen=True, kw_only=True):
    """The operator's own note of what the Registry and its objects were like when there was nothing to do."""

    digest: Annotated[str, Meta(description="Digest of their versions.", max_length=64)]
    until: Annotated[Time | None, Meta(description="When something is due; absent: nothing is.")] = None


class RegistryStatus(Model, frozen=True, kw_only=True):
    """What is, as last observed."""

    observed_generation: Annotated[int | None, Meta(description="The generation of the spec that this is about.")] = (
        None
    )
    url: Annotated[
        str | None,
        Meta(description="URL that clients use: of the Ingress or route, or else of the Service."),
    ] = None
    node_port: Annotated[
        int | None, Meta(description="Port on every node; kept when the Service has to be made again.")
    ] = None
    image: Annotated[str | None, Meta(description="Image that the registry is to run.")] = None
    active_pod: Annotated[
        str | None,
        Meta(description="Pod that has the content open, where another may stand by: `wharf` commands run there."),
    ] = None
    user_count: Annotated[int | None, Meta(description="How many users can log in.")] = None
    conditions: Conditions = ()
    users: Annotated[tuple[UserStatus, ...], Meta(description="Users who can log in."), list_map("name")] = ()
    robots: Annotated[
        tuple[UserStatus, ...],
        Meta(description="Accounts of the operator's own; their Secrets are of type kubernetes.io/dockerconfigjson."),
        list_map("name"),
    ] = ()
    pull_secret_copies: Annotated[
        int | None,
        Meta(description="In how many namespaces there is a copy of the pull Secret; absent: none is asked for."),
    ] = None
    certificate: Annotated[CertificateStatus | None, Meta(description="The server certificate.")] = None
    storage: Annotated[StorageStatus | None, Meta(description="The claim and how full it is.")] = None
    exposure: Annotated[ExposureStatus | None, Meta(description="What stands in front of the Service.")] = None
    garbage_collection: Annotated[GarbageStatus | None, Meta(description="The last garbage collection.")] = None
    webhooks: Annotated[WebhooksStatus | None, Meta(description="The webhooks of this Registry.")] = None
    settled: Annotated[
        Settled | None,
        Meta(description="A note by which an operator that starts knows that nothing has changed; no use to others."),
    ] = None


class DeliveryError(Model, frozen=True, kw_only=True):
    """The newest failed delivery since the last success."""

    at: Annotated[Time | None, Meta(description="When it failed.")] = None
    message: Annotated[str, Meta(description="What the endpoint answered, or why it could not be reached.")]
    next_attempt: Annotated[Time | None, Meta(description="When it is tried again.")] = None


class SigningStatus(Model, frozen=True, kw_only=True):
    """The secrets that requests are signed with."""

    secret_name: Annotated[str, Meta(description="Secret that holds the newest one, under `secret` if generated.")]
    rotated_at: Annotated[Time | None, Meta(description="When it was last replaced.")] = None
    previous_valid_until: Annotated[
        Time | None, Meta(description="When requests stop being signed with a replaced one too; absent: there is none.")
    ] = None


class RegistryWebhookStatus(Model, frozen=True, kw_only=True):
    """What is, as the registry reports it."""

    observed_generation: Annotated[int | None, Meta(description="The generation of the spec that this is about.")] = (
        None
    )
    conditions: Conditions = ()
    delivered: Annotated[int | None, Meta(description="Events delivered.")] = None
    pending: Annotated[int | None, Meta(description="Events waiting.")] = None
    dead: Annotated[int | None, Meta(description="Events given up, and kept.")] = None
    failed: Annotated[int | None, Meta(description="Attempts that failed.")] = None
    refused: Annotated[int | None, Meta(description="Waiting events that have been tried and not taken yet.")] = None
    dropped: Annotated[int | None, Meta(description="Events that are lost for want of room.")] = None
    last_success: Annotated[Time | None, Meta(description="When an event was last delivered.")] = None
    last_error: Annotated[DeliveryError | None, Meta(description="The newest failure.")] = None
    signing: Annotated[SigningStatus | None, Meta(description="The secrets that requests are signed with.")] = None
