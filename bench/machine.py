"""What the servers and clients of a run need on disk: credentials, a certificate, ports, content.

Rule: everything is in one directory, which goes when the run ends.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER = "bench"
BCRYPT_COST = 5
"""What Apache's htpasswd -B uses. A registry that verifies a password anew for each request pays it each time."""

PIECE = 8 << 20


@dataclass(frozen=True)
class Place:
    """A run's directory and its secrets."""

    root: Path
    password: str

    @classmethod
    def make(cls, root: Path) -> Place:
        """Write the credentials and the certificate."""
        place = cls(root, secrets.token_hex(12))
        hashed = bcrypt.hashpw(place.password.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
        place.htpasswd.write_text(f"{USER}:{hashed}\n")
        _write_pair(place.certificate, place.key)
        place.netrc.touch(mode=0o600)
        place.netrc.write_text(f"machine 127.0.0.1 login {USER} password {place.password}\n")
        return place

    @property
    def htpasswd(self) -> Path:
        """The users of every registry."""
        return self.root / "htpasswd"

    @property
    def certificate(self) -> Path:
        """The certificate of every server, for 127.0.0.1; signed by itself."""
        return self.root / "tls.crt"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.root / "tls.key"

    @property
    def netrc(self) -> Path:
        """A file that tells curl the password, so that it is in no argument list."""
        return self.root / "netrc"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def write_blob(path: Path, size: int) -> str:
    """Write `size` random bytes; their digest."""
    with path.open("wb") as file:
        for start in range(0, size, PIECE):
            file.write(os.urandom(min(PIECE, size - start)))
    return digest_of(path)


def settle(size: int) -> None:
    """Before a turn that writes `size` bytes: nothing of the turn before is left to be written to the disk, and the
    kernel has as much free memory that a hypervisor has already found: finding it costs more than filling it.
    """
    os.sync()
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, size + size // 2, flags).close()


def vary_blob(path: Path) -> str:
    """Give a file new content by changing its first bytes; its new digest."""
    with path.open("r+b") as file:
        file.write(os.urandom(16))
    return digest_of(path)


def digest_of(path: Path) -> str:
    """The sha256 digest of a file."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _write_pair(certificate: Path, key: Path) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(secret.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
