"""Recorded sentences: whoever was recorded is understood better than any machine, and a gong needs no voice at all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from fenghuo import ConfigError, FormatError
from fenghuo_adapters.g711_framing import RATE, SILENCE, alaw_of_wave
from fenghuo_broadcast.speech import SpeechFailed, Voice, sentences

__all__ = ["Recordings", "Script", "read_clip"]

_KEPT = 64
"""Sentences kept as sound: an alert to many groups is spoken once."""
_BREATH = bytes((SILENCE,)) * round(0.25 * RATE)
"""Between the gong and the first word."""


def read_clip(path: str) -> bytes:
    """A recording as A-law. Blocks. Raises: ConfigError with a sentence."""
    try:
        return alaw_of_wave(Path(path).read_bytes())
    except OSError as absent:
        raise ConfigError(f"the recording {path} cannot be read: {absent.strerror}") from absent
    except FormatError as wrong:
        raise ConfigError(f"the recording {path} cannot be played: {wrong}") from wrong


class Recordings:
    """The clips of a channel, by the sentence they say, and the gong before everything."""

    def __init__(self, clips: Mapping[str, str], gong: str) -> None:
        self._clips = clips
        self._gong = gong
        self._read: dict[str, bytes] = {}

    async def open(self) -> None:
        """Read them all. Raises: ConfigError."""
        for path in {*self._clips.values(), *filter(None, (self._gong,))}:
            self._read[path] = await asyncio.to_thread(read_clip, path)

    @property
    def gong(self) -> bytes:
        return self._read.get(self._gong, b"")

    def of(self, sentence: str) -> bytes | None:
        """The recording of this sentence, None if there is none."""
        return self._read.get(self._clips.get(sentence, ""))


class Script:
    """A text as pieces of sound, sentence by sentence: a clip where there is one, else the voice."""

    def __init__(self, voice: Voice, recordings: Recordings) -> None:
        self._voice = voice
        self._recordings = recordings
        self._said: OrderedDict[str, bytes] = OrderedDict()

    async def pieces(self, text: str) -> list[bytes]:
        """Raises: SpeechFailed."""
        spoken = [await self._sound(sentence) for sentence in sentences(text)]
        if not spoken:
            raise SpeechFailed("there is nothing to say")
        return [self._recordings.gong + _BREATH, *spoken] if self._recordings.gong else spoken

    def lengths(self, text: str, characters_a_second: float) -> list[int]:
        """Samples of each piece, where the voice has not spoken a sentence yet by its usual pace. Pure."""
        gong = self._recordings.gong
        spoken = [self._length(sentence, characters_a_second) for sentence in sentences(text)]
        return [len(gong) + len(_BREATH), *spoken] if gong else spoken

    def _length(self, sentence: str, characters_a_second: float) -> int:
        known = self._recordings.of(sentence) or self._said.get(sentence)
        return len(known) if known is not None else round(len(sentence) / characters_a_second * RATE)

    async def _sound(self, sentence: str) -> bytes:
        recorded = self._recordings.of(sentence)
        if recorded is not None:
            return recorded
        said = self._said.get(sentence)
        if said is None:
            said = self._said[sentence] = await self._voice.say(sentence)
            if len(self._said) > _KEPT:
                self._said.popitem(last=False)
        return said
