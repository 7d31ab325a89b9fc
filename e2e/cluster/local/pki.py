"""Keys, certificates and kubeconfigs of a control plane. Rule: P-256 everywhere (RSA costs seconds), fixed dates.

The certificates live as long as one test cluster; fixed far dates need no clock and survive a wrong one.
"""

import base64
import datetime
import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from e2e.cluster.settings import Network

NOT_BEFORE = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
NOT_AFTER = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Identity:
    """One certificate to issue: who it is for."""

    common_name: str
    organization: str = ""
    server_names: Sequence[str] = ()
    """Names and addresses of a server; empty: a client certificate."""


def identities(node_name: str, network: Network) -> dict[str, Identity]:
    """File name (without suffix) -> the identity that its certificate carries."""
    kubernetes = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    return {
        "apiserver": Identity(
            "kube-apiserver", server_names=[*kubernetes, "localhost", "127.0.0.1", network.api_ip, network.node_ip]
        ),
        "apiserver-kubelet-client": Identity("kube-apiserver-kubelet-client", "system:masters"),
        "admin": Identity("admin", "system:masters"),
        "controller-manager": Identity("system:kube-controller-manager"),
        "scheduler": Identity("system:kube-scheduler"),
        "proxy": Identity("system:kube-proxy"),
        "kubelet": Identity(f"system:node:{node_name}", "system:nodes"),
        "front-proxy": Identity("front-proxy-client"),
    }


def write_pki(directory: Path, node_name: str, network: Network) -> None:
    """Make the CA, a certificate per identity, and the service account key pair (`sa.key`, `sa.pub`)."""
    write_certificates(directory, identities(node_name, network))
    public = _write_key(directory / "sa.key").public_key()
    (directory / "sa.pub").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def write_certificates(directory: Path, wanted: Mapping[str, Identity]) -> None:
    """Make a CA (`ca.key`, `ca.crt`) and a certificate of it per identity, by the name of its files."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca_key = _write_key(directory / "ca.key")
    ca = _authority(ca_key)
    (directory / "ca.crt").write_bytes(_pem(ca))
    for name, identity in wanted.items():
        key = _write_key(directory / f"{name}.key")
        (directory / f"{name}.crt").write_bytes(_pem(_issue(identity, key, ca, ca_key)))


def write_kubeconfig(target: Path, pki: Path, identity: str, server: str) -> None:
    """Write a kubeconfig that holds everything itself, readable by its owner only."""

    def data(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "wharfinger", "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}
        ],
        "users": [
            {
                "name": identity,
                "user": {
                    "client-certificate-data": data(f"{identity}.crt"),
                    "client-key-data": data(f"{identity}.key"),
                },
            }
        ],
        "contexts": [{"name": "wharfinger", "context": {"cluster": "wharfinger", "user": identity}}],
        "current-context": "wharfinger",
    }
    target.touch(mode=0o600)
    # JSON is YAML.
    target.write_text(json.dumps(content, indent=1) + "\n")


def _write_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return key


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes-ca")])
    builder = _builder(name, name, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(authority=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256())


def _issue(
    identity: Identity, key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organization))
    usage = ExtendedKeyUsageOID.SERVER_AUTH if identity.server_names else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = _builder(x509.Name(attributes), ca.subject, key.public_key())
    builder = builder.add_extension(_key_usage(authority=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if identity.server_names:
        names = [_general_name(name) for name in identity.server_names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
