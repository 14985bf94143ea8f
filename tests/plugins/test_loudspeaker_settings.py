"""Settings of loudspeakers: each mistake has its sentence; what the plugin declares; what an address is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo import Budget, Doubt, Evidence
from fenghuo_broadcast.loudspeaker_channel import loudspeaker_rendition
from fenghuo_broadcast.loudspeaker_settings import LoudspeakerSettings, capabilities, check, loudspeaker
from tests.core.engine.values import message
from tests.peers.rtp import tone_wave

SPEAKER = {"speakers": ["239.192.0.1:5004"]}
WRITE = "is no loudspeaker; write GROUP:PORT or HOST:PORT, for example 239.192.0.1:5004"
MISTAKES = [
    ({"speakers": []}, 'speakers names none; list those that may be spoken to, for example speakers = ["239.192.0.1:5004"]'),
    ({"speakers": ["村口"]}, f"'村口' {WRITE}"),
    ({"speakers": ["239.192.0.1:0"]}, f"'239.192.0.1:0' {WRITE}"),
    ({"speakers": ["239.192.0.1:70000"]}, f"'239.192.0.1:70000' {WRITE}"),
    ({"interface": "eth0"}, "interface 'eth0' is no IPv4 address such as 10.20.0.1"),
    ({"monitor_interface": "lan"}, "monitor_interface 'lan' is no IPv4 address such as 10.20.0.1"),
    (
        {"monitor_interface": "10.20.0.9", "speakers": ["239.192.0.1", "10.20.3.7"]},
        "monitor_interface hears groups alone, and speakers holds 10.20.3.7; give it a channel of its own",
    ),
    ({"armed": "2026-07-15T09:30:00"}, "armed 2026-07-15T09:30:00 has no time zone; write for example armed = 2026-07-15T09:30:00+08:00"),
]


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES, ids=[str(mistake) for mistake, _ in MISTAKES])
def test_each_mistake_has_its_sentence(mistake: dict[str, object], sentence: str) -> None:
    """The operator reads what is wrong, not a stack trace."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(SPEAKER | mistake, LoudspeakerSettings)
    assert sentence == str(caught.value)


@pytest.mark.parametrize(("written", "read"), [("239.192.0.1", "239.192.0.1:5004"), (" 10.1.2.3:600 ", "10.1.2.3:600")])
def test_an_address_is_written_one_way(written: str, read: str) -> None:
    """With its port."""
    assert read == loudspeaker(written)


@pytest.mark.parametrize(("more", "most"), [({}, Evidence.ACCEPTED), ({"monitor_interface": "10.20.0.9"}, Evidence.AIRED)])
def test_only_a_monitor_makes_more_than_accepted(more: dict[str, object], most: Evidence) -> None:
    """One voice at a time, and none that begins twice by itself."""
    declared = capabilities(msgspec.convert(SPEAKER | more, LoudspeakerSettings))
    assert (most, Doubt.ACTUATOR, True) == (declared.evidence_max, declared.doubt, declared.half_duplex)


def test_what_cannot_be_played_is_told_before_the_start(tmp_path: Path) -> None:
    """By the key that names it."""
    good = tone_wave(tmp_path / "gong.wav", 0.1)
    settings = {"gong": str(tmp_path / "gone.wav"), "clips": {"请注意。": str(good)}, "voice_command": ["no-such-voice"]}
    found = check(msgspec.convert(SPEAKER | settings, LoudspeakerSettings), str)
    assert {"gong", "voice_command"} == set(found)
    assert "names no-such-voice, which is not installed" == found["voice_command"]
    assert {} == check(msgspec.convert(SPEAKER | {"gong": str(good)}, LoudspeakerSettings), str)


def test_the_level_stands_beside_the_text() -> None:
    """By it the quiet hours judge; the text itself is that of every loudspeaker."""
    made = loudspeaker_rendition(message(), Budget())
    assert made.text.encode() == made.data
    assert made.media_type.startswith("text/plain; charset=utf-8; level=")


def test_a_channel_without_a_voice_is_told_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the three ways out."""
    monkeypatch.setenv("PATH", "/nowhere")
    sentence = "is empty and espeak-ng is not installed; install it, or name another voice, or recordings in clips"
    assert {"voice_command": sentence} == check(msgspec.convert(SPEAKER, LoudspeakerSettings), str)
