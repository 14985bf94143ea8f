"""The typed wrapper around pluggy: finds plugins, asks each for what it brings, and sets a faulty one aside by name.

Nobody else touches `pm.hook`: its call stops at the first exception, and one bad plugin must never stop the product.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pluggy

from fenghuo.plugin import hookspecs
from fenghuo.plugin.conformance import ConformanceFixture
from fenghuo.plugin.origin import GROUP, Origin, origin_of
from fenghuo.plugin.ports import AddressKind, ChannelType, FrontType, PluginInfo, Renderer, SensorType, SourceType
from fenghuo.plugin.signing import KeyProvider

if TYPE_CHECKING:
    import click

__all__ = ["API_VERSION", "GROUP", "PluginFault", "PluginHost", "load_plugins"]

API_VERSION = (1, 0)
"""The plugin API this build speaks; a plugin names the range it was written for in PluginInfo.api."""

T = TypeVar("T")


class PluginFault(msgspec.Struct, frozen=True):
    """Why a plugin, or one thing it brought, is not in use."""

    plugin: str
    cause: str

    def __str__(self) -> str:
        return f"plugin {self.plugin}: {self.cause}"


class PluginError(Exception):
    """One plugin's fault on its way to the list of faults; never leaves this module."""


class Brought(msgspec.Struct, frozen=True):
    """Everything one sound plugin declared; `origin`: where it comes from, which takes a look at the disk."""

    info: PluginInfo
    origin: Callable[[], Origin]
    channel_types: tuple[ChannelType, ...] = ()
    source_types: tuple[SourceType, ...] = ()
    sensor_types: tuple[SensorType, ...] = ()
    front_types: tuple[FrontType, ...] = ()
    renderers: tuple[Renderer, ...] = ()
    address_kinds: tuple[AddressKind, ...] = ()
    key_providers: tuple[KeyProvider, ...] = ()


class PluginHost:
    """What all sound plugins bring, by id. Types come with the name of the plugin that answers for them.

    With no plugin at all every mapping is empty and the product still starts.
    """

    def __init__(self, manager: pluggy.PluginManager, brought: tuple[Brought, ...], faults: tuple[PluginFault, ...]) -> None:
        self._manager = manager
        self._faults = list(faults)
        self._origins = {kind.id: one.origin for one in reversed(brought) for kind in one.channel_types}  # the first one stays
        self.plugins: tuple[PluginInfo, ...] = tuple(one.info for one in brought)
        self.channel_types: Mapping[str, tuple[str, ChannelType]] = self._by_id(brought, lambda one: one.channel_types)
        self.source_types: Mapping[str, tuple[str, SourceType]] = self._by_id(brought, lambda one: one.source_types)
        self.sensor_types: Mapping[str, tuple[str, SensorType]] = self._by_id(brought, lambda one: one.sensor_types)
        self.front_types: Mapping[str, tuple[str, FrontType]] = self._by_id(brought, lambda one: one.front_types)
        self.renderers: Mapping[str, Renderer] = self._plain(self._by_id(brought, lambda one: one.renderers))
        self.address_kinds: Mapping[str, AddressKind] = self._plain(self._by_id(brought, lambda one: one.address_kinds))
        self.key_providers: Mapping[str, KeyProvider] = self._plain(self._by_id(brought, lambda one: one.key_providers))

    @property
    def faults(self) -> tuple[PluginFault, ...]:
        """Every plugin or thing that was set aside, in the order it was found; the daemon logs them, `fenghuo status` shows them."""
        return tuple(self._faults)

    def origin(self, channel_type: str) -> Origin:
        """Where the plugin comes from that brings a channel type."""
        return self._origins[channel_type]()

    @cached_property
    def commands(self) -> Mapping[str, click.Command]:
        """Commands for `fenghuo <name> …`; asked for late, since only the command line needs them."""
        found: dict[str, click.Command] = {}
        for plugin, implementation in implementations(self._manager, "fenghuo_commands"):
            try:
                commands = tuple(implementation())
            except (Exception, SystemExit) as fault:  # noqa: BLE001  # one bad plugin must not stop the rest
                self._set_aside(plugin, f"fenghuo_commands failed: {sentence(fault)}")
                continue
            for command in commands:
                if command.name is None or command.name in found:
                    self._set_aside(plugin, f"the command {command.name!r} has no name of its own")
                else:
                    found[command.name] = command
        return MappingProxyType(found)

    @cached_property
    def fixtures(self) -> tuple[tuple[str, ConformanceFixture], ...]:
        """Far ends for the conformance kit, each with the plugin that brings it; asked for late, since only the kit needs them."""
        found: list[tuple[str, ConformanceFixture]] = []
        for plugin, implementation in implementations(self._manager, "fenghuo_conformance"):
            try:
                found.extend((plugin, fixture) for fixture in implementation())
            except (Exception, SystemExit) as fault:  # noqa: BLE001  # one bad plugin must not stop the rest
                self._set_aside(plugin, f"fenghuo_conformance failed: {sentence(fault)}")
        return tuple(found)

    def _by_id(self, brought: tuple[Brought, ...], pick: Callable[[Brought], tuple[T, ...]]) -> Mapping[str, tuple[str, T]]:
        found: dict[str, tuple[str, T]] = {}
        for one in brought:
            for thing in pick(one):
                name = id_of(thing)
                if name in found:
                    self._set_aside(one.info.name, f"{name!r} was already brought by plugin {found[name][0]}; the first one stays")
                else:
                    found[name] = (one.info.name, thing)
        return MappingProxyType(found)

    def _plain(self, found: Mapping[str, tuple[str, T]]) -> Mapping[str, T]:
        return MappingProxyType({name: thing for name, (_, thing) in found.items()})

    def _set_aside(self, plugin: str, cause: str) -> None:
        self._faults.append(PluginFault(plugin, cause))


def load_plugins(modules: Iterable[object] | None = None) -> PluginHost:
    """Load every plugin of the entry-point group, or exactly these modules; a faulty one is recorded, never raised."""
    manager = pluggy.PluginManager("fenghuo")
    manager.add_hookspecs(hookspecs)
    brought: list[Brought] = []
    faults: list[PluginFault] = []
    for name, load, origin in _candidates(modules):
        try:
            brought.append(_admit(manager, name, load, origin))
        except (Exception, SystemExit) as fault:  # noqa: BLE001  # one bad plugin must not stop the rest
            faults.append(PluginFault(name, sentence(fault)))
    return PluginHost(manager, tuple(brought), tuple(faults))


def implementations(manager: pluggy.PluginManager, hook: str) -> list[tuple[str, Callable[[], Iterable[Any]]]]:
    """Each plugin's own function for a hook, so that the caller can give each its own try."""
    caller = getattr(manager.hook, hook)
    return [(found.plugin_name, found.function) for found in caller.get_hookimpls()]


def sentence(fault: BaseException) -> str:
    """A fault for the operator: its own words for ours, with its type in front for anybody else's."""
    return str(fault) if isinstance(fault, PluginError) else f"{type(fault).__name__}: {fault}"


def id_of(thing: object) -> str:
    """What a declared thing is looked up by: a renderer's form, anything else's id."""
    return thing.form if isinstance(thing, Renderer) else str(getattr(thing, "id"))  # noqa: B009  # every other declared struct has an id


def _candidates(modules: Iterable[object] | None) -> list[tuple[str, Callable[[], object], Callable[[], Origin]]]:
    if modules is not None:
        return [(str(getattr(module, "__name__", module)), partial(_itself, module), partial(origin_of, module)) for module in modules]
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)
    return [(point.name, point.load, partial(_origin, point)) for point in points]


def _origin(point: importlib.metadata.EntryPoint) -> Origin:
    return Origin(point.module, point.dist.name if point.dist is not None else "")


def _itself(module: object) -> object:
    return module


def _admit(manager: pluggy.PluginManager, name: str, load: Callable[[], object], origin: Callable[[], Origin]) -> Brought:
    module = load()
    _refuse_misfits(manager, module)
    try:
        manager.register(module, name=name)
        return _ask(manager, module, origin)
    except BaseException:
        if manager.is_registered(module):
            manager.unregister(module)
        raise


def _refuse_misfits(manager: pluggy.PluginManager, module: object) -> None:
    for attribute in dir(module):
        if manager.parse_hookimpl_opts(module, attribute) is None:
            continue
        if not hasattr(hookspecs, attribute):
            raise PluginError(f"{attribute} is no hook of this API")
        function = getattr(module, attribute)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise PluginError(f"{attribute} is a coroutine function; hooks are synchronous and register objects")


def _ask(manager: pluggy.PluginManager, module: object, origin: Callable[[], Origin]) -> Brought:
    infos = _declared(manager, module, "fenghuo_plugin", PluginInfo)
    if not infos:
        raise PluginError("fenghuo_plugin is missing, so it does not say who it is")
    _check_api(infos[0].api)
    return Brought(
        info=infos[0],
        origin=origin,
        channel_types=_declared(manager, module, "fenghuo_channel_types", ChannelType),
        source_types=_declared(manager, module, "fenghuo_source_types", SourceType),
        sensor_types=_declared(manager, module, "fenghuo_sensor_types", SensorType),
        front_types=_declared(manager, module, "fenghuo_front_types", FrontType),
        renderers=_declared(manager, module, "fenghuo_renderers", Renderer),
        address_kinds=_declared(manager, module, "fenghuo_address_kinds", AddressKind),
        key_providers=_declared(manager, module, "fenghuo_key_providers", KeyProvider),
    )


def _declared(manager: pluggy.PluginManager, module: object, hook: str, kind: type[T]) -> tuple[T, ...]:
    """What this plugin alone declares by one hook; a fault stops the whole plugin (plugins.md, the family "declare")."""
    things: list[T] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin is not module:
            continue
        answer = implementation.function()
        for thing in (answer,) if isinstance(answer, kind) else tuple(answer):
            if not isinstance(thing, kind):
                raise PluginError(f"{hook} gave a {type(thing).__name__} where a {kind.__name__} belongs")
            things.append(thing)
    return tuple(things)


RANGE = re.compile(r"(>=|<=|==|<|>)\s*(\d+)(?:\.(\d+))?")


def _check_api(wanted: str) -> None:
    """Raises: PluginError unless API_VERSION lies in a range such as `>=1,<2`."""
    for part in wanted.split(","):
        match = RANGE.fullmatch(part.strip())
        if match is None:
            raise PluginError(f"its API range {wanted!r} cannot be read; write it as '>=1,<2'")
        bound = (int(match[2]), int(match[3] or 0))
        if not _holds(match[1], bound):
            ours = ".".join(map(str, API_VERSION))
            raise PluginError(f"it was written for plugin API {wanted}; this build speaks {ours}")


def _holds(sign: str, bound: tuple[int, int]) -> bool:
    match sign:
        case ">=":
            return bound <= API_VERSION
        case "<=":
            return bound >= API_VERSION
        case "<":
            return bound > API_VERSION
        case ">":
            return bound < API_VERSION
        case _:
            return bound == API_VERSION
