"""The configuration file: the one contract between the operator, or a person, and wharf.

Rule: this module only describes and parses. Whatever a field means is decided by the module that it configures.
`wharf config schema` prints the JSON schema of `Config`; unknown fields are errors, so a typo never passes in silence.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta

from wharf import cron
from wharf.webhook_settings import Webhook, WebhookNetworks

Action = Literal["pull", "push", "delete", "list"]


class ConfigError(ValueError):
    """The configuration is not usable; the message names the field and the remedy."""


class _Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Settings common to every section: immutable, camelCase on the wire, strict."""


class Tls(_Struct, frozen=True, kw_only=True):
    """Server certificate. The files are read again when they change."""

    certificate: Annotated[str, Meta(description="PEM file: the certificate, then any intermediates.")]
    key: Annotated[str, Meta(description="PEM file: the private key of the certificate.")]
    client_ca: Annotated[
        str,
        Meta(
            description="PEM file of CAs: clients of the registry API have to present a certificate that one of them "
            "signed, and log in besides. The admin address does not ask. Empty: nobody has to."
        ),
    ] = ""


class Tokens(_Struct, frozen=True, kw_only=True):
    """Bearer tokens, issued at /v2/token. Passwords are accepted everywhere too."""

    challenge: Annotated[
        Literal["Basic", "Bearer"],
        Meta(description="What clients without credentials are asked for: the password itself, or a token for it."),
    ] = "Basic"
    lifetime: Annotated[
        float, Meta(description="Seconds that a token lives; it ends with its password in any case.", ge=60, le=3600)
    ] = 300.0
    key_file: Annotated[
        str,
        Meta(
            description="File of keys that sign tokens, one a line; the first signs, all are accepted. Empty: one is "
            "made in `data`."
        ),
    ] = ""


class Robot(_Struct, frozen=True, kw_only=True):
    """What one account of the htpasswd file may do: this, and what anyone may without logging in."""

    repositories: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Globs: `*` matches within one path part, `**` across parts.", min_length=1),
    ]
    actions: Annotated[list[Action], Meta(description="What it may do there.", min_length=1)]


class Auth(_Struct, frozen=True, kw_only=True):
    """Who may log in. Without it everyone is anonymous and `access` decides what that allows."""

    htpasswd: Annotated[str, Meta(description="htpasswd file, bcrypt only; several lines a user are all valid.")]
    realm: Annotated[str, Meta(description="The realm named in WWW-Authenticate.", min_length=1)] = "wharf"
    groups: Annotated[dict[str, list[str]], Meta(description="Group name to the users in it.")] = msgspec.field(
        default_factory=dict
    )
    robots: Annotated[
        dict[str, Robot],
        Meta(description="Users, by name, to whom `access` does not apply: each may do what is granted here."),
    ] = msgspec.field(default_factory=dict)
    tokens: Annotated[Tokens, Meta(description="Bearer tokens.")] = Tokens()


class AccessRule(_Struct, frozen=True, kw_only=True):
    """Grants actions on repositories. The longest matching pattern decides; what no rule allows is denied."""

    repositories: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Globs: `*` matches within one path part, `**` across parts.", min_length=1),
    ]
    users: Annotated[list[str], Meta(description="User names that the rule is for.")] = []
    groups: Annotated[list[str], Meta(description="Groups that the rule is for.")] = []
    anonymous: Annotated[bool, Meta(description="The rule is also for clients without credentials.")] = False
    actions: Annotated[list[Action], Meta(description="What the rule allows.", min_length=1)]


class GarbageCollection(_Struct, frozen=True, kw_only=True):
    """When what nothing needs any more is removed. What a push under way may count on stays in any case."""

    grace_period: Annotated[
        float,
        Meta(
            description="Seconds that such content stays, and that a deletion can be undone (`wharf gc --restore`); "
            "600 at least.",
            ge=0,
        ),
    ] = 86400.0
    interval: Annotated[float, Meta(description="Seconds between two sweeps, without a `schedule`.", ge=1)] = 3600.0
    schedule: Annotated[
        str,
        Meta(
            description="When to sweep, as cron has it, in UTC: minute, hour, day of month, month, day of week; or "
            "`@daily` and the like. A sweep that was missed is made up for, once. Empty: by `interval`."
        ),
    ] = ""
    untagged: Annotated[
        Literal["Keep", "Delete"],
        Meta(description="What becomes of manifests that no tag, and no tagged index or subject, keeps."),
    ] = "Keep"


class Scrub(_Struct, frozen=True, kw_only=True):
    """The verification that goes on by itself: a blob that is not what its digest says is set aside, and told of."""

    rate: Annotated[int, Meta(description="Most bytes a second that are read; 0: no scrubbing.", ge=0)] = 8388608
    interval: Annotated[
        float, Meta(description="Seconds from the begin of one round over all blobs to that of the next.", ge=1)
    ] = 604800.0


class Storage(_Struct, frozen=True, kw_only=True):
    """How much of the volume pushes may fill. Beyond that they are refused with 507; pulls and deletions go on."""

    read_only_above: Annotated[
        int, Meta(description="Percent of the volume in use above which pushes are refused; 100: none.", ge=1, le=100)
    ] = 100
    min_free: Annotated[
        int,
        Meta(description="Bytes of the volume that pushes leave free. Some 32 MiB are left free in any case.", ge=0),
    ] = 0


class Config(_Struct, frozen=True, kw_only=True):
    """Everything that wharf can be told. Every field has a default: `{}` is a working registry without TLS."""

    address: Annotated[str, Meta(description="HOST:PORT of the registry API.")] = "0.0.0.0:5000"
    admin_address: Annotated[
        str, Meta(description="HOST:PORT of probes, metrics, status and `POST /gc`; empty: none.")
    ] = "127.0.0.1:5001"
    admin_token_file: Annotated[
        str,
        Meta(
            description="File with the bearer token for /status, /metrics and /gc; empty: the first two need none, and "
            "the last is refused."
        ),
    ] = ""
    data: Annotated[str, Meta(description="Directory of the index and the blobs.")] = "/var/lib/wharf"
    url: Annotated[str, Meta(description="The URL that clients use, for links in events; empty: from the request.")] = (
        ""
    )
    tls: Annotated[Tls | None, Meta(description="Absent: plain HTTP.")] = None
    auth: Annotated[Auth | None, Meta(description="Absent: nobody can log in and nobody needs to.")] = None
    access: Annotated[
        list[AccessRule] | None,
        Meta(description="Absent: every user may do everything, and with `auth` set nobody else anything."),
    ] = None
    trusted_proxies: Annotated[
        list[str],
        Meta(description="Addresses or networks (CIDR) whose X-Forwarded-For, -Proto and -Host headers are believed."),
    ] = []
    webhooks: Annotated[list[Webhook], Meta(description="Endpoints that are told of events.")] = []
    storage: Annotated[Storage, Meta(description="How full the volume may get.")] = Storage()
    webhook_networks: Annotated[WebhookNetworks, Meta(description="Where those may be.")] = WebhookNetworks()
    read_only: Annotated[bool, Meta(description="Refuse pushes; deletes still work.")] = False
    sparse_images: Annotated[
        Literal["Refuse", "Accept"],
        Meta(description="Images whose layers are not in the repository. Accept: they may be pushed later, or never."),
    ] = "Refuse"
    notice: Annotated[
        str, Meta(description="Text for people, sent as a Warning header with manifests; many clients show it.")
    ] = ""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level logged.")] = "info"
    garbage_collection: Annotated[GarbageCollection, Meta(description="Garbage collection.")] = GarbageCollection()
    scrub: Annotated[Scrub, Meta(description="Slow verification of all content, again and again.")] = Scrub()
    workers: Annotated[
        int,
        Meta(
            description="Processes that serve the registry API; 0: one for each processor that the limit of the "
            "container, or the machine, allows. A change takes effect when wharf is started again.",
            ge=0,
            le=64,
        ),
    ] = 1
    durability: Annotated[
        Literal["manifest", "blob"],
        Meta(
            description="What an answered push survives a power cut with: a `manifest` and all that it names, or "
            "besides every `blob` from its own answer on, which costs a write to the disk for each."
        ),
    ] = "manifest"
    upload_expiry: Annotated[float, Meta(description="Seconds without a byte that end an upload session.", gt=0)] = (
        86400.0
    )


def parse(text: bytes | str) -> Config:
    """Parse a YAML (or JSON) document; an empty one is all defaults.

    Raises ConfigError naming the path of the first wrong field.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {_problem(error)}") from None  # its own text quotes lines: secrets, too
    try:
        config = msgspec.convert({} if document is None else document, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from error
    if config.garbage_collection.schedule:
        try:
            cron.parse(config.garbage_collection.schedule)
        except cron.ScheduleError as error:
            raise ConfigError(f"{error} - at `$.garbageCollection.schedule`") from error
    names = [hook.name for hook in config.webhooks]
    if duplicate := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"webhook name {duplicate!r} is used twice - at `$.webhooks`: give each its own name")
    _networks(config.trusted_proxies, "$.trustedProxies")
    _networks(config.webhook_networks.allow, "$.webhookNetworks.allow")
    return config


def _problem(error: yaml.YAMLError) -> str:
    """What is wrong and where, in one line that quotes nothing of the file."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} (line {mark.line + 1}, column {mark.column + 1})"
    return " ".join(str(error).split())


def _networks(texts: list[str], path: str) -> None:
    for text in texts:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise ConfigError(f"{text!r} is not an address or a network - at `{path}`") from error


def schema() -> dict[str, object]:
    """The JSON schema of the configuration file."""
    return msgspec.json.schema(Config)
