"""The key provider `beacon-file`: an Ed25519 key in a file, used by software. A token or a cipher device comes in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from fenghuo import ConfigError, Signer

__all__ = ["FileSigner", "open_key"]


class FileSigner:
    """See fenghuo.Signer."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    async def sign(self, digest: bytes) -> bytes:
        return await asyncio.to_thread(self._key.sign, digest)


async def open_key(key: str, secret: Callable[[str], str]) -> Signer:
    """The key in this file. Raises: ConfigError, in whose sentence nothing of the key stands."""
    try:
        found = await asyncio.to_thread(lambda: load_pem_private_key(secret(key).encode(), None))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{key} holds no private key") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise ConfigError(f"{key} holds a key of another kind; Ed25519 is needed")
    return FileSigner(found)
