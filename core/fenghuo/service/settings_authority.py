"""`[[authority]]` of the settings file: who may raise what, as grants by source; and which sources have none.

Source: security.md §5, rule 6. What a grant does to a message: core/fenghuo/engine/authority.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fenghuo.engine.authority import GRAVITIES, Grant
from fenghuo.formats.table_reading import near, read_struct, shown
from fenghuo.model.area import AreaRef
from fenghuo.model.traffic import Priority
from fenghuo.plugin.host import PluginHost
from fenghuo.service.settings_sections import Reading
from fenghuo.service.settings_tables import AuthorityTable, Right
from fenghuo.service.settings_values import ChannelSettings, InstanceSettings, Settings, TokenSettings

__all__ = ["POST", "read_authority", "without_authority"]

POST = "post:"
"""How a far end is called that has proved who it is."""


def read_authority(
    reading: Reading, tokens: Sequence[TokenSettings], sources: Sequence[InstanceSettings], channels: Sequence[ChannelSettings]
) -> dict[str, tuple[Grant, ...]]:
    """Every sound `[[authority]]`, by its source. A source that nobody here has is a slip, or a name that a plugin gives by itself."""
    tables = reading.raw.get("authority", [])
    if not isinstance(tables, list):
        reading.faults.add("authority", f"is {shown(tables)}; it must be a list of rules, each begun by [[authority]]")
        return {}
    posts = dict(_posts(channels, reading.host))
    known = [*(token.name for token in tokens), *(source.name for source in sources), *posts]
    found: dict[str, tuple[Grant, ...]] = {}
    for place, raw in enumerate(tables, 1):
        at = f"authority[{place}]"
        table = read_struct(raw, AuthorityTable, at, reading.faults)
        if table is None:
            continue
        source = _written(table.source, reading.host, channels)
        if source not in known:
            says = f"is {shown(table.source)}, which no token, source or post of this file has{near(source, known)}"
            reading.faults.warn(f"{at}.source", says)
        grant = Grant(
            source=source,
            kinds=table.kinds,
            senders=table.senders,
            areas=tuple(_areas(reading, at, table)),
            events=table.events,
            gravest=GRAVITIES[table.gravest],
            most_urgent=Priority[table.most_urgent],
            devices=table.devices,
            urgent_per_min=table.urgent_per_min,
            relay=table.relay,
            signs=table.signs,
        )
        found[source] = (*found.get(source, ()), grant)
    return found


def without_authority(settings: Settings, host: PluginHost) -> Iterator[str]:
    """Each program that brings alerts, and each post below, of which no rule says what it may raise, with what holds instead."""
    for token in settings.tokens:
        if Right.SOURCE in token.rights and token.name not in settings.authority:
            where = "its areas" if token.areas else "every area"
            yield f"[[authority]] has no rule for the token {token.name}: it may raise every event at any severity, for {where}"
    for name, is_below in _posts(settings.channels, host):
        if is_below and name not in settings.authority:
            may = "it may report and reply about its own area by the directory; all else waits for a person"
            yield f"[[authority]] has no rule for {name}: {may}"


def _areas(reading: Reading, at: str, table: AuthorityTable) -> Iterator[AreaRef]:
    for place, text in enumerate(table.areas):
        try:
            yield AreaRef.parse(text)
        except ValueError as refusal:
            reading.faults.add(f"{at}.areas[{place}]", f"is {shown(text)}: {refusal}")


def _posts(channels: Sequence[ChannelSettings], host: PluginHost) -> Iterator[tuple[str, bool]]:
    """The posts that sealed links of this node name, and whether each is below it."""
    for channel in channels:
        posts = getattr(channel.settings, "posts", None)
        for address, post in posts.items() if isinstance(posts, Mapping) else ():
            yield POST + _normal(address, _kinds(channel, host), host), not getattr(post, "is_head", False)


def _kinds(channel: ChannelSettings, host: PluginHost) -> Iterable[str]:
    return host.channel_types[channel.type][1].address_kinds


def _written(source: str, host: PluginHost, channels: Sequence[ChannelSettings]) -> str:
    """A post's address the one right way, as its channel would say it."""
    if not source.startswith(POST):
        return source
    kinds = dict.fromkeys(kind for channel in channels for kind in _kinds(channel, host))
    return POST + _normal(source.removeprefix(POST), kinds, host)


def _normal(address: str, kinds: Iterable[str], host: PluginHost) -> str:
    for kind in kinds:
        known = host.address_kinds.get(kind)
        try:
            if known is not None:
                return known.normalise(address)
        except ValueError:
            continue
    return address
