"""G.711 A-law against FFmpeg's, value by value; and sound at another rate."""

from __future__ import annotations

import asyncio
import io
import math
import subprocess
import wave
from array import array

import pytest

from fenghuo.errors import FormatError
from fenghuo_adapters.g711_framing import SILENCE, alaw, alaw_of_wave, linear, resampled
from tests.scale import PATIENCE_S


def converted(octets: bytes, before: str, after: str) -> bytes:
    """What FFmpeg makes of raw sound."""
    words = ["ffmpeg", "-v", "error", "-f", before, "-ar", "8000", "-ac", "1", "-i", "pipe:0", "-f", after, "pipe:1"]
    done = subprocess.run(words, input=octets, capture_output=True, timeout=PATIENCE_S, check=True)
    return done.stdout


def tone(hertz: float, rate: int, seconds: float = 0.5) -> array[int]:
    return array("h", [int(20000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(int(rate * seconds))])


def recording(samples: array[int], *, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return made.getvalue()


@pytest.mark.peer
@pytest.mark.may_block("ffmpeg")
def test_every_octet_is_decoded_as_ffmpeg_does() -> None:
    """All 256, and back to themselves."""
    octets = bytes(range(256))
    assert converted(octets, "alaw", "s16le") == linear(octets).tobytes()
    assert octets == alaw(linear(octets))


@pytest.mark.peer
@pytest.mark.may_block("ffmpeg")
def test_every_sample_is_as_near_as_ffmpeg_makes_it() -> None:
    """All 65,536. FFmpeg chooses the nearest value by a table, which at the border of two steps may be the other one."""
    samples = array("h", range(-0x8000, 0x8000))
    ours, theirs = linear(alaw(samples)), linear(converted(samples.tobytes(), "s16le", "alaw"))
    for sample, own, other in zip(samples, ours, theirs, strict=True):
        assert abs(sample - own) <= max(abs(sample - other) + 16, 1 + abs(sample) // 16)


def test_silence_is_d5() -> None:
    """The even bits are inverted on the line."""
    assert bytes((SILENCE,)) == alaw([0])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_a_tone_keeps_its_length_and_its_loudness(rate: int) -> None:
    """At any usual rate."""
    made = resampled(tone(1000, rate), rate)
    assert abs(len(made) - 4000) <= 1
    assert 20000 == pytest.approx(max(made[1000:3000]), rel=0.03)


def test_what_a_telephone_cannot_carry_is_left_out() -> None:
    """A tone above 4 kHz would come back as another one."""
    assert 20000 / 100 > max(map(abs, resampled(tone(6000, 22050), 22050)[500:3500]))


def test_two_channels_are_mixed() -> None:
    """One of them silent: half as loud."""
    left = tone(500, 8000)
    both = array("h", [value for sample in left for value in (sample, 0)])
    mixed = linear(alaw_of_wave(recording(both, channels=2)))
    assert len(left) == len(mixed)
    assert 10000 == pytest.approx(max(mixed), rel=0.05)


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", "no WAV recording"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no WAV recording"),
        (recording(tone(500, 8000), width=1), "this one has 8 bits, 8000 Hz, 1 channels"),
        (recording(tone(500, 8000), rate=4000), "this one has 16 bits, 4000 Hz, 1 channels"),
        (recording(tone(500, 8000), channels=4), "this one has 16 bits, 8000 Hz, 4 channels"),
    ],
)
def test_what_cannot_be_played_is_told(octets: bytes, sentence: str) -> None:
    """With what it is, and what it should be."""
    with pytest.raises(FormatError, match=sentence):
        alaw_of_wave(octets)


async def test_a_cut_off_recording_is_played_as_far_as_it_goes() -> None:
    """A voice that writes to a pipe cannot say in its head how long it will be."""
    whole = recording(tone(500, 8000))
    heard = await asyncio.to_thread(alaw_of_wave, whole[: len(whole) // 2])
    assert len(whole) // 4 == pytest.approx(len(heard), abs=30)
