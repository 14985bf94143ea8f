"""The port to private keys: whoever holds one signs a digest, and the key never comes out. A file, a token (UKey), a cipher device.

A channel reckons the digest, asks for the signature, and knows nothing of where the key is; its settings name the provider and the key.
Source: security.md §9 (密评, the KeyProvider port); GM/T 0016 and GM/T 0018, whose devices take a digest and give r and s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from fenghuo.errors import AuthFailed, ConfigError

__all__ = ["KeyProvider", "Signer", "no_signer", "signer_of"]


class Signer(Protocol):
    """One private key, for as long as whoever opened it holds it."""

    @property
    def public_key(self) -> bytes:
        """What belongs to it; of SM2 the point, x then y, 64 octets."""

    async def sign(self, digest: bytes) -> bytes:
        """The signature of a digest; of SM2 r then s, 64 octets, of the 32 of SM3. Never blocks the loop, and gives up by itself.
        Raises: NotReady: its device is not there now; AuthFailed: the device refuses."""


class KeyProvider(msgspec.Struct, frozen=True):
    """A kind of place where keys are. `signer(key, secret)` opens one by the name that the settings give it; `secret` reads a secret file,
    such as one that holds a PIN. Raises: ConfigError with a sentence, with nothing of the key in it; NotReady: its device is absent."""

    id: str
    signer: Callable[[str, Callable[[str], str]], Awaitable[Signer]]


async def signer_of(providers: Mapping[str, KeyProvider], secret: Callable[[str], str], provider: str, key: str) -> Signer:
    """The key of this name at this provider. Raises: AuthFailed: no plugin brings the provider, or the key cannot be used; NotReady."""
    found = providers.get(provider)
    if found is None:
        known = ", ".join(sorted(providers)) or "none"
        raise AuthFailed(f"no plugin brings the key provider {provider!r}; there is {known}")
    try:
        return await found.signer(key, secret)
    except ConfigError as refusal:
        raise AuthFailed(f"the key {key} of the provider {provider} cannot be used: {refusal}") from refusal


async def no_signer(provider: str, key: str) -> Signer:
    """A place without plugins. Raises: AuthFailed."""
    return await signer_of({}, str, provider, key)
