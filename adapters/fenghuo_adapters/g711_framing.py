"""G.711 A-law and what must be done to recorded sound before it: one channel, 8 kHz, 16 bits. Pure, and slow enough for a thread.

Source: ITU-T G.711 §3.2 and table 1a; RFC 3551 §4.5.14 (even bits inverted on the line, so that silence is D5).
"""

from __future__ import annotations

import io
import math
import operator
import wave
from array import array
from collections.abc import Sequence
from functools import cache

from fenghuo.errors import FormatError

__all__ = ["RATE", "SILENCE", "alaw", "alaw_of_wave", "linear", "resampled"]

RATE = 8000
SILENCE = 0xD5
_INVERT = 0x55
_TAPS = 20
"""Samples on either side that make one: the images of 22.05 kHz speech lie 40 dB down."""
_LONGEST_S = 1800
_WIDTH = 2


def alaw(samples: Sequence[int]) -> bytes:
    """Linear samples of 16 bits as A-law octets."""
    table = _encoding()
    return bytes([table[sample >> 4] for sample in samples])


def linear(octets: bytes) -> array[int]:
    """A-law octets as linear samples of 16 bits."""
    return array("h", [_decoded(octet) for octet in octets])


@cache
def _encoding() -> tuple[int, ...]:
    """By the upper 12 bits of a sample; negative ones lie at the end, where Python looks for them."""
    positive = [_encoded(step << 4) for step in range(2048)]
    negative = [_encoded((step << 4) - 0x8000) for step in range(2048)]
    return (*positive, *negative)


def _encoded(sample: int) -> int:
    """One sample. The sign bit is set for what is not negative; segments double in width."""
    is_negative = sample < 0
    size = (~sample if is_negative else sample) >> 4
    segment = max(0, size.bit_length() - 4)
    step = size >> max(0, segment - 1) & 0x0F
    return ((0 if is_negative else 0x80) | segment << 4 | step) ^ _INVERT


def _decoded(octet: int) -> int:
    value = octet ^ _INVERT
    segment, step = value >> 4 & 7, value & 0x0F
    size = (step << 4) + 8 if not segment else ((step << 4) + 0x108) << segment - 1
    return size if value & 0x80 else -size


def alaw_of_wave(octets: bytes) -> bytes:
    """A recording (WAV, PCM of 16 bits, any rate from 8 kHz, channels mixed) as A-law octets.

    Raises: FormatError: it is none, or longer than half an hour.
    """
    try:
        with wave.open(io.BytesIO(octets)) as recording:
            rate, channels, width = recording.getframerate(), recording.getnchannels(), recording.getsampwidth()
            frames = recording.readframes(min(recording.getnframes(), _LONGEST_S * rate + 1))
    except (wave.Error, EOFError) as fault:
        raise FormatError(f"no WAV recording: {fault or 'it ends too early'}", code="audio-format") from fault
    if width != _WIDTH or not RATE <= rate <= 96_000 or channels not in (1, 2):
        said = f"{8 * width} bits, {rate} Hz, {channels} channels"
        raise FormatError(f"a recording has 16 bits, 8 to 96 kHz and 1 or 2 channels; this one has {said}", code="audio-format")
    samples = array("h", frames[: len(frames) // (_WIDTH * channels) * _WIDTH * channels])
    if len(samples) > _LONGEST_S * rate * channels:
        raise FormatError(f"a recording is at most {_LONGEST_S // 60} minutes long", code="audio-length")
    mono = samples if channels == 1 else array("h", [(left + right) // 2 for left, right in zip(samples[::2], samples[1::2], strict=True)])
    return alaw(resampled(mono, rate))


def resampled(samples: array[int], rate: int) -> array[int]:
    """The same sound at 8 kHz, without what a telephone cannot carry. Its length is kept to half a sample."""
    if rate == RATE or not samples:
        return samples
    common = math.gcd(rate, RATE)
    down, up = rate // common, RATE // common
    phases = [_filter(phase / up, RATE / rate) for phase in range(up)]
    padded = array("h", [0]) * _TAPS + samples + array("h", [0]) * (_TAPS + 1)
    count = (len(samples) * up + down // 2) // down
    made = array("h", bytes(_WIDTH * count))
    for number in range(count):
        whole, phase = divmod(number * down, up)
        heard = sum(map(operator.mul, phases[phase], padded[whole + 1 : whole + 1 + 2 * _TAPS]))
        made[number] = max(-0x8000, min(0x7FFF, round(heard)))
    return made


def _filter(offset: float, cutoff: float) -> tuple[float, ...]:
    """A windowed low-pass, for a sample that lies `offset` behind a given one."""
    taps = []
    for place in range(1 - _TAPS, _TAPS + 1):
        at = place - offset
        window = 0.5 + 0.5 * math.cos(math.pi * at / (_TAPS + 1))
        taps.append(window * cutoff * (math.sin(math.pi * cutoff * at) / (math.pi * cutoff * at) if at else 1.0))
    total = sum(taps)
    return tuple(tap / total for tap in taps)
