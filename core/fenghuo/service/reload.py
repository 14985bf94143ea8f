"""SIGHUP: new rules, directory, roll, tokens, authority and geocode names are taken over together, or none of them is.

Everything is read and judged before anything is put in force. What only a start can change is named, and waits for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import structlog

from fenghuo.command.duties import CommandRules
from fenghuo.engine.linting import lint_rules, lint_structure
from fenghuo.engine.modes_profile import Profiles
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import ConfigError, SettingsError
from fenghuo.model.audit import SYSTEM
from fenghuo.plugin.host import PluginHost
from fenghuo.service import settings as settings_module
from fenghuo.service.audit import AuditKeeper
from fenghuo.service.command_rules import command_rules_of
from fenghuo.service.control import console_token
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.directory import DirectoryKeeper
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.mode_profiles import load_profiles
from fenghuo.service.rolls import RollKeeper
from fenghuo.service.secrets import Secret, open_tokens
from fenghuo.service.settings import Settings
from fenghuo.service.settings_values import ChannelSettings
from fenghuo.store.audit import Deed
from fenghuo.store.store import Store

__all__ = ["Reloader", "holders_of", "take_directory", "tell_rules"]

log = structlog.stdlib.get_logger("fenghuo.daemon")


class Reloader:
    """Knows the settings that the daemon was built from, and what of it they may change."""

    def __init__(self, settings: Settings, host: PluginHost, room: EngineRoom, *, desk: Desk, audit: AuditKeeper, store: Store) -> None:
        self._settings = settings
        self._host = host
        self._room = room
        self._desk = desk
        self._audit = audit
        self._store = store
        self.use_profiles: Callable[[Profiles], None] = _not_used
        self.use_command_rules: Callable[[CommandRules], None] = _not_used

    async def reload(self, keeper: DirectoryKeeper, rolls: RollKeeper, rearm: Callable[[Settings], None]) -> bool:
        """Take new settings over, or say why not; whether they are in force. `rearm`: what turns the armed switches of channels."""
        try:
            settings = await asyncio.to_thread(settings_module.load, self._settings.file, self._host)  # it may ask a plugin's own process
            self._host.rest()
            rules = settings_module.load_rules(settings)
            self._judge(rules, settings)
            holders = holders_of(settings)
            profiles = await asyncio.to_thread(load_profiles, settings)
            await take_directory(settings, keeper, rolls)
        except (SettingsError, ConfigError) as error:
            for fault in error.faults if isinstance(error, SettingsError) else (str(error),):
                log.error("settings not changed", fault=fault)
            self._audit.record(Deed.of("reload", "node", fault=str(error)), SYSTEM)
            return False
        self._desk.hold(holders)
        office = self._room.office
        office.rules, office.geocode_systems = rules, settings.intake.geocode_systems
        office.availability, office.grants = settings.availability, settings.authority
        log.info("settings changed", rules=rules.digest, needs_restart=list(_waiting(self._settings, settings)))
        self._audit.record(Deed.of("reload", "node", content=rules.digest), SYSTEM)
        rearm(settings)
        self.use_profiles(profiles)
        self.use_command_rules(keeper.command_rules)
        await tell_rules(self._room, self._store)
        return True

    def _judge(self, rules: RuleBook, settings: Settings) -> None:
        """New rules may not break on the channels that run what the old ones did not break. Raises: SettingsError."""
        situation = self._room.board.situation()
        known = lint_structure(self._room.office.rules, situation)
        faults = [fault for fault in lint_structure(rules, situation) if fault not in known]
        running = {instance.name for instance in self._room.board}
        absent = [channel.name for channel in settings.channels if channel.name not in running]
        if faults:
            hint = f" ({', '.join(map(repr, absent))} will be there after a restart)" if absent else ""
            raise SettingsError(tuple(f"{settings.node.rules.name}: {fault}{hint}" for fault in faults))


def holders_of(settings: Settings) -> list[tuple[Secret, Holder]]:
    """Who may speak to the desk: the tokens of the settings, and the console beside the daemon. Raises: ConfigError."""
    secrets = open_tokens(settings)
    holders = [(secrets[token.name], Holder.of(token)) for token in settings.tokens]
    return [*holders, (Secret(console_token(settings.node.state)), Holder.console())]


async def take_directory(settings: Settings, keeper: DirectoryKeeper, rolls: RollKeeper) -> None:
    """Put directory, roll, coverage inventory and map of roads of the settings' folder in force, or none. Raises: SettingsError with every
    fault."""
    folder = settings.node.directory
    if folder is None:
        return
    directory = await keeper.read_folder(folder)
    inventory = await keeper.inventory.read_folder(folder, directory)
    road_map = await keeper.roads.read_folder(folder, directory)
    command_rules = await asyncio.to_thread(command_rules_of, folder)
    await rolls.load_folder(folder, directory)
    await keeper.put(directory, by="settings")
    keeper.inventory.use(inventory)
    keeper.command_rules = command_rules
    await keeper.roads.use(road_map)


async def tell_rules(room: EngineRoom, store: Store) -> None:
    """Say what cannot work in the rules in force on these channels and with this directory: in the log, and as an alarm."""
    office = room.office
    faults = await asyncio.to_thread(lint_rules, office.rules, office.directory, room.board.situation())
    for fault in faults:
        log.warning("rules that cannot work", fault=fault)
    if faults:
        await store.run(lambda tx: tx.event("alarm.rules", "node", faults=len(faults), first=faults[0]))
    else:
        await store.run(lambda tx: tx.event("rules.sound", "node", rules=office.rules.digest))


def _waiting(old: Settings, new: Settings) -> Iterator[str]:
    """Sections, and the channels among them, in which new settings differ from those of the start in what only a start can change."""
    old, new = _of_a_start(old), _of_a_start(new)
    for section in old.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        if before == after:
            continue
        if section != "channels":
            yield section
            continue
        ours, theirs = ({channel.name: channel for channel in channels} for channels in (before, after))
        yield from (f"channels.{name}" for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name))


def _of_a_start(settings: Settings) -> Settings:
    """Without what a running daemon takes over."""
    node = msgspec.structs.replace(settings.node, rules=Path(), directory=None, modes=None)
    intake = msgspec.structs.replace(settings.intake, geocode_systems={})
    channels = tuple(_unswitched(channel) for channel in settings.channels)
    return msgspec.structs.replace(
        settings, node=node, intake=intake, channels=channels, tokens=(), warnings=(), availability={}, authority={}
    )


def _not_used(found: object) -> None:
    """Until their keeper is wired in."""


def _unswitched(channel: ChannelSettings) -> ChannelSettings:
    if "armed" not in channel.settings.__struct_fields__:
        return channel
    return msgspec.structs.replace(channel, settings=msgspec.structs.replace(channel.settings, armed=None))
