"""The second factor: codes that change every 30 s, and the key under which their secrets lie in the store.

Source: RFC 6238 (TOTP) over RFC 4226 (HOTP) with SHA-1 and 6 figures, what every authenticator knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fenghuo.errors import ConfigError
from fenghuo.service.secrets import make_token, read_secret

__all__ = ["KEY_FILE", "STEP_S", "Sealing", "accepted_step", "code_at", "new_secret", "otpauth"]

STEP_S = 30
FIGURES = 6
SECRET_OCTETS = 20
"""RFC 4226 §4, R6: 160 bits are recommended."""
DRIFT = 1
"""Steps before and after ours that are accepted, for clocks that are off (RFC 6238 §5.2)."""
KEY_FILE = "accounts.key"
NONCE = 12


def new_secret() -> bytes:
    """A secret for a new authenticator."""
    return secrets.token_bytes(SECRET_OCTETS)


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step. Source: RFC 4226 §5.3."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**FIGURES:0{FIGURES}d}"


def accepted_step(secret: bytes, code: str, now: float, *, after: int) -> int | None:
    """The step whose code this is, among those near `now` (UTC seconds); None: wrong, or not newer than `after`, used before."""
    here = int(now) // STEP_S
    given = "".join(code.split()).encode()
    found = [step for step in range(here - DRIFT, here + DRIFT + 1) if hmac.compare_digest(code_at(secret, step).encode(), given)]
    return next((step for step in found if step > after), None)


def otpauth(secret: bytes, account: str, node: str) -> str:
    """What an authenticator reads from a QR code."""
    return f"otpauth://totp/Fenghuo%20{quote(node)}:{quote(account)}?secret={_base32(secret)}&issuer=Fenghuo%20{quote(node)}"


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=")


class Sealing:
    """Seals the secrets for the store. The key lies beside it, so that a copy of the database alone makes no codes."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(key.encode()).digest())

    @classmethod
    def of(cls, state: Path) -> Sealing:
        """With the key of this node, made at the first start (0600). Raises: ConfigError."""
        make_token(state / KEY_FILE)
        return cls(read_secret(KEY_FILE, state))

    def seal(self, secret: bytes, account: str) -> bytes:
        """The secret of an account; under another name it does not open."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, account.encode())

    def open(self, sealed: bytes, account: str) -> bytes:
        """Raises: ConfigError: it was sealed under another key, as after a restore without it."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], account.encode())
        except (InvalidTag, ValueError) as fault:
            says = (
                f"the second factor of {account} does not open with {KEY_FILE}; give {account} a new one: fenghuo user password {account}"
            )
            raise ConfigError(says) from fault
