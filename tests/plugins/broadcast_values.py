"""Messages and programmes for the tests of emergency broadcast."""

from __future__ import annotations

from typing import Any

from lxml import etree

from fenghuo.model.message import AffectedArea, Geocode, Message
from fenghuo.model.traffic import Action, Kind, Priority, Traffic
from fenghuo_broadcast.ebd import Broadcast, Head
from fenghuo_broadcast.ebm import Programme
from tests.core.engine.values import content, info, message

__all__ = ["CITY", "COUNTY", "EBMID", "HEAD", "NOW", "alert", "broadcast", "fields", "programme"]

COUNTY = "010333112400000001"
CITY = "010233110000000001"
EBMID = f"{COUNTY}202607150007"
NOW = 1_784_100_600.0
"""15 July 2026, 15:30 in Beijing."""
HEAD = Head(COUNTY, CITY, NOW, 42)
LATER = 4_000_000_000.0
"""UTC seconds beyond any clock of a test: what is said holds still."""


def alert(*geocodes: tuple[str, str], action: Action = Action.NEW, traffic: Traffic = Traffic.ACTUAL, **changes: Any) -> Message:
    """A red warning of a typhoon for one area with these codes."""
    area = AffectedArea("大港头镇", geocodes=tuple(Geocode(*code) for code in geocodes or (("nbs", "331102103000"),)))
    said = {
        "event": "台风",
        "colour": "Red",
        "headline": "大港头镇气象台发布台风红色预警",
        "description": "请沿江群众立即转移。",
        "event_codes": (Geocode("12379", "11B01"),),
        "sender_name": "松阳县气象台",
        "areas": (area,),
        **changes,
    }
    return message(content(kind=Kind.ALERT, action=action, traffic=traffic, infos=(info(**said),)), priority=Priority.P0, expires_at=LATER)


def programme(**changes: Any) -> Programme:
    """What is to be said, ready for an envelope."""
    said: dict[str, Any] = {
        "message": "m1",
        "revision": 1,
        "title": "台风红色预警",
        "text": "台风红色预警。请沿江群众立即转移。",
        "severity": 1,
        "level": 1,
        "ends": NOW + 3600,
        "areas": ("331124000000",),
        "sender": "松阳县气象台",
    }
    return Programme(**{**said, **changes})


def broadcast(**changes: Any) -> Broadcast:
    return Broadcast(EBMID, programme(**changes), "11B01")


def fields(octets: bytes) -> dict[str, str]:
    """Every element with a text, by its path, as another reader sees it."""
    root = etree.fromstring(octets)
    tree = etree.ElementTree(root)
    return {tree.getelementpath(node): node.text for node in root.iter() if node.text and node.text.strip()}
