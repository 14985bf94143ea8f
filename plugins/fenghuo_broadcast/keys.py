"""What the settings of a signed interface say of keys: which of ours at which provider, and the public one of the far end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from fenghuo import AuthFailed, ConfigError

if TYPE_CHECKING:
    from fenghuo_adapters.ebd_sm2 import Sm2Key

__all__ = ["FILE", "KeySettings", "key_fault", "key_faults", "peer_key"]

FILE = "file"
"""The provider that reads `key_file`; any other is asked for `key`."""


class KeySettings(Protocol):
    """The fields of settings that name keys."""

    @property
    def key_provider(self) -> str: ...
    @property
    def key_file(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def peer_key_file(self) -> str: ...
    @property
    def unsigned(self) -> bool: ...


def key_fault(settings: KeySettings, what: str) -> str:
    """Why these names cannot be meant, as a sentence; empty if they can. `what`: what is signed, as in "packets are"."""
    is_file = settings.key_provider == FILE
    wanted, other = ("key_file", "key") if is_file else ("key", "key_file")
    if not getattr(settings, wanted):
        return f"{wanted} is empty; {what} signed and verified, unless unsigned = true says that this is a test bench"
    if getattr(settings, other):
        return f"{other} is set, and key_provider = {settings.key_provider!r} takes {wanted}; take away one of them"
    if not settings.peer_key_file:
        return f"peer_key_file is empty; {what} signed and verified, unless unsigned = true says that this is a test bench"
    return ""


def key_faults(settings: KeySettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """Files that hold no key, by key of the settings; what another provider holds only a start can tell. Raises: ConfigError."""
    from fenghuo_adapters.ebd_sm2 import private_key, public_key  # noqa: PLC0415  read only where settings are checked

    found: dict[str, str] = {}
    for name, read in (("key_file", private_key), ("peer_key_file", public_key)):
        path = getattr(settings, name)
        if settings.unsigned or not path:
            continue
        try:
            read(secret(path))
        except ConfigError as refusal:
            found[name] = f"cannot be used: {refusal}"
    return found


def peer_key(path: str, secret: Callable[[str], str]) -> Sm2Key:
    """The far end's public key. Raises: AuthFailed: it is none."""
    from fenghuo_adapters.ebd_sm2 import public_key  # noqa: PLC0415  where a channel starts

    try:
        return public_key(secret(path))
    except ConfigError as refusal:
        raise AuthFailed(f"peer_key_file {path} cannot be used: {refusal}") from refusal
