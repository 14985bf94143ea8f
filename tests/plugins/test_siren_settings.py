"""Settings of sirens: each mistake has its sentence; what the plugin declares; what an address is."""

from __future__ import annotations

import math

import msgspec
import pytest

import fenghuo_siren
from fenghuo import Evidence, Traffic
from fenghuo_siren import SirenSettings
from fenghuo_siren.settings import Place, masked, siren

SOUND = {"sirens": ["1/1"], "coil": 0, "timer": 200}
MISTAKES = [
    ({"sirens": []}, 'sirens names none; list those that may be started, for example sirens = ["1/1", "2/1"]'),
    ({"sirens": ["北门"]}, "'北门' is no siren; write UNIT/RELAY, for example 12/3, with a unit of 1 to 247 and a relay of 1 to 64"),
    ({"sirens": ["248/1"]}, "'248/1' is no siren; write UNIT/RELAY, for example 12/3, with a unit of 1 to 247 and a relay of 1 to 64"),
    ({"sirens": ["1/65"]}, "'1/65' is no siren; write UNIT/RELAY, for example 12/3, with a unit of 1 to 247 and a relay of 1 to 64"),
    ({"driver": "serial"}, 'driver = "serial" needs a device, for example device = "/dev/ttyUSB0"'),
    ({"device": "/dev/ttyUSB0"}, 'device is for driver = "serial"; driver = "tcp" takes host and port'),
    ({"port": 0}, "port 0 is not a TCP port; it goes from 1 to 65535"),
    ({"coil": -1}, "coil -1 is not one of 0 to 65535"),
    ({"timer": 65536}, "timer 65536 is not one of 0 to 65535, or -1 for none"),
    ({"session": -2}, "session -2 is not one of 0 to 65535, or -1 for none"),
    (
        {"feedback": "input"},
        'feedback = "input" with feedback_at = -1 names half of a sensor; '
        'give both, for example feedback = "input" and feedback_at = 0, or neither',
    ),
    (
        {"feedback_at": 3},
        'feedback = "none" with feedback_at = 3 names half of a sensor; '
        'give both, for example feedback = "input" and feedback_at = 0, or neither',
    ),
    (
        {"stop_latches": True},
        "stop_latches = true speaks of a stop_input, and there is none; name the input, for example stop_input = 120",
    ),
    ({"sound_s": 0.0}, "sound_s 0.0 must be a number greater than 0, and not endless"),
    ({"sound_s": math.nan}, "sound_s nan must be a number greater than 0, and not endless"),
    ({"max_on_s": math.inf}, "max_on_s inf must be a number greater than 0, and not endless"),
    ({"max_on_s": math.nan}, "max_on_s nan must be a number greater than 0, and not endless"),
    ({"sound_s": 0.5}, "sound_s 0.5 is too short to be heard; a play lasts 1 s or longer"),
    ({"host": ""}, 'host is empty; name the gateway of the sirens, for example host = "10.32.4.20"'),
    ({"threshold": 0}, "threshold 0 is not one of 1 to 65535; silence is 0, so give the least value that means sound"),
    (
        {"sirens": ["1/1", "1/5"], "watchdog": 4},
        "watchdog 4 meets coil 0: that of 1/1 is that of 1/5, address 4; each needs addresses of its own, for example watchdog = 64",
    ),
    (
        {"session": 200},
        "session 200 meets timer 200: that of 1/1 is that of 1/1, address 200; each needs addresses of its own, for example session = 264",
    ),
    (
        {"sirens": ["1/1", "1/2"], "feedback": "coil", "feedback_at": 1},
        "feedback_at 1 meets coil 0: that of 1/1 is that of 1/2, address 1; each needs addresses of its own, for example feedback_at = 64",
    ),
    (
        {"feedback": "coil", "feedback_at": 0},
        "feedback_at 0 is the coil itself, where our own command is read back and no sound; name a sensor, for example "
        'feedback = "input" with its feedback_at, or leave both out',
    ),
    (
        {"stop_input": 65500, "feedback": "input", "feedback_at": 65500},
        "feedback_at 65500 meets stop_input 65500: that of 1/1 is that of 1/1, address 65500; "
        "each needs addresses of its own, for example feedback_at = 65436",
    ),
    (
        {"sirens": ["1/1", "1/2"], "coil": 65535},
        "coil 65535 leaves no address for relay 2, which would have 65536; it goes to 65534",
    ),
    ({"sound_s": 200.0}, "max_on_s 180 is less than sound_s 200; a play must fit into the longest on-time"),
    (
        {"sound_s": 1e9, "max_on_s": 1e9},
        "max_on_s 1e+09 is longer than an hour; no siren sounds for more than 3600 s without a pause",
    ),
    ({"timer": 1, "timer_unit_s": 0.001}, "max_on_s 180 has no room in a register of units of 0.001 s; it holds 65535"),
    (
        {"timer": -1},
        "timer and watchdog are both -1, so a siren would sound on for as long as this node is dead; name the device's own limit, "
        "for example timer = 200, or accept it with only_we_end = true",
    ),
    ({"armed": "2026-07-15T09:30:00"}, "armed 2026-07-15T09:30:00 has no time zone; write for example armed = 2026-07-15T09:30:00+08:00"),
]


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES, ids=[str(mistake) for mistake, _ in MISTAKES])
def test_each_mistake_has_its_sentence(mistake: dict[str, object], sentence: str) -> None:
    """The operator reads what is wrong, not a stack trace."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(SOUND | mistake, SirenSettings)
    assert sentence == str(caught.value)


def test_every_siren_is_listed_once_unit_by_unit() -> None:
    """As they are looked at."""
    settings = SirenSettings(sirens=("7/1", "1/2", "1", "1/2"), coil=0, timer=200)
    assert (Place(1, 1), Place(1, 2), Place(7, 1)) == settings.places


@pytest.mark.parametrize(
    "wiring",
    [
        {"feedback": "coil", "feedback_at": 64},
        {"sirens": ["1/1", "2/5"], "watchdog": 4},  # not of one unit
        {"feedback": "input", "feedback_at": 200, "stop_input": 0},  # of another kind than the timer
        {"sirens": ["1/1", "1/2"], "coil": 65534},
    ],
    ids=str,
)
def test_what_does_not_meet_is_taken(wiring: dict[str, object]) -> None:
    """Kinds of address are counted apart, and so are units."""
    assert SirenSettings is type(msgspec.convert(SOUND | wiring, SirenSettings))


@pytest.mark.parametrize(("written", "read"), [("7", "7/1"), (" 7/2 ", "7/2"), ("007/03", "7/3")])
def test_an_address_is_written_one_way(written: str, read: str) -> None:
    """And shown as it is."""
    assert read == siren(written)
    assert read == masked(read)


@pytest.mark.parametrize(
    ("more", "most", "hears"), [({}, Evidence.ACCEPTED, False), ({"feedback": "coil", "feedback_at": 64}, Evidence.AIRED, True)]
)
def test_only_a_sensor_makes_more_than_accepted(more: dict[str, object], most: Evidence, hears: bool) -> None:
    """And only then anything comes in."""
    declared = fenghuo_siren.capabilities(msgspec.convert(SOUND | more, SirenSettings))
    assert (most, hears) == (declared.evidence_max, declared.inbound)


def test_exercises_sound_only_where_the_settings_say_so() -> None:
    """Never a test or a message of the system."""
    assert (Traffic.ACTUAL,) == fenghuo_siren.capabilities(msgspec.convert(SOUND, SirenSettings)).traffic
    drills = msgspec.convert(SOUND | {"drills": True}, SirenSettings)
    assert (Traffic.ACTUAL, Traffic.EXERCISE) == fenghuo_siren.capabilities(drills).traffic
