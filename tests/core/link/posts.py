"""Two posts and a group, as the tests of the link need them."""

from __future__ import annotations

from fenghuo.link.counters import Counters, Grant
from fenghuo.link.frame import FrameKind
from fenghuo.link.keys import KeyRing, Root
from fenghuo.link.seal import Opened, Opener, Plain, Refusal, Sealer
from fenghuo.link.suite import SoftwareKeys
from fenghuo.model.traffic import Traffic

CENTRE = 1
TOWN = 2
SIREN = 3
VILLAGE = 4
GROUP = 200
NOW = 1_764_000_000.0  # 24 November 2025

SECRETS = {name: bytes(range(start, start + 32)) for start, name in enumerate(("town", "siren", "village", "group"))}
ROOTS = (
    Root(key_id=1, head=CENTRE, device=TOWN, secret="town"),
    Root(key_id=2, head=CENTRE, device=SIREN, secret="siren"),
    Root(key_id=3, head=CENTRE, device=VILLAGE, secret="village"),
    Root(key_id=9, head=CENTRE, device=GROUP, secret="group", members=(TOWN, SIREN, VILLAGE)),
)

TOWNS = tuple(range(2, 12))
COUNTY = 1
ALL = 200
CITY = 250
TEN_SECRETS = {f"town{code}": bytes([code]) * 32 for code in TOWNS} | {"all": bytes([99]) * 32, "county": bytes([98]) * 32}
TEN = (
    *(Root(10 + code, COUNTY, code, f"town{code}") for code in TOWNS),
    Root(99, COUNTY, ALL, "all", TOWNS),
    Root(5, CITY, COUNTY, "county"),
)
"""A city, a county and its ten towns (scenarios.md S9)."""


def ring(own: int, *, suite: str = "intl", roots: tuple[Root, ...] = ROOTS) -> KeyRing:
    return KeyRing(own, SoftwareKeys(SECRETS | TEN_SECRETS, suite=suite), roots)


def granted(keys: KeyRing, *, first: int = 0, until: int = 2**31) -> Counters:
    """Counters of all lanes of a post that need no disk."""
    counters = Counters(lane for lane in keys.lanes() if lane.source == keys.own)
    for wanted in counters.wanted():
        counters.grant(Grant(wanted.lane, first, until))
    return counters


def sealer(own: int = CENTRE, *, suite: str = "intl", first: int = 0) -> Sealer:
    keys = ring(own, suite=suite)
    return Sealer(keys, granted(keys, first=first))


def opener(own: int = TOWN, *, suite: str = "intl") -> Opener:
    return Opener(ring(own, suite=suite))


def plain(
    payload: bytes = b"18", *, kind: FrameKind = FrameKind.DISPATCH, traffic: Traffic = Traffic.ACTUAL, ends_s: float = 600.0
) -> Plain:
    return Plain(kind, traffic, payload, NOW + ends_s)


def opened(result: Opened | Refusal) -> Opened:
    """The frame was taken."""
    assert isinstance(result, Opened), result
    return result


def cause(result: Opened | Refusal) -> str:
    """Why it was not."""
    assert isinstance(result, Refusal), result
    return result.cause
