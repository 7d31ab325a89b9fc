"""Certificates as values: read, compare, issue.

Rule: a certificate is made only from what is passed in (key, serial number, time), in the form that RFC 5280 and
today's clients want: P-256, SANs, key usages, no CN games.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLOCK_SKEW = timedelta(minutes=5)  # a client whose clock is slow accepts a new certificate too
_SHORTEST_RSA, _SHORTEST_CURVE = 2048, 224  # bits


class CertificateError(ValueError):
    """PEM text that holds no usable certificate or key; the message says which."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The first certificate of a PEM text."""

    parsed: x509.Certificate

    @property
    def not_before(self) -> datetime:
        """When it starts to be valid."""
        return self.parsed.not_valid_before_utc

    @property
    def starts(self) -> datetime:
        """When it counts as valid here: clients' clocks are allowed to be as wrong."""
        return self.not_before - CLOCK_SKEW

    @property
    def not_after(self) -> datetime:
        """When it expires."""
        return self.parsed.not_valid_after_utc

    @property
    def lifetime(self) -> timedelta:
        """How long it is valid in all."""
        return self.not_after - self.not_before

    @property
    def renews_at(self) -> datetime:
        """Two thirds through its life."""
        return self.not_before + self.lifetime * 2 / 3

    @property
    def sha256(self) -> bytes:
        """SHA-256 of its DER form."""
        return self.parsed.fingerprint(hashes.SHA256())

    @property
    def fingerprint(self) -> str:
        """The same in the form that openssl prints."""
        return self.sha256.hex(":").upper()

    @property
    def hosts(self) -> frozenset[str]:
        """DNS names and IP addresses that it is for."""
        return _hosts(self.parsed)

    def covers(self, host: str) -> bool:
        """Whether it is for a host, by itself or by a wildcard of one label (RFC 9525, section 6.3)."""
        _, _, parent = host.partition(".")
        return _normal(host) in self.hosts or (bool(parent) and f"*.{parent}" in self.hosts)

    @property
    def weakness(self) -> str:
        """What OpenSSL refuses to serve at its usual security level (2, which is 112 bits); empty: nothing."""
        key = self.parsed.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SHORTEST_RSA:
            return f"has an RSA key of {key.key_size} bits"
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < _SHORTEST_CURVE:
            return f"has a key on {key.curve.name}"
        try:
            broken = isinstance(self.parsed.signature_hash_algorithm, hashes.MD5 | hashes.SHA1)
        except UnsupportedAlgorithm:
            return "has a signature of a kind that is not known"
        return "is signed with SHA-1 or MD5" if broken and not self.signed_by(self) else ""

    def signed_by(self, issuer: Certificate) -> bool:
        """Whether the other certificate's key signed this one."""
        return _issued_by(self.parsed, issuer.parsed)

    def belongs_to(self, key: CertificateIssuerPrivateKeyTypes) -> bool:
        """Whether it certifies this key."""
        form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return self.parsed.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


def certificate(pem: bytes | str | None) -> Certificate:
    """Read the first certificate of a PEM text. Raises CertificateError."""
    try:
        return _loaded(_bytes(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("it holds no PEM certificate") from error


# one decision asks the same of the same few certificates again and again
@functools.lru_cache(64)
def _loaded(pem: bytes) -> Certificate:
    return Certificate(x509.load_pem_x509_certificate(pem))


@functools.lru_cache(64)
def _hosts(parsed: x509.Certificate) -> frozenset[str]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = (str(address) for address in names.get_values_for_type(x509.IPAddress))
    return frozenset((*map(str.lower, names.get_values_for_type(x509.DNSName)), *addresses))


@functools.lru_cache(64)
def _issued_by(parsed: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        parsed.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def split(pem: str) -> list[str]:
    """The certificates of a PEM text, each as PEM; [] for a text that has none, or one that cannot be read."""
    try:
        return [
            found.public_bytes(serialization.Encoding.PEM).decode()
            for found in x509.load_pem_x509_certificates(pem.encode())
        ]
    except (ValueError, UnsupportedAlgorithm):
        return []


def private_key(pem: bytes | str | None) -> CertificateIssuerPrivateKeyTypes:
    """Read an unencrypted PEM private key. Raises CertificateError."""
    try:
        return _key(_bytes(pem))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError("it holds no unencrypted PEM private key") from error


@functools.lru_cache(64)  # of keys that the cache of Secrets holds anyway
def _key(pem: bytes) -> CertificateIssuerPrivateKeyTypes:
    key = serialization.load_pem_private_key(pem, password=None)
    return cast(
        "CertificateIssuerPrivateKeyTypes", key
    )  # one for exchange only fails the comparison with its certificate


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    """A private key as PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True, slots=True)
class Term:
    """Serial number and time of a new certificate."""

    serial: int
    now: datetime
    validity: timedelta

    @property
    def start(self) -> datetime:
        """When it starts to be valid."""
        return self.now.replace(microsecond=0) - CLOCK_SKEW

    @property
    def end(self) -> datetime:
        """When it expires."""
        return self.start + self.validity


def authority(name: str, key: ec.EllipticCurvePrivateKey, term: Term) -> str:
    """A self-signed CA certificate, PEM, that can sign servers, and one CA below it: its successor."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        _builder(subject, subject, key.public_key(), term)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
    )
    return _signed(builder, key)


def cross(certified: Certificate, issuer: Certificate, issuer_key: ec.EllipticCurvePrivateKey, term: Term) -> str:
    """A CA as certified by another, PEM, so that who trusts only the other accepts what the CA signs (RFC 5280)."""
    key = certified.parsed.public_key()
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        _builder(certified.parsed.subject, issuer.parsed.subject, key, term, latest=issuer.not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority_key, critical=False)
    )
    return _signed(builder, issuer_key)


def server(
    hosts: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    issuer: Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    term: Term,
) -> str:
    """A server certificate for these hosts, PEM, signed by the issuer and never outliving it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    builder = (
        _builder(subject, issuer.parsed.subject, key.public_key(), term, latest=issuer.not_after)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return _signed(builder, issuer_key)


def normal_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """Hosts as a certificate spells them."""
    return frozenset(_normal(host) for host in hosts)


@functools.lru_cache(1024)  # most are the same for every Registry
def _normal(host: str) -> str:
    if ":" not in host and not host[-1:].isdigit():
        return host  # no address ends like that
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, term: Term, latest: datetime | None = None
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(term.serial)
        .not_valid_before(term.start)
        .not_valid_after(min(term.end, latest) if latest else term.end)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> str:
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _bytes(pem: bytes | str | None) -> bytes:
    return pem.encode() if isinstance(pem, str) else pem or b""
