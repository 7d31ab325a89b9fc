"""The webhooks in the configuration file: one section for each endpoint, and where endpoints may be.

Rule: as in config.py, this module only describes. What a field means is decided in webhooks/. Secrets stand in the file
itself, which is a Secret in a cluster; nothing ever prints a section.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

EventAction = Literal["push", "pull", "mount", "delete"]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """As every section of the configuration: immutable, camelCase on the wire, strict."""


class SigningSecret(_Section, frozen=True, kw_only=True):
    """A secret that requests are signed with (Standard Webhooks)."""

    secret: Annotated[str, Meta(description="`whsec_` and the base64 of 24 to 64 random bytes.")]
    until: Annotated[
        str, Meta(description="When it ends (RFC 3339); empty: never. A replaced one ends some time after.")
    ] = ""


class Webhook(_Section, frozen=True, kw_only=True):
    """One endpoint that is told of events."""

    name: Annotated[str, Meta(description="Unique name, shown in status and metrics.", min_length=1)]
    url: Annotated[str, Meta(description="http or https URL that events are POSTed to.", pattern="^https?://")]
    events: Annotated[list[EventAction], Meta(description="Actions that are told.", min_length=1)] = msgspec.field(
        default_factory=lambda: ["push"]
    )
    repositories: Annotated[list[str], Meta(description="Globs; empty: all.")] = []
    tags: Annotated[list[str], Meta(description="Globs; empty: all, untagged ones too.")] = []
    format: Annotated[
        Literal["Distribution", "CloudEvents"],
        Meta(
            description="Form of the request body: Docker Distribution's envelope, or a CloudEvent (1.0, structured "
            "JSON) with the same event as its data. Either way one event a request."
        ),
    ] = "Distribution"
    headers: Annotated[dict[str, str], Meta(description="Further request headers.")] = msgspec.field(
        default_factory=dict
    )
    signing: Annotated[
        list[SigningSecret],
        Meta(description="Requests carry a signature by each of these that has not ended. Empty: none.", max_length=8),
    ] = []
    ca: Annotated[str, Meta(description="PEM text of the CAs that may sign the endpoint's certificate.")] = ""
    client_certificate: Annotated[
        str, Meta(description="PEM text of a certificate that wharf presents to the endpoint; with intermediates.")
    ] = ""
    client_key: Annotated[str, Meta(description="PEM text of the private key of `clientCertificate`.")] = ""
    timeout: Annotated[float, Meta(description="Seconds that one attempt may take.", gt=0, le=300)] = 10.0
    connect_timeout: Annotated[
        float, Meta(description="Seconds of it that may pass until the connection stands.", gt=0, le=300)
    ] = 5.0
    max_age: Annotated[float, Meta(description="Seconds after which an event is given up.", gt=0)] = 86400.0
    max_attempts: Annotated[
        int, Meta(description="Attempts after which an event is given up, however young. 0: as many as its age allows.")
    ] = 0
    min_backoff: Annotated[float, Meta(description="Seconds before the second attempt.", gt=0)] = 1.0
    max_backoff: Annotated[float, Meta(description="Most seconds between two attempts.", gt=0)] = 300.0
    rate: Annotated[float, Meta(description="Most attempts a second. 0: no limit.", ge=0)] = 0.0
    backlog: Annotated[
        int, Meta(description="Most events that wait; beyond it the oldest become dead letters.", ge=1)
    ] = 100_000
    dead_letters: Annotated[
        int, Meta(description="Most events that were given up and are kept; the oldest go first.", ge=0)
    ] = 10_000
    replay: Annotated[
        str, Meta(description="Any new text: send the events that were given up again, once for each text.")
    ] = ""
    suspended: Annotated[bool, Meta(description="Events are kept but not sent.")] = False


class WebhookNetworks(_Section, frozen=True, kw_only=True):
    """Where endpoints may be. An address is looked at when it is connected to, whatever its name or form."""

    private: Annotated[
        Literal["Allow", "Refuse"],
        Meta(
            description="Private addresses, such as those of a cluster's Services. Loopback, link-local, multicast, "
            "reserved and metadata addresses are refused in any case."
        ),
    ] = "Allow"
    allow: Annotated[list[str], Meta(description="Networks (CIDR) that are allowed whatever else holds.")] = []
