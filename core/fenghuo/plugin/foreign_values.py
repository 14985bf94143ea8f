"""What a plugin declares, as data: read in a process of its own, and all that the core knows of a plugin that is not bundled."""

from __future__ import annotations

from typing import Any

import msgspec

from fenghuo.plugin.values import PluginInfo

__all__ = ["Declared", "DeclaredType", "Field", "ReadSettings"]


class Field(msgspec.Struct, frozen=True):
    """A field of a settings struct: its name in the code, and the one in the file."""

    name: str
    key: str


class DeclaredType(msgspec.Struct, frozen=True):
    """A type of any family. `schema`: the JSON Schema of its settings; `address_kinds`: of a channel; `paths`: of a front."""

    family: str
    id: str
    fields: tuple[Field, ...]
    schema: dict[str, Any]
    address_kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Declared(msgspec.Struct, frozen=True):
    """All of one plugin. `renderers`, `address_kinds`, `key_providers`: their ids."""

    info: PluginInfo
    types: tuple[DeclaredType, ...]
    renderers: tuple[str, ...] = ()
    address_kinds: tuple[str, ...] = ()
    key_providers: tuple[str, ...] = ()


class ReadSettings(msgspec.Struct, frozen=True):
    """A table as the type's own struct has understood it, by the names of the fields, None with the sentences why not."""

    values: dict[str, Any] | None
    faults: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
