"""Finds what is to be examined: a plugin by its name or module, and every far end that anybody brings for its channels."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Sequence

import msgspec

from fenghuo.errors import FenghuoError
from fenghuo.plugin.conformance import ConformanceFixture
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.plugin.origin import GROUP, digest_of
from fenghuo.plugin.ports import ChannelType
from fenghuo.rig.kit.bench import Subject

__all__ = ["Examination", "NothingToExamine", "examinations"]


class NothingToExamine(FenghuoError):
    """No plugin by that name, or nobody brings a far end for it."""


class Examination(msgspec.Struct, frozen=True):
    """A channel type of a plugin, and a far end for it."""

    subject: Subject
    fixture: ConformanceFixture


def examinations(name: str, extra: Sequence[ConformanceFixture] = ()) -> list[Examination]:
    """Everything to be examined of a plugin: `name` is that of its entry point, or of its module, installed or only importable.

    Raises: NothingToExamine, with a sentence.
    """
    host, plugin = _loaded(name)
    faults = [fault for fault in host.faults if fault.plugin == plugin]
    if faults:
        raise NothingToExamine(f"{name} was set aside: {faults[0].cause}")
    owner = {info.name for info in host.plugins}
    fixtures = [fixture for who, fixture in host.fixtures if who == plugin]
    own = {fixture.channel for fixture in fixtures}
    mine = {kind: found for kind, (who, found) in host.channel_types.items() if kind in own or who in _names(name, plugin) & owner}
    fixtures += [fixture for fixture in extra if fixture.channel in mine]
    if not fixtures:
        raise NothingToExamine(f"nobody brings a far end for the channels of {name} ({', '.join(mine) or 'it has none'})")
    return [Examination(_subject(name, mine[fixture.channel], host), fixture) for fixture in fixtures]


def _subject(name: str, kind: ChannelType, host: PluginHost) -> Subject:
    origin, (owner, _) = host.origin(kind.id), host.channel_types[kind.id]
    version = next(info.version for info in host.plugins if info.name == owner)
    return Subject(name, kind, host.renderers, version, digest_of(origin), origin.is_bundled)


def _names(name: str, plugin: str) -> set[str]:
    """What a plugin may call itself."""
    return {name, plugin, name.removeprefix("fenghuo_")}


def _loaded(name: str) -> tuple[PluginHost, str]:
    """All installed plugins, with this one among them, and its name there."""
    points = list(importlib.metadata.entry_points(group=GROUP))
    for point in points:
        if name in (point.name, point.value):
            return load_plugins(foreign=True), point.name
    try:
        module = importlib.import_module(name)
    except ImportError as missing:
        installed = ", ".join(sorted(point.name for point in points))
        raise NothingToExamine(f"{name} is no installed plugin ({installed}) and no module: {missing}") from missing
    return load_plugins([*(point.load() for point in points), module]), module.__name__
