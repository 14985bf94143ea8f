"""Who shares which key with whom."""

from __future__ import annotations

import pytest

from fenghuo.errors import ConfigError, KeyUnusable
from fenghuo.link.frame import FrameKind
from fenghuo.link.keys import KeyRing, Root
from fenghuo.link.suite import SoftwareKeys
from tests.core.link.posts import CENTRE, GROUP, SECRETS, SIREN, TOWN, VILLAGE, ring


def test_both_ends_know_the_same_lanes() -> None:
    """What the centre sends in is what the town hears in, and the other way round."""
    centre, town = ring(CENTRE), ring(TOWN)
    sent = {lane.name for lane in centre.lanes() if (CENTRE, TOWN) == (lane.source, lane.destination)}
    heard = {lane.name for lane in town.lanes() if (CENTRE, TOWN) == (lane.source, lane.destination)}
    assert 5 == len(sent)
    assert sent == heard


def test_every_lane_has_a_key_of_its_own() -> None:
    """No two lanes, devices, directions or purposes seal alike."""
    nonce = bytes(13)
    lanes = {lane.name: lane.cipher.seal(nonce, b"", bytes(16), 16) for own in (CENTRE, TOWN, SIREN, VILLAGE) for lane in ring(own).lanes()}
    assert len(lanes) == len(set(lanes.values())) == 3 * 2 * 5 + 1


@pytest.mark.parametrize("kind", [FrameKind.COMMAND, FrameKind.CONTROL, FrameKind.RECEIPT, FrameKind.TELEMETRY])
def test_a_group_gets_text_only(kind: FrameKind) -> None:
    """Whoever holds a group's key could command all of its actuators."""
    with pytest.raises(KeyUnusable, match=f"there is no key to send {kind.name} frames"):
        ring(CENTRE).sending(GROUP, kind)
    assert ring(CENTRE).sending(GROUP, FrameKind.ALERT).is_group


def test_a_member_cannot_speak_for_its_group() -> None:
    """Only the head sends to a group."""
    with pytest.raises(KeyUnusable, match=f"{TOWN}>{GROUP}"):
        ring(TOWN).sending(GROUP, FrameKind.ALERT)


def test_a_newer_key_is_sent_with_and_the_older_still_heard() -> None:
    """At a change of keys nothing under way is lost."""
    roots = (Root(1, CENTRE, TOWN, "town", since=1.0), Root(2, CENTRE, TOWN, "siren", since=2.0))
    centre, town = (KeyRing(own, SoftwareKeys(SECRETS), roots) for own in (CENTRE, TOWN))
    assert 2 == centre.sending(TOWN, FrameKind.ALERT).key_id
    assert {1, 2} == {lane.key_id for lane in town.lanes() if lane.source == CENTRE}


def test_members_stand_in_the_order_of_their_slots() -> None:
    """And a group that is not ours has none."""
    assert (TOWN, SIREN, VILLAGE) == ring(TOWN).members(GROUP)
    assert (TOWN, SIREN, VILLAGE) == ring(CENTRE).peers()
    with pytest.raises(KeyUnusable, match="there is no such group"):
        ring(TOWN).members(201)


@pytest.mark.parametrize(
    ("roots", "sentence"),
    [
        ((Root(1, CENTRE, TOWN, "town"), Root(1, CENTRE, SIREN, "siren")), "key id 1 is used twice by node 1"),
        ((Root(1, CENTRE, TOWN, "town"), Root(2, CENTRE, SIREN, "town")), "town and town share one secret"),
    ],
)
def test_keys_that_cannot_be_told_apart_are_refused(roots: tuple[Root, ...], sentence: str) -> None:
    """On the air id and source are all there is; and one secret for two would let one actuator start another."""
    with pytest.raises(ConfigError, match=sentence):
        ring(CENTRE, roots=roots)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: Root(256, CENTRE, TOWN, "town"), "key id 256 is not one of 0 to 255"),
        (lambda: Root(1, 0, TOWN, "town"), "not one of 1 to 255"),
        (lambda: Root(1, CENTRE, CENTRE, "town"), "must have different codes"),
        (lambda: Root(1, CENTRE, GROUP, "town", (2, 2)), "up to 64 members, each named once"),
    ],
)
def test_a_root_is_checked_when_made(made: object, sentence: str) -> None:
    """A mistake is told at start-up, as a sentence."""
    with pytest.raises(ConfigError, match=sentence):
        made()  # type: ignore[operator]  # a table of calls
