"""What intake says of a message beside its form: may this source say it, and is it fresh. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fenghuo.clock import ClockQuality, instant
from fenghuo.engine.routing import areas_of, is_unclear
from fenghuo.formats.freshness import freshness_of
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.traffic import Traffic

__all__ = ["EVERY_AREA", "Origin", "authority", "clarity", "freshness", "needs_a_person"]

EVERY_AREA: tuple[AreaRef, ...] = ()


class Origin(msgspec.Struct, frozen=True):
    """Who brings a message: an authenticated name, and what it may speak for. `areas` empty: everywhere; `senders` (of CAP) empty:
    in anybody's name.

    `certificates` (PEM): whose XML signatures count for it; `allow_sha1`: whether RSA with SHA-1 does. `is_timed`: its link looks by itself
    whether what comes is late.
    """

    name: str
    traffic: tuple[Traffic, ...] = tuple(Traffic)
    areas: tuple[AreaRef, ...] = EVERY_AREA
    certificates: tuple[bytes, ...] = ()
    allow_sha1: bool = False
    senders: tuple[str, ...] = ()
    is_timed: bool = False

    def reading(self, geocode_systems: Mapping[str, str], received: float) -> SourceDefaults:
        """How its octets are read when they are received at `received` (UTC seconds)."""
        return SourceDefaults(
            geocode_systems=geocode_systems, received=instant(received), certificates=self.certificates, allow_sha1=self.allow_sha1
        )


def authority(message: Message, origin: Origin, directory: Directory) -> Verdict:
    """May this source speak as this sender, with this traffic, for this area. What names no sender is by the source itself."""
    if message.traffic not in origin.traffic:
        words = ", ".join(origin.traffic)
        return Verdict("authority", "traffic", False, f"{origin.name} may send {words}, and this is {message.traffic}")
    if origin.senders and message.content.sender not in (*origin.senders, origin.name):
        claimed = message.content.sender
        return Verdict("authority", "sender", False, f"{origin.name} may speak as {', '.join(origin.senders)}, and this is by {claimed}")
    if not origin.areas:
        return Verdict("authority", "ok", True, f"{origin.name} may speak for every area")
    outside = [str(ref) for ref in sorted(areas_of(message, directory)) if not any(own.covers(ref) for own in origin.areas)]
    if outside:
        return Verdict("authority", "area", False, f"{origin.name} has no authority over {', '.join(outside[:5])}")
    return Verdict("authority", "ok", True)


def clarity(message: Message) -> tuple[Verdict, ...]:
    """Areas whose people would be left out in silence, since nobody said in which list their codes stand; none when all are clear."""
    unclear = [area for info in message.content.infos for area in info.areas if is_unclear(area)]
    if not unclear:
        return ()
    shown = "; ".join(f"{area.description or 'an area'} by {area.geocodes[0].system} {area.geocodes[0].value}" for area in unclear[:3])
    advice = "say in [intake] geocode_systems whether that is mca or nbs"
    return (Verdict("areas", "unclear", False, f"{len(unclear)} of its areas cannot be looked up ({shown}); {advice}"),)


def freshness(message: Message, now: float, quality: ClockQuality = ClockQuality.NTP) -> Verdict:
    """fresh, late, expired, or from the future, which a clock without a source cannot tell from the present."""
    is_free = quality is ClockQuality.FREERUN
    return freshness_of(message.content.sent.timestamp(), message.expires_at, now, may_be_behind=is_free)


def needs_a_person(verdicts: tuple[Verdict, ...]) -> bool:
    """A lone life-safety alert is never lost over a verdict: trouble with signature, authority, areas or freshness means HELD (§1.1)."""
    return any(not verdict.ok and verdict.check in ("signature", "authority", "areas", "freshness") for verdict in verdicts)
