"""Settings of the radio channel: each mistake has its sentence; what the plugin declares; what a frame costs."""

from __future__ import annotations

import msgspec
import pytest

import fenghuo_narrowband
from fenghuo import (
    Evidence,
    Rendition,
)
from fenghuo_adapters.ax25_framing import Address, UiFrame
from fenghuo_narrowband.airtime import BUDGET_OCTETS, attempt_s, frame_s
from fenghuo_narrowband.channel import RadioChannel
from tests.plugins.narrowband_fakes import FakeContext, settings_for

MISTAKES = [
    ({"mycall": "BJ1CMD-16"}, "callsign 'BJ1CMD-16' has the SSID 16; it goes from 0 to 15"),
    ({"group": "所有台"}, "callsign '所有台' is not 1 to 6 letters and digits, with -0 to -15 behind if need be"),
    ({"driver": "serial"}, 'driver = "serial" needs a device, for example device = "/dev/ttyUSB0"'),
    ({"device": "/dev/ttyUSB0"}, 'device is for driver = "serial"; driver = "tcp" takes host and port'),
    ({"port": 0}, "port 0 is not a TCP port; it goes from 1 to 65535"),
    ({"path": ["D1"] * 9}, "path names 9 digipeaters; AX.25 allows 8"),
    ({"beacon_s": -1.0}, "beacon_s -1.0 is not 0 for none, or seconds between two beacons"),
    ({"relays": ["M1"]}, 'relays stand in for the base station in path, which is empty; name it, for example path = ["BJ1BS4"]'),
    (
        {"path": ["B1"], "relays": ["M1"], "repeat_s": 0.0},
        "relays need repeat_s above 0: by what is heard of it the base station is known to be gone",
    ),
    ({"path": ["B1"], "relays": ["b1"]}, "relays: B1 stands twice among mycall, path and relays; each is a station of its own"),
    ({"repeat_tries": 0}, "repeat_tries 0 is not one of 1 to 10"),
    ({"quiet_s": -1.0}, "quiet_s -1.0 is not 0 or more seconds"),
    ({"kiss_port": 16}, "kiss_port 16 is not one of 0 to 15"),
    ({"persistence": 256}, "persistence 256 is not one of 0 to 255"),
    ({"txdelay_ms": 2560}, "txdelay_ms 2560 is not one of 0 to 2550 milliseconds"),
    ({"bitrate": 0.0}, "bitrate 0.0 must be greater than 0"),
]


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES, ids=[str(mistake) for mistake, _ in MISTAKES])
def test_each_mistake_has_its_sentence(mistake: dict[str, object], sentence: str) -> None:
    """The operator reads what is wrong, not a stack trace."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"mycall": "BJ1CMD"} | mistake, fenghuo_narrowband.RadioSettings)
    assert sentence == str(caught.value)


def test_an_unknown_key_is_refused() -> None:
    """A misspelt setting is not silently ignored."""
    with pytest.raises(msgspec.ValidationError, match="unknown field `bitrat`"):
        msgspec.convert({"mycall": "BJ1CMD", "bitrat": 300}, fenghuo_narrowband.RadioSettings)


def test_the_plugin_brings_readable_text() -> None:
    """radio.kiss takes callsigns and the form "radio"."""
    kind, *_ = fenghuo_narrowband.fenghuo_channel_types()
    renderer, *_ = fenghuo_narrowband.fenghuo_renderers()
    assert ("radio.kiss", ("callsign",)) == (kind.id, kind.address_kinds)
    assert renderer.form == kind.capabilities(settings_for()).form


@pytest.mark.parametrize("pace", [True, False])
def test_the_most_it_can_know_is_that_a_device_has_it(pace: bool) -> None:
    """A DEV frame says so, whatever was claimed when the order left."""
    assert Evidence.DEVICE == fenghuo_narrowband.capabilities(settings_for(pace=pace)).evidence_max


def test_the_link_can_know_that_it_is_done() -> None:
    """What a person at a post keys in comes back sealed."""
    kinds = {kind.id: kind for kind in fenghuo_narrowband.fenghuo_channel_types()}
    settings = fenghuo_narrowband.LinkSettings(mycall="BJ1CMD", code=1)
    assert Evidence.DONE == kinds["radio.link"].capabilities(settings).evidence_max


def test_callsigns_are_normalised_by_the_address_kind() -> None:
    """Two spellings of a station are one address."""
    kind, *_ = fenghuo_narrowband.fenghuo_address_kinds()
    assert "BJ1VAN-7" == kind.normalise(" bj1van-7 ")
    assert "BJ1VAN" == kind.mask("BJ1VAN")


def test_a_frame_costs_keying_and_its_bits() -> None:
    """At 1200 bit/s a frame of 216 octets takes about 1.5 s, and 0.4 s to key up and down."""
    frame = UiFrame(Address("BJ1VAN"), Address("BJ1CMD"), b"\x55" * 200).encode()
    assert 1.8 < frame_s(frame, settings_for(bitrate=1200.0, txdelay_ms=300, txtail_ms=100)) < 1.95


def test_a_serial_line_is_part_of_the_cost() -> None:
    """Ten bits an octet at the line's baud rate."""
    frame = UiFrame(Address("BJ1VAN"), Address("BJ1CMD"), b"x").encode()
    serial = settings_for(driver="serial", device="/dev/x", baud=1200)
    assert len(frame) * 10 / 1200 == pytest.approx(frame_s(frame, serial) - frame_s(frame, settings_for()))


def test_the_largest_emission_fits_the_attempt() -> None:
    """An attempt is not called off while it is still on the air."""
    settings = settings_for(bitrate=1200.0, txdelay_ms=300, txtail_ms=100)
    text = "撤" * (BUDGET_OCTETS // 3)
    estimate = RadioChannel(FakeContext(settings)).estimate(Rendition("text", text, text.encode()), "BJ1VAN")
    assert estimate.airtime_s < attempt_s(settings) / 2


@pytest.mark.parametrize(("beacon_s", "expected_s"), [(0.0, 0.0), (15.0, 60.0), (300.0, 300.0)])
def test_a_beacon_is_a_pace_no_faster_than_stations_are_reported(beacon_s: float, expected_s: float) -> None:
    """Without one silence says nothing; a station is told of once a minute, so that its pace can be no faster."""
    assert expected_s == fenghuo_narrowband.capabilities(settings_for(beacon_s=beacon_s)).cadence_s


def test_a_question_to_a_base_station_has_its_price_and_without_one_none_is_asked() -> None:
    """Joules of our own transmitter; seconds of the medium with the repetition."""
    asks = fenghuo_narrowband.capabilities(settings_for(bitrate=1200.0, txdelay_ms=300, txtail_ms=100, path=("BJ1BS4",))).probing
    assert asks.joules == pytest.approx(25.0 * asks.airtime_s / 2)
    assert 1.0 < asks.airtime_s < 2.0
    assert 0.0 == fenghuo_narrowband.capabilities(settings_for()).probing.airtime_s
