"""Where secrets come from: passwords, tokens, keys, serial numbers and password hashes.

Rule: this is the only source of randomness in a decision, and it is passed in, so that tests can foretell it.
"""

from __future__ import annotations

import base64
import secrets
from typing import Protocol

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

BCRYPT_LONGEST = 72  # bytes; bcrypt looks at no more
_COST = 10  # 2^10 rounds: some 60 ms here, and what htpasswd users know
_COST_OF_RANDOM = 4  # the least there is: nobody guesses 192 bits, however quick a guess
_PASSWORD_BYTES = 24  # 192 bits


class Mint(Protocol):
    """Makes and checks secrets."""

    def password(self) -> str:
        """A new password of at least 128 random bits, safe in URLs and shells."""

    def token(self) -> str:
        """A new bearer token."""

    def signing(self) -> str:
        """A new secret to sign webhooks with, in the form of Standard Webhooks."""

    def hash(self, password: str, *, random: bool = False) -> str:
        """The bcrypt hash of a password, with a new salt. `random`: it is one of ours, which nobody guesses."""

    def verify(self, password: str, hashed: str) -> bool:
        """Whether the hash is of this password; False for a malformed hash."""

    def key(self) -> ec.EllipticCurvePrivateKey:
        """A new private key on P-256."""

    def serial(self) -> int:
        """A new serial number for a certificate."""


class TakesTimeError(RuntimeError):
    """What was asked for takes long: ask where nobody waits for it."""


class SystemMint:
    """The operating system's randomness."""

    def password(self) -> str:
        """192 random bits in URL-safe letters."""
        return secrets.token_urlsafe(_PASSWORD_BYTES)

    def token(self) -> str:
        """256 random bits in URL-safe letters."""
        return secrets.token_urlsafe(32)

    def signing(self) -> str:
        """256 random bits, after the prefix that tells what they are."""
        return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"

    def hash(self, password: str, *, random: bool = False) -> str:
        """Hash with bcrypt; the password is at most 72 bytes long."""
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST_OF_RANDOM if random else _COST)).decode()

    def verify(self, password: str, hashed: str) -> bool:
        """Compare in constant time, as bcrypt does."""
        try:
            return bcrypt.checkpw(password.encode(), hashed.encode())
        except ValueError:  # not a bcrypt hash, or a password that bcrypt would not take
            return False

    def key(self) -> ec.EllipticCurvePrivateKey:
        """A P-256 key: small, quick, and known to every client."""
        return ec.generate_private_key(ec.SECP256R1())

    def serial(self) -> int:
        """159 random bits, as RFC 5280 (section 4.1.2.2) allows."""
        return x509.random_serial_number()


class QuickMint(SystemMint):
    """The same, but for what takes long: raises TakesTimeError instead of running bcrypt at a real cost."""

    def hash(self, password: str, *, random: bool = False) -> str:
        """Hash a random password; another one takes time."""
        if not random:
            raise TakesTimeError
        return super().hash(password, random=True)

    def verify(self, password: str, hashed: str) -> bool:
        """Compare with a hash of the least cost; another one takes time."""
        if not hashed.startswith(f"$2b${_COST_OF_RANDOM:02}$"):
            raise TakesTimeError
        return super().verify(password, hashed)
