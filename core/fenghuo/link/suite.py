"""The ciphers of the link behind one port, so that a certified device can take their place. Suites `intl` and `gm`.

Source: security.md §4, §9; NIST SP 800-38C (CCM), GB/T 32907 (SM4), NIST SP 800-38B (CMAC), RFC 5869 (HKDF).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fenghuo.errors import ConfigError

__all__ = ["NONCE", "FrameCipher", "KeyProvider", "SoftwareKeys", "TagMismatch"]

NONCE = 13  # octets; leaves two for the length, as CCM counts it
_MIN_SECRET = 16  # octets


class TagMismatch(Exception):
    """The tag does not fit: altered, forged, or under another key. Never leaves this package."""


class FrameCipher(Protocol):
    """One derived key. `known`: what the tag covers beside the text; `tag`: its octets."""

    def seal(self, nonce: bytes, known: bytes, text: bytes, tag: int) -> bytes:
        """The text enciphered, and the tag behind it. The nonce must never have been used with this key."""

    def open(self, nonce: bytes, known: bytes, sealed: bytes, tag: int) -> bytes:
        """The text. Raises: TagMismatch."""


class KeyProvider(Protocol):
    """Where the secrets are: in memory, in a token, in a signing server. They never come out of it."""

    suite: str

    def cipher(self, secret: str, info: bytes) -> FrameCipher:
        """The key derived from the named secret for `info`. Raises: ConfigError: no such secret."""

    def check_value(self, secret: str) -> str:
        """Eight hex digits that name a secret without telling it. Raises: ConfigError: no such secret."""


class SoftwareKeys:
    """Secrets in the memory of the process; for evaluation under 密评 it says "test only". `suite`: "intl" or "gm"."""

    def __init__(self, secrets: Mapping[str, bytes], *, suite: str = "intl") -> None:
        if suite not in ("intl", "gm"):
            raise ConfigError(f'crypto.suite "{suite}" is not known; it is "intl" or "gm"')
        short = sorted(name for name, secret in secrets.items() if len(secret) < _MIN_SECRET)
        if short:
            raise ConfigError(f"link secret {short[0]} has fewer than {_MIN_SECRET} octets")
        self.suite = suite
        self._secrets = dict(secrets)

    def cipher(self, secret: str, info: bytes) -> FrameCipher:
        if self.suite == "gm":
            octets = self._derive(secret, info, 32)
            return _Sm4(octets[:16], octets[16:])
        return _AesCcm(self._derive(secret, info, 16))

    def check_value(self, secret: str) -> str:
        return self._derive(secret, b"fenghuo link check value", 4).hex()

    def _derive(self, secret: str, info: bytes, octets: int) -> bytes:
        if secret not in self._secrets:
            raise ConfigError(f"there is no link secret {secret}")
        algorithm = hashes.SM3() if self.suite == "gm" else hashes.SHA256()
        return HKDF(algorithm, octets, salt=None, info=info).derive(self._secrets[secret])


class _AesCcm:
    """AES-128-CCM. The length of the tag enters the first block, so a short one is no part of a long one."""

    def __init__(self, key: bytes) -> None:
        self._by_tag = {tag: AESCCM(key, tag_length=tag) for tag in (4, 8, 16)}

    def seal(self, nonce: bytes, known: bytes, text: bytes, tag: int) -> bytes:
        return self._by_tag[tag].encrypt(nonce, text, known)

    def open(self, nonce: bytes, known: bytes, sealed: bytes, tag: int) -> bytes:
        try:
            return self._by_tag[tag].decrypt(nonce, sealed, known)
        except InvalidTag:
            raise TagMismatch from None


class _Sm4:
    """SM4-CTR, then SM4-CMAC with a key of its own over tag length, what is known, nonce and cipher text."""

    def __init__(self, cipher_key: bytes, tag_key: bytes) -> None:
        self._cipher_key = cipher_key
        self._tag_key = tag_key

    def seal(self, nonce: bytes, known: bytes, text: bytes, tag: int) -> bytes:
        hidden = self._stream(nonce, text)
        return hidden + self._mac(nonce, known, hidden, tag)

    def open(self, nonce: bytes, known: bytes, sealed: bytes, tag: int) -> bytes:
        hidden, given = sealed[:-tag], sealed[-tag:]
        if not hmac.compare_digest(given, self._mac(nonce, known, hidden, tag)):
            raise TagMismatch
        return self._stream(nonce, hidden)

    def _stream(self, nonce: bytes, text: bytes) -> bytes:
        # The last three octets count the blocks; a frame has a few hundred octets.
        turn = Cipher(algorithms.SM4(self._cipher_key), modes.CTR(nonce + b"\0\0\0")).encryptor()
        return turn.update(text) + turn.finalize()

    def _mac(self, nonce: bytes, known: bytes, hidden: bytes, tag: int) -> bytes:
        mac = CMAC(algorithms.SM4(self._tag_key))
        mac.update(bytes((tag, len(known))) + known + nonce + hidden)
        return mac.finalize()[:tag]
