"""What all looks share: the settings, the machine, and what a running daemon answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.doctor.machine import Machine
from fenghuo.engine.rules import RuleBook
from fenghuo.service.secrets import CREDENTIAL
from fenghuo.service.settings import ChannelSettings, InstanceSettings, Settings

__all__ = ["Answered", "Instance", "Patient"]


class Instance(msgspec.Struct, frozen=True):
    """Any channel, front, source or sensor: where it stands in the file (`channels.sms-a`), its type and its own settings."""

    at: str
    type: str
    settings: msgspec.Struct

    def texts(self) -> Iterator[tuple[str, str]]:
        """(key, text) of every setting that is text, lists and tables of it gone through."""
        yield from _texts("", self.settings)


class Answered(msgspec.Struct, frozen=True):
    """What the daemon said: None where it does not run or says it to nobody here. `refused`: why, in its words."""

    status: Mapping[str, Any] | None = None
    accounts: tuple[Mapping[str, Any], ...] | None = None
    refused: str = ""


class Patient(msgspec.Struct, frozen=True):
    """One node. `version`: of the program that is installed here."""

    settings: Settings
    rules: RuleBook
    machine: Machine
    answered: Answered
    version: str

    def instances(self) -> list[Instance]:
        found = self.settings
        families: dict[str, Sequence[ChannelSettings | InstanceSettings]] = {
            "channels": found.channels,
            "fronts": found.fronts,
            "sources": found.sources,
            "sensors": found.sensors,
        }
        return [Instance(f"{family}.{one.name}", one.type, one.settings) for family, members in families.items() for one in members]

    def secret_files(self) -> dict[Path, str]:
        """Every file with a secret → the key that names it."""
        tokens = {self.settings.base / one.reference: f"tokens.{one.name}" for one in self.settings.tokens if _is_file(one.reference)}
        others = {
            self.settings.base / text: f"{one.at}.{key}"
            for one in self.instances()
            for key, text in one.texts()
            if key.endswith("_file") and _is_file(text)
        }
        return {**tokens, **others}

    def devices(self) -> dict[str, str]:
        """Every device file → the key that names it."""
        texts = [(f"{one.at}.{key}", text) for one in self.instances() for key, text in one.texts()]
        return {text: at for at, text in texts if text.startswith("/dev/")}


def _is_file(reference: str) -> bool:
    return bool(reference) and not reference.startswith(CREDENTIAL)


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(name, getattr(value, name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(str(name), inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(key, inner)
