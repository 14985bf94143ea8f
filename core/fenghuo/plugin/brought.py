"""What one sound plugin brings, whether its code is in this process or in one of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import msgspec

from fenghuo.plugin import foreign_types
from fenghuo.plugin.api_range import check_api
from fenghuo.plugin.foreign import Teller
from fenghuo.plugin.foreign_values import Declared, DeclaredType
from fenghuo.plugin.origin import Origin
from fenghuo.plugin.ports import AddressKind, ChannelType, FrontType, PluginInfo, Renderer, SensorType, SourceType
from fenghuo.plugin.signing import KeyProvider, Signer

__all__ = ["AnyType", "Brought", "declared_elsewhere"]

AnyType = ChannelType | SourceType | SensorType | FrontType
T = TypeVar("T")
OpenSigner = Callable[[Teller, str, str, Callable[[str], str]], Awaitable[Signer]]


class Brought(msgspec.Struct, frozen=True):
    """Everything one sound plugin declared; `origin`: where it comes from, which takes a look at the disk; `teller`: the process that has
    its code, None where that is this one."""

    info: PluginInfo
    origin: Callable[[], Origin]
    channel_types: tuple[ChannelType, ...] = ()
    source_types: tuple[SourceType, ...] = ()
    sensor_types: tuple[SensorType, ...] = ()
    front_types: tuple[FrontType, ...] = ()
    renderers: tuple[Renderer, ...] = ()
    address_kinds: tuple[AddressKind, ...] = ()
    key_providers: tuple[KeyProvider, ...] = ()
    teller: Teller | None = None

    @property
    def types(self) -> tuple[AnyType, ...]:
        """Of every family."""
        return (*self.channel_types, *self.source_types, *self.sensor_types, *self.front_types)


def declared_elsewhere(teller: Teller, origin: Callable[[], Origin], imported_signer: OpenSigner) -> Brought:
    """What a plugin says of itself in a process of its own. `imported_signer`: a key provider that settings name is code of this process.
    Raises: ForeignError: it does not say."""
    found: Declared = teller.declare()
    check_api(found.info.api)

    def of(family: str, make: Callable[[Teller, DeclaredType], T]) -> tuple[T, ...]:
        return tuple(make(teller, one) for one in found.types if one.family == family)

    return Brought(
        info=found.info,
        origin=origin,
        channel_types=of("channel", foreign_types.channel_type),
        source_types=of("source", foreign_types.source_type),
        sensor_types=of("sensor", foreign_types.sensor_type),
        front_types=of("front", foreign_types.front_type),
        renderers=tuple(foreign_types.renderer(teller, form) for form in found.renderers),
        address_kinds=tuple(foreign_types.address_kind(teller, kind) for kind in found.address_kinds),
        key_providers=tuple(KeyProvider(one, partial(imported_signer, teller, one)) for one in found.key_providers),
        teller=teller,
    )
