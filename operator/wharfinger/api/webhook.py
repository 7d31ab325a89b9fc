"""The RegistryWebhook resource as users write it.

Rule: it belongs to a Registry of its own namespace and holds no secret, only references.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.ca_source import CaSource
from wharfinger.api.meta import (
    SET,
    DataKey,
    Duration,
    Glob,
    Model,
    ObjectMeta,
    ObjectName,
    PositiveDuration,
    Rule,
    checked,
    list_map,
)


class RegistryRef(Model, frozen=True, kw_only=True):
    """Names a Registry of the same namespace."""

    name: Annotated[ObjectName, Meta(description="Name of the Registry.")]


class HeaderFrom(Model, frozen=True, kw_only=True):
    """A request header whose value comes from a Secret."""

    name: Annotated[
        str,
        checked(
            Rule(
                "self.matches('^[A-Za-z0-9!#$%&*+.^_|~-]+$')",
                "not a header name: use letters, digits and -, as in Authorization",
            ),
            Rule(
                "!self.lowerAscii().startsWith('webhook-')",
                "headers that begin with webhook- carry the signature: choose another name",
            ),
            Rule(
                "!(self.lowerAscii() in ['host', 'content-length', 'content-type', 'transfer-encoding', 'connection'])",
                "this header is set by the registry itself: remove it",
            ),
            description="Name of the header.",
            min_length=1,
            max_length=128,
        ),
    ]
    secret_name: Annotated[ObjectName, Meta(description="Secret with the value.")]
    key: Annotated[DataKey, Meta(description="Key in its data.")]


class Signing(Model, frozen=True, kw_only=True):
    """The secret that requests are signed with, by Standard Webhooks (HMAC-SHA256)."""

    rules: ClassVar = (
        Rule(
            "!has(self.secretName) || !has(self.rotation)",
            "rotation makes the operator generate a secret: remove it, and write the new secret into your own Secret; "
            "the old one is accepted for the overlap all the same",
            field_path=".rotation",
        ),
    )

    secret_name: Annotated[
        ObjectName | None,
        Meta(
            description="Secret with a signing secret of your own: `whsec_` and the base64 of 24 to 64 bytes. Absent: "
            "one is generated into Secret NAME-signing."
        ),
    ] = None
    key: Annotated[DataKey, Meta(description="Key in its data.")] = "secret"
    rotation: Annotated[
        Annotated[str, Meta(max_length=256)] | None,
        Meta(description="Any new text: generate a new secret now."),
    ] = None
    overlap: Annotated[
        Duration,
        Meta(description="How long requests are signed with the replaced secret too. `0s`: not at all."),
    ] = "24h"


class ClientCertificate(Model, frozen=True, kw_only=True):
    """The certificate that the registry presents to the endpoint."""

    secret_name: Annotated[
        ObjectName, Meta(description="Secret of type kubernetes.io/tls (tls.crt, tls.key). Taken up when it changes.")
    ]


class EndpointTls(Model, frozen=True, kw_only=True):
    """How the endpoint's certificate is verified, and what is presented to it."""

    ca: Annotated[
        CaSource | None,
        Meta(description="CAs, one of which has signed the endpoint's certificate. Absent: those of the system."),
    ] = None
    client_certificate: Annotated[
        ClientCertificate | None, Meta(description="Certificate that is presented to the endpoint.")
    ] = None


class Retry(Model, frozen=True, kw_only=True):
    """How failed deliveries are tried again."""

    rules: ClassVar = (
        Rule(
            "duration(self.minBackoff) <= duration(self.maxBackoff)",
            "minBackoff is longer than maxBackoff: shorten it, or lengthen maxBackoff",
            field_path=".minBackoff",
        ),
    )

    max_age: Annotated[PositiveDuration, Meta(description="Age at which an event is given up.")] = "24h"
    max_attempts: Annotated[
        Annotated[int, Meta(ge=1, le=10000)] | None,
        Meta(description="Attempts after which it is given up, however young. Absent: as many as its age allows."),
    ] = None
    min_backoff: Annotated[PositiveDuration, Meta(description="Wait before the second attempt.")] = "1s"
    max_backoff: Annotated[PositiveDuration, Meta(description="Longest wait between two attempts.")] = "5m"


class RateLimit(Model, frozen=True, kw_only=True):
    """How fast events are sent."""

    per_second: Annotated[int, Meta(description="Most attempts a second.", ge=1, le=10000)]


class DeadLetters(Model, frozen=True, kw_only=True):
    """What is kept of the events that were given up."""

    limit: Annotated[
        int, Meta(description="How many are kept; the oldest go first, and are counted.", ge=0, le=1000000)
    ] = 10000


class RegistryWebhookSpec(Model, frozen=True, kw_only=True):
    """Which events go where, and how."""

    rules: ClassVar = (
        Rule(
            "self.insecure || !self.url.startsWith('http://')",
            "plain http can be read on the way: use https, or set insecure to true",
            field_path=".url",
        ),
        Rule(
            "self.url.startsWith('https://') || !has(self.tls)",
            "tls goes with an https URL: remove it, or change the URL",
            field_path=".tls",
        ),
    )

    registry_ref: Annotated[RegistryRef, Meta(description="The Registry whose events are sent.")]
    url: Annotated[
        str,
        checked(
            Rule(
                "self.matches('^https?://[^/@ ]+(/[^ ]*)?$') && isURL(self)",
                "must be an http or https URL without user and password: write https://HOST/PATH, and put "
                "credentials into headersFrom",
            ),
            description="Where events are POSTed to.",
            min_length=1,
            max_length=2048,
        ),
    ]
    insecure: Annotated[bool, Meta(description="Allow a plain http URL.")] = False
    events: Annotated[
        tuple[Literal["push", "pull", "mount", "delete"], ...],
        Meta(description="Actions that are told: push (the default), pull, mount, delete.", min_length=1, max_length=4),
        SET,
    ] = ("push",)
    repositories: Annotated[
        tuple[Glob, ...],
        Meta(
            description="Only these repositories, as globs: team-a/** is all below team-a. Absent: all.", max_length=64
        ),
    ] = ()
    tags: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=128)], ...],
        Meta(description="Only tags that match one of these globs. Absent: all.", max_length=64),
    ] = ()
    format: Annotated[
        Literal["Distribution", "CloudEvents"],
        Meta(
            description="Form of the request body: Docker Distribution's envelope, or a CloudEvent (1.0, structured "
            "JSON). Either way one event a request."
        ),
    ] = "Distribution"
    headers_from: Annotated[
        tuple[HeaderFrom, ...],
        Meta(description="Request headers with values from Secrets.", max_length=16),
        list_map("name"),
    ] = ()
    signing: Annotated[Signing, Meta(description="How requests are signed.")] = field(default_factory=Signing)
    tls: Annotated[EndpointTls | None, Meta(description="TLS with the endpoint.")] = None
    timeout: Annotated[
        PositiveDuration,
        checked(
            Rule("duration(self) > duration('0s') && duration(self) <= duration('5m')", "must be at most 5m"),
            description="Longest time for one attempt.",
        ),
    ] = "10s"
    connect_timeout: Annotated[
        PositiveDuration, Meta(description="Longest time for connecting, which is a part of `timeout`.")
    ] = "5s"
    retry: Annotated[Retry, Meta(description="How failed deliveries are tried again.")] = field(default_factory=Retry)
    rate_limit: Annotated[RateLimit | None, Meta(description="How fast events are sent. Absent: as they come.")] = None
    dead_letters: Annotated[DeadLetters, Meta(description="What is kept of the events that were given up.")] = field(
        default_factory=DeadLetters
    )
    replay: Annotated[
        Annotated[str, Meta(max_length=256)] | None,
        Meta(description="Any new text: send the events that were given up again, once for each text."),
    ] = None
    suspend: Annotated[bool, Meta(description="Keep events, and send them once this is false again.")] = False


class RegistryWebhook(Model, frozen=True, kw_only=True):
    """A webhook: sends the events of a Registry of the same namespace (push, pull, mount, delete) to a URL."""

    rules: ClassVar = (
        Rule(
            "!has(self.spec.signing) || !has(self.spec.signing.secretName) || "
            "self.spec.signing.secretName != self.metadata.name + '-signing'",
            "NAME-signing is the Secret that the operator writes: give yours another name",
            field_path=".spec.signing.secretName",
        ),
        Rule(
            "!(self.metadata.name + '-').contains('-user-')",
            "a name with -user- in it, or -user at its end, could clash with the Secrets of a Registry's users: choose "
            "another name",
        ),
    )

    metadata: ObjectMeta
    spec: Annotated[RegistryWebhookSpec, Meta(description="Which events go where, and how.")]
    status: dict[str, Any] = field(default_factory=dict)
