"""Types, renderers and address kinds of a plugin that is not bundled, made from what it has declared: each a question to its own process.

Instances run there too (cell, cell_runner); what has no place but the daemon's own process - a front, a key provider - is only there when
an administrator says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import msgspec

from fenghuo.formats.table_reading import Faults
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.plugin.cell import secrets_of
from fenghuo.plugin.foreign import PURE_S, ForeignError, Teller
from fenghuo.plugin.foreign_values import DeclaredType
from fenghuo.plugin.ports import AddressKind, Capabilities, ChannelType, FrontType, Renderer, SecretReader, SensorType, SourceType

__all__ = ["ForeignSettings", "address_kind", "channel_type", "front_type", "renderer", "sensor_type", "source_type"]

MOST_KNOWN = 64
"""Settings whose capabilities are kept: no file names more channels of one type."""


class ForeignSettings(msgspec.Struct, frozen=True):
    """Settings of a type whose plugin is not in this process: its fields, each as plain data. Each type has a class of its own."""

    teller: ClassVar[Teller]
    declared: ClassVar[DeclaredType]

    @classmethod
    def read(cls, table: Mapping[str, Any], at: str, faults: Faults) -> ForeignSettings | None:
        """As the plugin itself reads them, None with its sentences in `faults`."""
        values = cls.teller.read(cls.declared, table, at, faults)
        if values is None:
            return None
        if set(values) != set(cls.__struct_fields__):
            faults.add(at, "cannot be read: its plugin speaks of other fields than those it has declared")
            return None
        return cls(**values)


def channel_type(teller: Teller, declared: DeclaredType) -> ChannelType:
    """A channel type whose every answer comes from the plugin's process."""
    known: dict[bytes, Capabilities] = {}

    def capabilities(settings: Any) -> Capabilities:
        key = msgspec.msgpack.encode(settings)
        if key not in known:
            found = teller.take(Capabilities, teller.ask("capabilities", declared.id, key))
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[key] = found
        return known[key]

    def asked(what: str) -> Callable[[Any, SecretReader], Mapping[str, str]]:
        def ask(settings: Any, secret: SecretReader) -> Mapping[str, str]:
            said = teller.ask(what, declared.id, msgspec.msgpack.encode(settings), secrets_of(settings, secret))
            return teller.take(dict[str, str], said)

        return ask

    return ChannelType(
        declared.id,
        _shape(teller, declared),
        capabilities,
        declared.address_kinds,
        _nowhere(declared),
        check=asked("check"),
        claims=asked("claims"),
    )


def source_type(teller: Teller, declared: DeclaredType) -> SourceType:
    return SourceType(declared.id, _shape(teller, declared), _nowhere(declared))


def sensor_type(teller: Teller, declared: DeclaredType) -> SensorType:
    return SensorType(declared.id, _shape(teller, declared), _nowhere(declared))


def front_type(teller: Teller, declared: DeclaredType) -> FrontType:
    return FrontType(declared.id, _shape(teller, declared), _nowhere(declared), declared.paths)


def renderer(teller: Teller, form: str) -> Renderer:
    """Renders where the plugin is; a message that nobody renders in time is one whose renderer has failed."""

    def render(message: Message, budget: Budget) -> Rendition:
        return teller.take(Rendition, teller.ask("render", form, msgspec.msgpack.encode(message), budget, within_s=PURE_S))

    return Renderer(form, render)


def address_kind(teller: Teller, kind: str) -> AddressKind:
    """Reads addresses where the plugin is; of one that does not answer nobody knows whether it is an address."""

    def normalise(address: str) -> str:
        try:
            return teller.take(str, teller.ask("normalise", kind, address, within_s=PURE_S))
        except ForeignError as fault:
            raise ValueError(f"cannot be read as {kind}: {fault}") from fault

    def mask(address: str) -> str:
        try:
            return teller.take(str, teller.ask("mask", kind, address, within_s=PURE_S))
        except (ForeignError, ValueError):
            return "…"

    return AddressKind(kind, normalise, mask)


def _shape(teller: Teller, declared: DeclaredType) -> type[ForeignSettings]:
    """A struct with the names of the plugin's own, and nothing of its code."""
    fields = [(one.name, Any) for one in declared.fields]
    name = "Foreign" + "".join(part.capitalize() for part in declared.id.replace("-", ".").replace("_", ".").split("."))
    made = msgspec.defstruct(
        name,
        fields,
        bases=(ForeignSettings,),
        namespace={"teller": teller, "declared": declared},
        frozen=True,
        rename={one.name: one.key for one in declared.fields},
    )
    return cast("type[ForeignSettings]", made)


def _nowhere(declared: DeclaredType) -> Callable[[Any], Any]:
    def factory(ctx: Any) -> Any:
        raise ForeignError(f"a {declared.family} of type {declared.id} has no code in this process")

    return factory
