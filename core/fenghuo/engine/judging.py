"""What intake says of a message beside its form: may this source say it, and is it fresh. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fenghuo.clock import ClockQuality, instant
from fenghuo.engine.authority import Grants, Post, Standing, not_granted, outside
from fenghuo.engine.floods import USUAL, Flood
from fenghuo.engine.jurisdiction import Jurisdiction, beyond
from fenghuo.engine.routing import is_unclear
from fenghuo.formats.freshness import freshness_of
from fenghuo.formats.verdicts import SourceDefaults
from fenghuo.model.area import AreaRef
from fenghuo.model.delivery import Verdict
from fenghuo.model.directory import Directory
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action, Kind, Traffic

__all__ = [
    "EVERY_AREA",
    "SHARED",
    "Origin",
    "authority",
    "authority_against",
    "clarity",
    "freshness",
    "hands_needed",
    "may_start",
    "needs_a_person",
    "starts_by_word",
    "urgent_limit",
]

EVERY_AREA: tuple[AreaRef, ...] = ()
NOBODYS: Grants = {}
SHARED = "shared"
"""The verdict on the authority of what came under the key of a group: it may be so, and any member may have said it."""


class Origin(msgspec.Struct, frozen=True):
    """Who brings a message: an authenticated name, and what it may speak for. `areas` empty: everywhere; `senders` (of CAP) empty:
    in anybody's name.

    `certificates` (PEM): whose XML signatures count for it; `allow_sha1`: whether RSA with SHA-1 does; `chinese`: whether it writes as a
    Chinese source does, None for as each document says. `is_timed`: its link looks by itself
    whether what comes is late; `is_bound`: what is of other traffic is refused, not held, since it came by a session of one class alone;
    `post`: what is known of a far end that speaks over a link; `flood`: whether it says more than it may; `own`: over what a person has
    authority, None for what is no person.
    """

    name: str
    traffic: tuple[Traffic, ...] = tuple(Traffic)
    areas: tuple[AreaRef, ...] = EVERY_AREA
    certificates: tuple[bytes, ...] = ()
    allow_sha1: bool = False
    senders: tuple[str, ...] = ()
    is_timed: bool = False
    is_bound: bool = False
    post: Post | None = None
    flood: Flood = Flood.NONE
    own: Jurisdiction | None = None
    chinese: bool | None = None

    def reading(self, geocode_systems: Mapping[str, str], received: float) -> SourceDefaults:
        """How its octets are read when they are received at `received` (UTC seconds)."""
        return SourceDefaults(
            geocode_systems=geocode_systems,
            chinese=self.chinese,
            received=instant(received),
            certificates=self.certificates,
            allow_sha1=self.allow_sha1,
        )


def authority(message: Message, origin: Origin, directory: Directory, grants: Grants = NOBODYS) -> Verdict:
    """May this source say this: as this sender, with this traffic, for this area, and of this event and gravity where grants name any.
    What names no sender is by the source itself."""
    if origin.flood is not Flood.NONE:
        limit = urgent_limit(origin, grants)
        return Verdict("authority", "flood", False, f"{origin.name} brought more than {limit} messages of P0 in a minute")
    if message.traffic not in origin.traffic:
        words = ", ".join(origin.traffic)
        return Verdict("authority", "traffic", False, f"{origin.name} may send {words}, and this is {message.traffic}")
    if origin.senders and message.content.sender not in (*origin.senders, origin.name):
        claimed = message.content.sender
        return Verdict("authority", "sender", False, f"{origin.name} may speak as {', '.join(origin.senders)}, and this is by {claimed}")
    if origin.areas and (where := outside(message, origin.areas, directory)):
        return Verdict("authority", "area", False, f"{origin.name} has no authority over {where}")
    if origin.own is not None and (found := beyond(message, origin.own, directory))[0]:
        return Verdict("authority", found[0], False, f"{origin.name} {found[1]}")
    code, sentence = not_granted(message, origin.name, post=origin.post, grants=grants, directory=directory)
    if code:
        return Verdict("authority", code, False, sentence)
    is_shared = origin.post is not None and origin.post.is_shared
    return Verdict("authority", SHARED if is_shared else "ok", True, _how(origin, grants))


def _how(origin: Origin, grants: Grants) -> str:
    """How sure it is who speaks, where that is less than usual; whether anybody said what this source may say."""
    if origin.post is not None and origin.post.is_shared:
        return f"it came under the key of a group, which any member of it could have used in the name of {origin.name}"
    if not origin.areas and origin.name not in grants:
        return f"{origin.name} may speak for every area"
    return ""


def urgent_limit(origin: Origin, grants: Grants) -> int:
    """How many P0 a source may bring in a minute before the others wait for a person: a token that was stolen brings them too."""
    return max((grant.urgent_per_min for grant in grants.get(origin.name, ())), default=0) or USUAL


def may_start(origin: Origin, grants: Grants) -> bool:
    """Whether a device may start because of what it says, without a person here. A far end's word starts one only as a command under its
    own key (security.md §4), and by default only that of a post above."""
    said = [grant.devices for grant in grants.get(origin.name, ()) if grant.devices is not None]
    if origin.post is None:
        return any(said) if said else True
    return origin.post.is_command and (any(said) if said else origin.post.standing is Standing.ABOVE)


def starts_by_word(origin: Origin, grants: Grants) -> bool:
    """Whether somebody has said that a device may start because of what this source says, whatever is usual."""
    return any(grant.devices for grant in grants.get(origin.name, ()))


def clarity(message: Message) -> tuple[Verdict, ...]:
    """Areas whose people would be left out in silence, since nobody said in which list their codes stand; none when all are clear."""
    unclear = [area for info in message.content.infos for area in info.areas if is_unclear(area)]
    if not unclear:
        return ()
    shown = "; ".join(f"{area.description or 'an area'} by {area.geocodes[0].system} {area.geocodes[0].value}" for area in unclear[:3])
    advice = "say in [intake] geocode_systems whether that is mca or nbs"
    return (Verdict("areas", "unclear", False, f"{len(unclear)} of its areas cannot be looked up ({shown}); {advice}"),)


def freshness(message: Message, now: float, quality: ClockQuality = ClockQuality.NTP, *, is_timed: bool = False) -> Verdict:
    """fresh, late, expired, or from the future, which a clock without a source cannot tell from the present. An alert or an order that is
    late is perhaps one of before under a new name: a person looks, but where its link has judged its age by itself (`is_timed`)."""
    is_free = quality is ClockQuality.FREERUN
    verdict = freshness_of(message.content.sent.timestamp(), message.expires_at, now, may_be_behind=is_free)
    is_told_once = message.kind in (Kind.ALERT, Kind.DISPATCH) and message.action in (Action.NEW, Action.UPDATE)
    if verdict.value != "late" or is_timed or is_free or not is_told_once:
        return verdict
    return msgspec.structs.replace(verdict, ok=False)


def authority_against(verdicts: tuple[Verdict, ...]) -> Verdict | None:
    """What says that its source may not say it; None: nothing does."""
    return next((verdict for verdict in verdicts if verdict.check == "authority" and not verdict.ok), None)


def needs_a_person(verdicts: tuple[Verdict, ...]) -> bool:
    """A lone life-safety alert is never lost over a verdict: trouble with signature, authority, areas or freshness means HELD (§1.1)."""
    return any(not verdict.ok and verdict.check in ("signature", "authority", "areas", "freshness") for verdict in verdicts)


def hands_needed(verdicts: tuple[Verdict, ...]) -> int:
    """How many people must sign whatever the rules say: one for trouble, and as many as signed what it replaces."""
    asked = (int(verdict.value) for verdict in verdicts if verdict.check == "release" and not verdict.ok)
    return max(asked, default=0) or int(needs_a_person(verdicts))
