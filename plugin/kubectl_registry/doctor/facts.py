"""Everything that findings are made from, as it was gathered.

Rule: a fact is what was seen, never what follows from it; what could not be seen is `Unknown` with the reason, and
never an empty value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from kubectl_registry import registries
from kubectl_registry.addresses import Address
from kubectl_registry.errors import PluginError
from kubectl_registry.registries import Object

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be seen, and why."""

    why: str


def ask(question: Callable[[], T]) -> T | Unknown:
    """The answer, or why there is none."""
    try:
        return question()
    except PluginError as error:
        return Unknown(str(error))


@dataclass(frozen=True, slots=True)
class Inside:
    """What the registry's own pod sees: its volume, the files that it was given, and names in the cluster's DNS."""

    total: int
    free: int
    inodes_free: int
    htpasswd: str  # sha256 of the file as mounted; empty when there is none
    names: Mapping[str, tuple[str, ...] | Unknown] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that a server showed."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the registry, as far as it leads. A text that is empty means that this step went well."""

    address: Address
    forwarded: bool  # through the API server, to the pod, instead of by name
    resolved: tuple[str, ...] = ()
    not_tried: str = ""  # why it could not even be tried: a right that is lacking
    name_error: str = ""
    connect_error: str = ""
    tls_error: str = ""  # no TLS at all
    certificate: Certificate | None = None
    trust_error: str = ""  # not signed by the CA that clients should trust
    host_error: str = ""  # not for this name
    clients: Mapping[str, bool] = field(default_factory=dict)  # CA files of clients here, and whether they fit
    system: bool = False  # whether this machine trusts it anyway
    verified: bool = False  # whether the certificate is right in all: signer, name and time
    answer: int = 0  # HTTP status of GET /v2/ without credentials

    @property
    def is_open(self) -> bool:
        """Whether the registry answers on it."""
        return bool(self.answer)

    @property
    def takes_passwords(self) -> bool:
        """Whether it surely leads to the registry: the API server says so, or the server has proved who it is."""
        return self.is_open and (self.forwarded or self.verified)


@dataclass(frozen=True, slots=True)
class Login:
    """One password that was tried. `known`: which line of the htpasswd Secret it fits."""

    user: str
    source: str  # where it is from, in words
    answer: int  # HTTP status; 0: no answer
    error: str = ""  # why there was none
    known: str = ""  # current, expired, none; empty: not looked at
    given: bool = False  # by whoever runs the doctor


@dataclass(frozen=True, slots=True)
class Transfer:
    """A test pull, or a push and a pull."""

    what: str
    error: str = ""
    status: int = 0
    nothing: bool = False  # there is nothing to pull


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it."""

    registry: Object
    now: datetime
    host_given: bool
    operators: tuple[Object, ...] | Unknown
    lease: Object | Unknown | None
    claim: Object | Unknown | None
    pods: tuple[Object, ...] | Unknown
    service: Object | Unknown | None
    slices: tuple[Object, ...] | Unknown
    policies: tuple[Object, ...] | Unknown
    webhooks: tuple[Object, ...] | Unknown
    pullers: tuple[Object, ...] | Unknown  # pods of the namespace that do not start
    inside: Inside | Unknown
    ca: str | Unknown  # PEM; empty: none is published
    ways: tuple[Way, ...]
    logins: tuple[Login, ...] | Unknown
    pull: Transfer | Unknown
    push: Transfer | None = None

    @property
    def name(self) -> str:
        """The Registry's name."""
        return registries.name(self.registry)

    @property
    def namespace(self) -> str:
        """The Registry's namespace."""
        return registries.namespace(self.registry)

    @property
    def target(self) -> str:
        """The Registry as it stands in commands."""
        return f"{self.name} -n {self.namespace}"

    @property
    def stopped(self) -> bool:
        """Whether the spec asks for no pod."""
        spec = self.registry.get("spec") or {}
        return spec.get("replicas", 1) == 0 or bool(spec.get("hibernate"))
