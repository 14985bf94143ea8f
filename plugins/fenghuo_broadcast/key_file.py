"""The key provider `file`: an SM2 key in a file or credential, used by software. For tests: see docs/reference/broadcast.md."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fenghuo_adapters.ebd_sm2 import Sm2Key, private_key

__all__ = ["FileSigner", "open_file"]


class FileSigner:
    """See fenghuo.Signer. gmalg is not constant-time, so that a key of service belongs into a device."""

    def __init__(self, key: Sm2Key) -> None:
        self._key = key

    @property
    def public_key(self) -> bytes:
        return self._key.point

    async def sign(self, digest: bytes) -> bytes:
        return await asyncio.to_thread(self._key.sign_digest, digest)


async def open_file(key: str, secret: Callable[[str], str]) -> FileSigner:
    """The key in this file, as OpenSSL writes it. Raises: ConfigError with a sentence."""
    return FileSigner(await asyncio.to_thread(lambda: private_key(secret(key))))
