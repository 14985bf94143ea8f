"""Sealing and opening: EN 50159 cell by cell (security.md §1), and what a receiver does when in doubt."""

from __future__ import annotations

import pytest

from fenghuo.errors import KeyUnusable
from fenghuo.link.counters import Counters
from fenghuo.link.frame import HEAD, FrameKind, purpose_of
from fenghuo.link.seal import Kept, Opener, Plain, Sealer, sealed_octets
from fenghuo.link.window import FAR, SIZE, Window
from fenghuo.model.traffic import Traffic
from tests.core.link.posts import CENTRE, GROUP, NOW, SIREN, TOWN, VILLAGE, cause, opened, opener, plain, ring, sealer

KINDS = list(FrameKind)


@pytest.mark.parametrize("suite", ["intl", "gm"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_is_opened_as_it_was_sealed(suite: str, kind: FrameKind) -> None:
    """Payload, kind and traffic come back, both ways; 11 octets of cost with a short tag, 15 with a long one, and the expiry."""
    frame = sealer(suite=suite).seal(TOWN, plain(b"payload", kind=kind, traffic=Traffic.EXERCISE), NOW)
    got = opened(opener(suite=suite).open(frame, NOW))
    assert (b"payload", kind, Traffic.EXERCISE, CENTRE) == (got.payload, got.head.kind, got.head.traffic, got.head.source)
    assert sealed_octets(kind, 7) == len(frame) == 7 + 3 + (11 if kind >= FrameKind.RECEIPT else 15)
    back = sealer(TOWN, suite=suite).seal(CENTRE, plain(b"up", kind=kind), NOW)
    assert b"up" == opened(opener(CENTRE, suite=suite).open(back, NOW)).payload


def test_a_wide_tag_where_it_fits() -> None:
    """Sixteen octets for a short command."""
    frame = sealer().seal(TOWN, Plain(FrameKind.COMMAND, Traffic.ACTUAL, b"on", NOW + 60, wide=True), NOW)
    assert sealed_octets(FrameKind.COMMAND, 2, wide=True) == len(frame) == 7 + 3 + 2 + 16
    assert b"on" == opened(opener().open(frame, NOW)).payload


def test_a_group_is_heard_by_all_its_members_and_by_nobody_else() -> None:
    """One frame, three listeners."""
    frame = sealer().seal(GROUP, plain("台风".encode()), NOW)
    assert [GROUP] * 3 == [opened(opener(own).open(frame, NOW)).lane.destination for own in (TOWN, SIREN, VILLAGE)]
    assert "foreign" == cause(opener(77).open(frame, NOW))


# Repetition


@pytest.mark.parametrize("kind", KINDS)
def test_repetition_is_found_by_the_counter(kind: FrameKind) -> None:
    """The same frame is taken once, whatever lies between."""
    sending, hearing = sealer(), opener()
    frame = sending.seal(TOWN, plain(kind=kind), NOW)
    opened(hearing.open(frame, NOW))
    assert "repeated" == cause(hearing.open(frame, NOW))
    opened(hearing.open(sending.seal(TOWN, plain(kind=kind), NOW), NOW))
    assert cause(hearing.open(frame, NOW)) in ("repeated", "old")


def test_repetition_is_found_by_the_window_after_a_restart() -> None:
    """What the disk kept of the window is enough: no old frame is new to a receiver that was restarted."""
    sending, before = sealer(), opener()
    frames = [sending.seal(TOWN, plain(), NOW) for _ in range(100)]
    lane = opened(before.open(frames[0], NOW)).lane
    for frame in frames[1:-1]:
        opened(before.open(frame, NOW))
    after = Opener(ring(TOWN), [before.kept(lane)])
    assert {"repeated", "old"} == {cause(after.open(frame, NOW)) for frame in frames[:-1]}
    opened(after.open(frames[-1], NOW))


# Deletion


def test_deletion_is_shown_as_a_gap() -> None:
    """Two frames that did not arrive are told with the next one; that a receipt names them is tested with the transfers."""
    sending, hearing = sealer(), opener()
    frames = [sending.seal(TOWN, plain(), NOW) for _ in range(4)]
    assert [0, 2] == [opened(hearing.open(frame, NOW)).skipped for frame in (frames[0], frames[3])]


# Insertion


@pytest.mark.parametrize("octet", range(HEAD))
@pytest.mark.parametrize("bit", range(8))
def test_insertion_under_another_head_is_refused(octet: int, bit: int) -> None:
    """Version, traffic, kind, key id, source and counter cannot be changed in a recorded frame."""
    frame = bytearray(sealer(first=1000).seal(TOWN, plain(b"at 18:00, dyke 4"), NOW))
    frame[octet] ^= 1 << bit
    assert cause(opener().open(bytes(frame), NOW)) in ("bad-tag", "foreign", "malformed")


def test_insertion_without_the_key_is_refused() -> None:
    """A frame whose every head is right and whose tag is a guess."""
    head = sealer().seal(TOWN, plain(), NOW)[:HEAD]
    assert "bad-tag" == cause(opener().open(head + bytes(20), NOW))


# Re-sequence


def test_commands_that_changed_places_are_refused() -> None:
    """A START that was held back does not come after its STOP."""
    sending, hearing = sealer(), opener()
    start, stop = (sending.seal(TOWN, plain(text, kind=FrameKind.COMMAND), NOW) for text in (b"start", b"stop"))
    opened(hearing.open(stop, NOW))
    assert "old" == cause(hearing.open(start, NOW))


def test_pieces_that_changed_places_are_taken_within_the_window_and_told_by_their_counter() -> None:
    """A message's piece says where it belongs; behind the window nothing is taken."""
    sending, hearing = sealer(), opener()
    frames = [sending.seal(TOWN, plain(), NOW) for _ in range(SIZE + 1)]
    assert [64, 1] == [opened(hearing.open(frames[n], NOW)).head.counter for n in (64, 1)]
    assert "old" == cause(hearing.open(frames[0], NOW))


# Corruption


@pytest.mark.parametrize("suite", ["intl", "gm"])
@pytest.mark.parametrize("kind", [FrameKind.DISPATCH, FrameKind.RECEIPT])
def test_corruption_of_any_bit_is_found_by_the_tag(suite: str, kind: FrameKind) -> None:
    """Every single bit, and every length but the right one."""
    frame = sealer(suite=suite).seal(TOWN, plain(kind=kind), NOW)
    broken = [bytearray(frame) for _ in range(8 * len(frame))]
    for n, octets in enumerate(broken):
        octets[n // 8] ^= 1 << n % 8
    cut = [frame[:length] for length in range(len(frame))]
    results = [opener(suite=suite).open(bytes(octets), NOW) for octets in (*broken, *cut, frame + b"\0")]
    assert {"bad-tag", "foreign", "malformed"} >= set(map(cause, results))


# Delay


@pytest.mark.parametrize("kind", KINDS)
def test_delay_beyond_the_expiry_is_refused(kind: FrameKind) -> None:
    """Recorded, jammed, played later: fresh by its counter and too late by its own word."""
    frame = sealer().seal(TOWN, plain(kind=kind, ends_s=600), NOW)
    assert "expired" == cause(opener().open(frame, NOW + 660))
    opened(opener().open(frame, NOW + 600))


def test_a_late_frame_cannot_be_tried_again_when_the_clock_goes_back() -> None:
    """Its counter is used up by the first look."""
    frame, hearing = sealer().seal(TOWN, plain(), NOW), opener()
    assert ["expired", "repeated"] == [cause(hearing.open(frame, at)) for at in (NOW + 3600, NOW)]


def test_without_a_clock_text_is_read_and_a_command_is_not_obeyed() -> None:
    """A receiver that does not know the time asks its sender to prove to be live before it actuates."""
    sending, hearing = sealer(), opener()
    hearing.is_clock_trusted = False
    opened(hearing.open(sending.seal(TOWN, plain(), NOW), NOW + 10 * 86_400))
    assert "untimed" == cause(hearing.open(sending.seal(TOWN, plain(kind=FrameKind.COMMAND), NOW), NOW))


# Masquerade


def test_masquerade_of_another_device_is_refused_by_the_tag() -> None:
    """The town's frame under the village's name and key id."""
    frame = bytearray(sealer(TOWN).seal(CENTRE, plain(kind=FrameKind.REPORT), NOW))
    frame[1:3] = bytes((3, VILLAGE))
    assert "bad-tag" == cause(opener(CENTRE).open(bytes(frame), NOW))


@pytest.mark.parametrize("kind", KINDS)
def test_masquerade_of_the_centre_towards_another_actuator_is_refused(kind: FrameKind) -> None:
    """One key for each device: what starts the town's siren does not start the other one, under any head."""
    frame = bytearray(sealer().seal(TOWN, plain(kind=kind), NOW))
    assert "foreign" == cause(opener(SIREN).open(bytes(frame), NOW))
    frame[1] = 2
    assert "bad-tag" == cause(opener(SIREN).open(bytes(frame), NOW))


def test_masquerade_by_reflection_is_refused() -> None:
    """A frame sent back to its sender, as it is or under the other direction's source."""
    frame = bytearray(sealer().seal(TOWN, plain(kind=FrameKind.COMMAND), NOW))
    assert "foreign" == cause(opener(CENTRE).open(bytes(frame), NOW))
    frame[2] = TOWN
    assert "bad-tag" == cause(opener(CENTRE).open(bytes(frame), NOW))


def test_masquerade_of_a_command_by_a_group_key_is_refused() -> None:
    """A holder of the group's key makes no command out of the group's text."""
    frame = bytearray(sealer().seal(GROUP, plain(), NOW))
    frame[0] = frame[0] & 0xF8 | FrameKind.COMMAND
    assert "foreign" == cause(opener(SIREN).open(bytes(frame), NOW))
    frame[1] = 2
    assert "bad-tag" == cause(opener(SIREN).open(bytes(frame), NOW))


@pytest.mark.parametrize("taken", KINDS)
@pytest.mark.parametrize("given", KINDS)
def test_no_kind_passes_for_another(taken: FrameKind, given: FrameKind) -> None:
    """A receipt does not become a command, nor an alert a dispatch order."""
    frame = bytearray(sealer().seal(TOWN, plain(b"0123456789", kind=given), NOW))
    frame[0] = frame[0] & 0xF8 | taken
    result = opener().open(bytes(frame), NOW)
    assert (given is taken) == (not hasattr(result, "cause"))


# Doubt


@pytest.mark.parametrize("kind", KINDS)
def test_a_far_jump_is_not_taken_and_moves_nothing(kind: FrameKind) -> None:
    """Genuine, but more than 2^20 ahead: its sender has to prove to be live first."""
    hearing = opener()
    lane = opened(hearing.open(sealer().seal(TOWN, plain(kind=kind), NOW), NOW)).lane
    assert "far" == cause(hearing.open(sealer(first=FAR + 1).seal(TOWN, plain(kind=kind), NOW), NOW))
    assert Window(0, 1) == hearing.window(lane)
    hearing.move(lane, FAR + 1)
    opened(hearing.open(sealer(first=FAR + 1).seal(TOWN, plain(kind=kind), NOW), NOW))
    assert cause(hearing.open(sealer(first=5).seal(TOWN, plain(kind=kind), NOW), NOW)) in ("repeated", "old")


def test_a_forged_far_jump_asks_nobody_for_anything() -> None:
    """The tag is looked at first, so that a stranger cannot make the post send."""
    frame = bytearray(sealer(first=FAR + 7).seal(TOWN, plain(), NOW))
    frame[-1] ^= 1
    assert "bad-tag" == cause(opener().open(bytes(frame), NOW))


def test_a_stale_window_opens_nothing() -> None:
    """After a restore nobody knows what was heard since the backup."""
    lane = ring(CENTRE).sending(TOWN, FrameKind.DISPATCH)
    hearing = Opener(ring(TOWN), [Kept(lane.name, Window(), stale=True)])
    assert "stale" == cause(hearing.open(sealer().seal(TOWN, plain(), NOW), NOW))


def test_the_eleventh_bad_tag_raises_the_alarm_and_then_one_is_tried_each_second() -> None:
    """A flood of guesses neither gets many tries nor shuts the true sender out for longer than a second."""
    sending, hearing = sealer(), opener()
    frame = sending.seal(TOWN, plain(kind=FrameKind.RECEIPT), NOW)
    forged = frame[:-1] + bytes((frame[-1] ^ 1,))
    results = [hearing.open(forged, NOW) for _ in range(13)]
    assert ["bad-tag"] * 12 + ["held-off"] == [cause(result) for result in results]
    assert [10] == [n for n, result in enumerate(results) if getattr(result, "hostile", False)]
    assert "held-off" == cause(hearing.open(frame, NOW + 0.5))
    opened(hearing.open(frame, NOW + 1.1))


def test_a_key_without_counters_seals_nothing() -> None:
    """No frame leaves before the disk has its counter."""
    keys = ring(CENTRE)
    with pytest.raises(KeyUnusable, match="no counters are reserved"):
        Sealer(keys, Counters(keys.lanes())).seal(TOWN, plain(), NOW)


def test_windows_of_keys_that_are_gone_are_left_alone() -> None:
    """The disk may know lanes that the settings no longer have."""
    hearing = Opener(ring(TOWN), [Kept("8-00000000/1>2/message", Window(9, 1))])
    opened(hearing.open(sealer().seal(TOWN, plain(), NOW), NOW))


def test_purposes_have_counters_of_their_own() -> None:
    """A flood of telemetry does not push a command out of its window."""
    sending, hearing = sealer(TOWN), opener(CENTRE)
    first = sending.seal(CENTRE, plain(kind=FrameKind.REPORT), NOW)
    for _ in range(100):
        opened(hearing.open(sending.seal(CENTRE, plain(kind=FrameKind.TELEMETRY), NOW), NOW))
    assert purpose_of(FrameKind.REPORT) is opened(hearing.open(first, NOW)).lane.purpose
