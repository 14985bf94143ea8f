"""What the rules of a settings file stand on, without a daemon: its channels as planning sees them, and its directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fenghuo.engine.channels import Instance, Terms
from fenghuo.engine.linting import lint_rules, lint_structure
from fenghuo.engine.rules import RuleBook
from fenghuo.engine.standing import dead_ends
from fenghuo.formats.directory_csv import read_directory
from fenghuo.model.directory import Directory
from fenghuo.model.situation import Situation
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.host import PluginHost
from fenghuo.plugin.ports import Channel
from fenghuo.plugin.values import Capabilities
from fenghuo.service.directory import csv_files
from fenghuo.service.inventory import inventory_of
from fenghuo.service.roads import map_of
from fenghuo.service.settings import ChannelSettings, Settings

__all__ = ["faults_of_rules", "instance_of"]


def instance_of(
    channel: ChannelSettings,
    kinds: tuple[str, ...],
    capabilities: Capabilities,
    running: Callable[[], Channel | None],
    *,
    traffic: tuple[Traffic, ...] = tuple(Traffic),
) -> Instance:
    """A channel of the settings as the engine holds it. `kinds`: of address that its type takes; `traffic`: what this node may carry."""
    terms = Terms(
        channel.risk_groups,
        channel.medium,
        tuple(kind for kind in channel.traffic if kind in traffic),
        channel.admin,
        refire_after_s=channel.refire_after_s,
        ungraded=channel.ungraded,
        reach=channel.reach,
        scarce=channel.scarce,
        digest=channel.digest,
        start_within_s=channel.start_within_s,
        probe_fen_a_day=channel.probe_fen_a_day,
        probe_joules_a_day=channel.probe_joules_a_day,
    )
    return Instance(channel.name, channel.type, capabilities, address_kinds=kinds, channel=running, terms=terms)


def faults_of_rules(settings: Settings, rules: RuleBook, host: PluginHost) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What cannot work in the rules on the channels of these settings, or be read in the directory they name; and what does not work with
    that directory. Without one nobody is missed: it comes by another way. Blocks: it reads the directory."""
    situation = _situation(settings, host)
    broken = lint_structure(rules, situation)
    directory, unread = _directory(settings, host)
    known = None if unread else directory
    others = (fault for fault in _others(rules, known, situation) if fault not in broken)
    said, beside = (tuple(f"{settings.node.rules.name}: {fault}" for fault in faults) for faults in (broken, others))
    return (*said, *unread), (*beside, *_strange_areas(settings, known))


def _strange_areas(settings: Settings, directory: Directory | None) -> Iterator[str]:
    """Areas that a token may speak for and where nobody lives: most likely a slip, and then its alerts wait for a person."""
    areas = directory.areas if directory is not None else ()
    for token in settings.tokens:
        for own in token.areas if areas else ():
            if not any(own.covers(area.ref) or area.ref.covers(own) for area in areas):
                yield f"{settings.file.name}: tokens.{token.name}.areas holds {own}, which no area of the directory is or lies in"


def _others(rules: RuleBook, directory: Directory | None, situation: Situation) -> tuple[str, ...]:
    if directory is not None:
        return lint_rules(rules, directory, situation)
    ungraded = {view.name: view.ungraded for view in situation.channels}
    return tuple(f"rule {name!r}: {fault}" for name, fault in dead_ends(rules, ungraded))


def _situation(settings: Settings, host: PluginHost) -> Situation:
    views = []
    for channel in settings.channels:
        _, kind = host.channel_types[channel.type]
        views.append(instance_of(channel, kind.address_kinds, kind.capabilities(channel.settings), lambda: None).view())
    return Situation(0.0, tuple(views), availability=settings.availability)


def _directory(settings: Settings, host: PluginHost) -> tuple[Directory | None, tuple[str, ...]]:
    folder = settings.node.directory
    if folder is None:
        return None, ()
    kinds = {name: kind.normalise for name, kind in host.address_kinds.items()}
    directory, faults = read_directory(csv_files(folder), kinds)
    (_, of_inventory), (_, of_roads) = inventory_of(folder, directory), map_of(folder, directory)
    return directory, (*(f"{folder.name}/{fault}" for fault in faults if not fault.is_note), *of_inventory, *of_roads)
