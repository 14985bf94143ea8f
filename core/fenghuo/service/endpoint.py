"""The far end of a link as a node: what its settings leave out, its rules and its directory, made from the little that they say. Pure.

An endpoint is the same program in a smaller role: whatever comes goes to its screen (and printer), whatever it reports goes up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fenghuo.model.directory import ContactPoint, Directory, Org, Person
from fenghuo.service.settings_values import EndpointSettings, Settings

__all__ = ["HERE", "OPERATOR", "SCREEN", "SCREEN_KIND", "UP", "endpoint_directory", "endpoint_rules", "furnished"]

SCREEN = "screen"
SCREEN_TYPE = "post.screen"
SCREEN_KIND = "screen"
HERE = "here"
OPERATOR = "operator"
"""Who sits at the endpoint."""
UP = "up"
"""Whom it reports to."""
CONSOLE = "console"


def furnished(raw: Mapping[str, object], base: Path) -> dict[str, object]:
    """The settings file with the screen that every endpoint has, unless it names one itself. `base`: the file's folder."""
    node, endpoint, channels = (_table(raw.get(name)) for name in ("node", "endpoint", "channels"))
    if node.get("role") != "endpoint" or any(_table(channel).get("type") == SCREEN_TYPE for channel in channels.values()):
        return dict(raw)
    wanted = {name: endpoint[name] for name in ("printer", "speech") if name in endpoint}
    if isinstance(wanted.get("printer"), str) and wanted["printer"]:
        wanted["printer"] = str(base / wanted["printer"])
    return {**raw, "channels": {SCREEN: {"type": SCREEN_TYPE, "settings": wanted}, **channels}}


def endpoint_rules(settings: Settings) -> str:
    """The rules of an endpoint that has none of its own: reports made here go up, all else is shown and asks for a person."""
    screens = [channel.name for channel in settings.channels if channel.type == SCREEN_TYPE]
    others = [channel.name for channel in settings.channels if channel.type != SCREEN_TYPE]
    ack_s = settings.node.endpoint.ack_s if settings.node.endpoint else 0
    own = [CONSOLE, *(token.name for token in settings.tokens)]
    ways = "".join(f"[[ladders.up.rungs]]\nchannels = {_toml([name])}\n" for name in others)
    up = f"""
{ways}
[[rules]]
name = "up"
match = {{ kind = ["Report", "Reply"], source = {_toml(own)} }}
audience = {{ name = "up", persons = ["{UP}"] }}
needed = "DEVICE"
deadline_s = 1800
ladder = "up"
signatures = 0
"""
    here = f"""
[[ladders.here.rungs]]
channels = {_toml(screens)}
[[rules]]
name = "here"
audience = {{ name = "here", persons = ["{OPERATOR}"] }}
needed = "HUMAN"
deadline_s = {ack_s}
ladder = "here"
signatures = 0
"""
    return (up if others else "") + here


def endpoint_directory(endpoint: EndpointSettings) -> Directory:
    """Two people: who sits here, and whom they report to."""
    contacts = (ContactPoint(OPERATOR, SCREEN_KIND, HERE), *(ContactPoint(UP, kind, address) for kind, address in endpoint.up.items()))
    return Directory(orgs=(Org(HERE, "本端"),), persons=(Person(OPERATOR, "本端值守", HERE), Person(UP, "上级", HERE)), contacts=contacts)


def _toml(names: list[str]) -> str:
    return json.dumps(names, ensure_ascii=False)


def _table(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}
