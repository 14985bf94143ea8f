"""Who speaks: the port for voices, espeak-ng by pinyin, and any program that makes a recording of a text.

Every voice is a process with a deadline; nothing of it is needed before something is said.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Protocol

from fenghuo import FenghuoError, FormatError
from fenghuo_adapters.g711_framing import alaw_of_wave
from fenghuo_broadcast.loudspeaker_settings import ESPEAK

__all__ = ["CommandVoice", "EspeakVoice", "SpeechFailed", "Voice", "pinyin", "sentences"]

_VOICE = "cmn-latn-pinyin"
"""espeak-ng 1.51 reads Hanzi with `-v cmn` as English letters; pinyin with tone figures it reads with the right tones."""
_HANZI = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SENTENCE = re.compile(r"[^。！？；]+[。！？；]*")
_PAUSES = str.maketrans({"，": ", ", "、": ", ", "；": ". ", "。": ". ", "！": ". ", "？": "? ", "：": ", "})


class SpeechFailed(FenghuoError):
    """A voice has nothing to say this with, or did not say it in time."""


class Voice(Protocol):
    """Whoever makes sound of a text. `missing`: why it cannot speak at all, as a sentence, empty if it can."""

    async def missing(self) -> str:
        """Look whether it is there. Never raises."""

    async def say(self, text: str) -> bytes:
        """The sound of a text that formats.spoken made, as A-law octets of 8 kHz. Raises: SpeechFailed."""


def sentences(text: str) -> list[str]:
    """A text sentence by sentence, each with its stop: what an interruption repeats, and what a recording may replace."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def pinyin(text: str) -> str:
    """Hanzi as pinyin with tone figures, the fifth for none; pauses as Latin punctuation. Slow at first: a dictionary is read."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  its dictionaries are 0.2 s that only a voice needs

    def unread(rest: str) -> str:
        return rest.translate(_PAUSES)

    said = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=unread)
    return " ".join(re.sub(r"\s+([,.?])", r"\1", " ".join(said)).split())


class EspeakVoice:
    """espeak-ng. `words_a_minute`: as its option -s; `limit_s`: longest for one sentence."""

    def __init__(self, *, words_a_minute: int, limit_s: float) -> None:
        self._speed = words_a_minute
        self._limit_s = limit_s

    async def missing(self) -> str:
        found = await asyncio.to_thread(shutil.which, ESPEAK)
        return "" if found else f"{ESPEAK} is not installed; install it, or name another voice by voice_command"

    async def say(self, text: str) -> bytes:
        read = await asyncio.to_thread(pinyin, text)
        if unread := "".join(dict.fromkeys(_HANZI.findall(read))):
            raise SpeechFailed(f"{ESPEAK} has no reading for {unread}, and would spell out something else; name a voice that has one")
        return await _recorded((ESPEAK, "-v", _VOICE, "-s", str(self._speed), "--stdin", "--stdout"), read, self._limit_s)


class CommandVoice:
    """Any program that reads a text in UTF-8 on its standard input and writes a WAV of 16 bits to its standard output."""

    def __init__(self, command: Sequence[str], *, limit_s: float) -> None:
        self._command = tuple(command)
        self._limit_s = limit_s

    async def missing(self) -> str:
        found = await asyncio.to_thread(shutil.which, self._command[0])
        return "" if found else f"voice_command names {self._command[0]}, which is not installed"

    async def say(self, text: str) -> bytes:
        return await _recorded(self._command, text, self._limit_s)


async def _recorded(command: Sequence[str], text: str, limit_s: float) -> bytes:
    """What a program records of a text, as A-law. Raises: SpeechFailed."""
    return await asyncio.to_thread(_record, command, text, limit_s)


def _record(command: Sequence[str], text: str, limit_s: float) -> bytes:
    """Blocks, no longer than the limit; then the program is killed."""
    name = command[0]
    try:
        made = subprocess.run(command, input=text.encode(), capture_output=True, timeout=limit_s, check=False)
    except OSError as absent:
        raise SpeechFailed(f"{name} cannot be started: {absent.strerror}") from absent
    except subprocess.TimeoutExpired as late:
        raise SpeechFailed(f"{name} did not speak within {limit_s:g} s") from late
    if made.returncode or not made.stdout:
        said = made.stderr.decode(errors="replace").strip()[:200] or "nothing"
        raise SpeechFailed(f"{name} ended with {made.returncode} and says: {said}")
    try:
        return alaw_of_wave(made.stdout)
    except FormatError as wrong:
        raise SpeechFailed(f"{name} made what cannot be played: {wrong}") from wrong
