"""Where a Registry's certificate comes from, as users write it.

Rule: `issuer` is the discriminator; a field that belongs to another issuer is refused.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.ca_source import CaSource
from wharfinger.api.meta import SET, Duration, Model, ObjectName, PositiveDuration, Rule, checked


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
    rotation: Annotated[
        Annotated[str, Meta(max_length=256)], Meta(description="Any new text replaces the CA, as its age does.")
    ] = ""
    rotation_overlap: Annotated[
        Duration,
        Meta(
            description="How long a new CA is published beside the old one before it signs. 0s: it signs at once and "
            "the old one is trusted no longer, as when its key was stolen."
        ),
    ] = "24h"


class CertManager(Model, frozen=True, kw_only=True):
    """The issuer of cert-manager that the certificate comes from."""

    name: Annotated[ObjectName, Meta(description="Name of the issuer.")]
    kind: Annotated[
        str, Meta(description="Kind of the issuer: Issuer, ClusterIssuer, or another's.", max_length=63)
    ] = "Issuer"
    group: Annotated[str, Meta(description="API group of that kind.", max_length=253)] = "cert-manager.io"
    hosts_only: Annotated[
        bool,
        Meta(
            description="Ask for `hosts` alone and not for the Service's names, which public issuers refuse. Clients "
            "inside the cluster then use one of the hosts, too."
        ),
    ] = False


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
        Rule(
            "self.issuer == 'CertManager' ? has(self.certManager) : !has(self.certManager)",
            "certManager goes with issuer CertManager: set both, or neither",
            field_path=".certManager",
        ),
        Rule(
            "!has(self.certManager) || !self.certManager.hostsOnly || has(self.hosts)",
            "hostsOnly leaves nothing to be certified: set hosts",
            field_path=".hosts",
        ),
        Rule("self.issuer != 'Disabled' || !has(self.hosts)", "hosts need TLS: remove them, or choose an issuer"),
        Rule("self.issuer != 'Disabled' || !has(self.clientCA)", "clientCA needs TLS: remove it, or choose an issuer"),
    )

    issuer: Annotated[
        Literal["SelfSigned", "Secret", "CertManager", "Disabled"],
        Meta(
            description="SelfSigned: by a CA of the Registry's own, published in ConfigMap NAME-ca. Secret: the "
            "certificate in `secretName`. CertManager: by cert-manager, which has to be installed. Disabled: plain "
            "HTTP; passwords then cross the network readable."
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
    cert_manager: Annotated[CertManager | None, Meta(description="Settings of issuer CertManager.")] = None
    client_ca: Annotated[
        CaSource | None,
        Meta(
            description="Clients have to present a certificate that one of these CAs signed, and log in besides. "
            "Absent: they need none."
        ),
    ] = field(default=None, name="clientCA")
