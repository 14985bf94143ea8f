"""The typed wrapper around pluggy: finds plugins, asks each for what it brings, and sets a faulty one aside by name.

Nobody else touches `pm.hook`: its call stops at the first exception, and one bad plugin must never stop the product.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import pluggy

from fenghuo.errors import ConfigError
from fenghuo.plugin import hookspecs
from fenghuo.plugin.api_range import API_VERSION, PluginError, check_api
from fenghuo.plugin.brought import AnyType, Brought, declared_elsewhere
from fenghuo.plugin.conformance import ConformanceFixture
from fenghuo.plugin.foreign import ForeignError, Teller
from fenghuo.plugin.origin import GROUP, OURS, Origin, origin_of
from fenghuo.plugin.ports import AddressKind, ChannelType, FrontType, PluginInfo, Renderer, SensorType, SourceType
from fenghuo.plugin.signing import KeyProvider, Signer

if TYPE_CHECKING:
    import click

__all__ = ["API_VERSION", "GROUP", "PluginFault", "PluginHost", "load_plugins"]

T = TypeVar("T")
K = TypeVar("K", ChannelType, SourceType, SensorType, FrontType)


class PluginFault(msgspec.Struct, frozen=True):
    """Why a plugin, or one thing it brought, is not in use."""

    plugin: str
    cause: str

    def __str__(self) -> str:
        return f"plugin {self.plugin}: {self.cause}"


class PluginHost:
    """What all sound plugins bring, by id. Types come with the name of the plugin that answers for them.

    With no plugin at all every mapping is empty and the product still starts.
    """

    def __init__(self, manager: pluggy.PluginManager, brought: tuple[Brought, ...], faults: tuple[PluginFault, ...]) -> None:
        self._manager = manager
        self._faults = list(faults)
        self._bringers: dict[tuple[type, str], Brought] = {
            (type(kind), kind.id): one for one in reversed(brought) for kind in one.types
        }  # the first one stays
        self._taken_in: dict[str, PluginHost] = {}
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
        return self._bringers[ChannelType, channel_type].origin()

    def is_foreign(self, kind: AnyType) -> bool:
        """Whether the code of a type is in no process but its plugin's own."""
        return self._bringers[type(kind), kind.id].teller is not None

    def module(self, kind: AnyType) -> str:
        """Where the code of a type is imported from."""
        return self._bringers[type(kind), kind.id].origin().module

    def in_loop(self, kind: K) -> K:
        """A type with its code in this process, where an administrator wants it: its plugin is imported now. Raises: ConfigError."""
        one = self._bringers[type(kind), kind.id]
        if one.teller is None:
            return kind
        if one.teller.module not in self._taken_in:
            self._taken_in[one.teller.module] = _imported(one.teller)
        return self._taken_in[one.teller.module].as_here(kind)

    def as_here(self, kind: K) -> K:
        """The type of the same family and id, as this host has it. Raises: ConfigError: nobody brings it."""
        one = self._bringers.get((type(kind), kind.id))
        found = next((mine for mine in one.types if isinstance(mine, type(kind)) and mine.id == kind.id), None) if one else None
        if found is None:
            raise ConfigError(f"its plugin does not bring {kind.id} any more")
        return found

    def rest(self) -> None:
        """End the processes that knew the declarations, but for those that are asked again and again; a question starts one anew."""
        for one in self._bringers.values():
            if one.teller is not None and not one.renderers and not one.address_kinds:
                one.teller.rest()

    def close(self) -> None:
        """End all of them."""
        for one in self._bringers.values():
            if one.teller is not None:
                one.teller.rest()

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


def load_plugins(modules: Iterable[object] | None = None, *, foreign: bool = False) -> PluginHost:
    """Load every plugin of the entry-point group, or exactly these modules; a faulty one is recorded, never raised.

    What is not bundled says what it brings in a process of its own; with `foreign` it is imported here like any other, for whoever
    examines it or runs its command.
    """
    manager = pluggy.PluginManager("fenghuo")
    manager.add_hookspecs(hookspecs)
    brought: list[Brought] = []
    faults: list[PluginFault] = []
    here, elsewhere = _candidates(modules, foreign=foreign)
    for teller, _ in elsewhere:
        teller.begin()  # all of them import at once, while the bundled ones are imported here
    for name, bring in (
        *((name, partial(_admit, manager, name, load, origin)) for name, load, origin in here),
        *((teller.name, partial(declared_elsewhere, teller, origin, _imported_signer)) for teller, origin in elsewhere),
    ):
        try:
            brought.append(bring())
        except (Exception, SystemExit) as fault:  # noqa: BLE001  # one bad plugin must not stop the rest
            faults.append(PluginFault(name, sentence(fault)))
    return PluginHost(manager, tuple(brought), tuple(faults))


def implementations(manager: pluggy.PluginManager, hook: str) -> list[tuple[str, Callable[[], Iterable[Any]]]]:
    """Each plugin's own function for a hook, so that the caller can give each its own try."""
    caller = getattr(manager.hook, hook)
    return [(found.plugin_name, found.function) for found in caller.get_hookimpls()]


def sentence(fault: BaseException) -> str:
    """A fault for the operator: its own words for ours, with its type in front for anybody else's."""
    return str(fault) if isinstance(fault, (PluginError, ForeignError)) else f"{type(fault).__name__}: {fault}"


def id_of(thing: object) -> str:
    """What a declared thing is looked up by: a renderer's form, anything else's id."""
    return thing.form if isinstance(thing, Renderer) else str(getattr(thing, "id"))  # noqa: B009  # every other declared struct has an id


Candidate = tuple[str, Callable[[], object], Callable[[], Origin]]
Elsewhere = tuple[Teller, Callable[[], Origin]]


def _candidates(modules: Iterable[object] | None, *, foreign: bool) -> tuple[list[Candidate], list[Elsewhere]]:
    """Who is imported here, bundled ones first, and who is not."""
    if modules is not None:
        return [(str(getattr(module, "__name__", module)), partial(_itself, module), partial(origin_of, module)) for module in modules], []
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: (not _is_bundled(point), point.name))
    here: list[Candidate] = [(point.name, point.load, partial(_origin, point)) for point in points if foreign or _is_bundled(point)]
    others = () if foreign else [point for point in points if not _is_bundled(point)]
    elsewhere: list[Elsewhere] = [(Teller(point.name, point.module), partial(_origin, point)) for point in others]
    return here, elsewhere


def _is_bundled(point: importlib.metadata.EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == OURS


def _origin(point: importlib.metadata.EntryPoint) -> Origin:
    return Origin(point.module, point.dist.name if point.dist is not None else "")


def _imported(teller: Teller) -> PluginHost:
    """Exactly that plugin, imported here. Raises: ConfigError."""
    try:
        found = load_plugins([importlib.import_module(teller.module)])
    except (Exception, SystemExit) as fault:
        raise ConfigError(f"the plugin {teller.name} cannot be imported: {sentence(fault)}") from fault
    if found.faults:
        raise ConfigError(str(found.faults[0]))
    return found


async def _imported_signer(teller: Teller, provider: str, key: str, secret: Callable[[str], str]) -> Signer:
    return await _imported(teller).key_providers[provider].signer(key, secret)


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
    check_api(infos[0].api)
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
