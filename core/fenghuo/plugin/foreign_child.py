"""The process in which a plugin that is not bundled is imported to say what it brings. Started by foreign.py, never by hand.

It is asked one thing after another over one socket, and answers each; what hangs, exits or eats memory here is ended, and nothing else.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fenghuo.errors import ConfigError
from fenghuo.formats.table_reading import Faults, read_struct
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget
from fenghuo.plugin.cell_confinement import belong_to, confine
from fenghuo.plugin.cell_values import Terms
from fenghuo.plugin.foreign_line import Asked, Told, receive, transmit
from fenghuo.plugin.foreign_values import Declared, DeclaredType, Field, ReadSettings
from fenghuo.plugin.host import PluginHost, load_plugins

__all__ = ["main"]

Files = Mapping[str, str]


class Declaring:
    """The plugin's declarations, and what of them is code."""

    def __init__(self, module: str) -> None:
        self._host: PluginHost = load_plugins([importlib.import_module(module)])
        if self._host.faults:
            raise ConfigError(self._host.faults[0].cause)

    def declare(self) -> Declared:
        """Everything that it brings."""
        host = self._host
        return Declared(
            host.plugins[0],
            tuple(_declared(family, kind) for family, types in self._families().items() for _, kind in types.values()),
            tuple(host.renderers),
            tuple(host.address_kinds),
            tuple(host.key_providers),
        )

    def read(self, kind: tuple[str, str], raw: dict[str, Any], at: str, file: str) -> ReadSettings:
        """A table of a settings file, field by field."""
        faults = Faults(file)
        found = read_struct(raw, self._kind(*kind).settings, at, faults)
        values = None if found is None else {name: getattr(found, name) for name in found.__struct_fields__}
        return ReadSettings(values, tuple(faults.found), tuple(faults.warned))

    def capabilities(self, type_id: str, settings: bytes) -> Any:
        kind = self._kind("channel", type_id)
        return kind.capabilities(msgspec.msgpack.decode(settings, type=kind.settings))

    def check(self, type_id: str, settings: bytes, files: Files) -> dict[str, str]:
        kind = self._kind("channel", type_id)
        return dict(kind.check(msgspec.msgpack.decode(settings, type=kind.settings), _reader(files)))

    def claims(self, type_id: str, settings: bytes, files: Files) -> dict[str, str]:
        kind = self._kind("channel", type_id)
        return dict(kind.claims(msgspec.msgpack.decode(settings, type=kind.settings), _reader(files)))

    def normalise(self, kind: str, address: str) -> str:
        return self._host.address_kinds[kind].normalise(address)

    def mask(self, kind: str, address: str) -> str:
        return self._host.address_kinds[kind].mask(address)

    def render(self, form: str, message: bytes, budget: dict[str, Any]) -> Any:
        of = msgspec.msgpack.decode(message, type=Message)
        return self._host.renderers[form].render(of, msgspec.convert(budget, Budget))

    def _families(self) -> dict[str, Mapping[str, tuple[str, Any]]]:
        host = self._host
        return {"channel": host.channel_types, "source": host.source_types, "sensor": host.sensor_types, "front": host.front_types}

    def _kind(self, family: str, type_id: str) -> Any:
        return self._families()[family][type_id][1]


def _declared(family: str, kind: Any) -> DeclaredType:
    fields = tuple(Field(one.name, one.encode_name) for one in msgspec.structs.fields(kind.settings))
    schema = msgspec.json.schema(kind.settings)
    return DeclaredType(family, kind.id, fields, schema, tuple(getattr(kind, "address_kinds", ())), tuple(getattr(kind, "paths", ())))


def _reader(files: Files) -> Callable[[str], str]:
    def read(path: str) -> str:
        if path not in files:
            raise ConfigError(f"{path!r} is no text file that a setting of this channel names; its key must end in _file")
        return files[path]

    return read


def _answer(declaring: Declaring, asked: Asked) -> Told:
    try:
        args = msgspec.msgpack.decode(asked.args)
        return Told(msgspec.Raw(msgspec.msgpack.encode(getattr(declaring, asked.do)(*args))))
    except (Exception, SystemExit) as fault:  # noqa: BLE001  # it is told to whoever asked
        return Told(kind=type(fault).__name__, says=str(fault) or type(fault).__name__)


def main() -> None:
    """Answer until the core hangs up."""
    belong_to(int(sys.argv[2]))
    line = socket.socket(fileno=int(sys.argv[1]))
    confine(Terms())
    declaring: Declaring | None = None
    refusal = Told()
    try:
        declaring = Declaring(sys.argv[3])
    except (Exception, SystemExit) as fault:  # noqa: BLE001  # it is the answer to everything that is asked
        says = str(fault) if isinstance(fault, ConfigError) else f"{type(fault).__name__}: {fault}"
        refusal = Told(kind="ConfigError", says=says)
    while (octets := receive(line)) is not None:
        asked = msgspec.msgpack.decode(octets, type=Asked)
        transmit(line, msgspec.msgpack.encode(refusal if declaring is None else _answer(declaring, asked)))
    os._exit(0)


if __name__ == "__main__":
    main()
