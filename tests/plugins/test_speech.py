"""Who speaks: what espeak-ng is given to read, and voices that fail."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from fenghuo import ConfigError
from fenghuo_adapters.g711_framing import RATE
from fenghuo_broadcast.clips import Recordings, Script
from fenghuo_broadcast.speech import CommandVoice, EspeakVoice, SpeechFailed, pinyin, sentences
from tests.peers.rtp import tone_wave


def test_hanzi_become_pinyin_with_tone_figures() -> None:
    """The fifth for none, pauses as Latin punctuation, and a word that is read by its meaning: 重 is chóng in 重发 and zhòng in 重要."""
    read = pinyin("请转移到重要的地方，不要重复。")
    assert "qing3 zhuan3 yi2 dao4 zhong4 yao4 de5 di4 fang1, bu2 yao4 chong2 fu4." == read


async def test_a_character_without_a_reading_is_no_silence() -> None:
    """espeak-ng would spell out something else in its place: nobody may hear another village."""
    with pytest.raises(SpeechFailed, match="no reading for 﨓"):
        await EspeakVoice(words_a_minute=160, limit_s=5.0).say("﨓村撤离。")


def test_a_text_is_cut_behind_each_stop() -> None:
    """No character is lost."""
    text = "请注意，请注意。沿江各村立即转移！不要返回；听从指挥"
    assert ["请注意，请注意。", "沿江各村立即转移！", "不要返回；", "听从指挥"] == sentences(text)
    assert text == "".join(sentences(text))


@pytest.mark.peer
async def test_espeak_speaks_and_speaks_faster() -> None:
    """By its own measure of words a minute."""
    slow = await EspeakVoice(words_a_minute=120, limit_s=20).say("立即转移。")
    fast = await EspeakVoice(words_a_minute=240, limit_s=20).say("立即转移。")
    assert 0.8 * RATE < len(fast) < 0.8 * len(slow)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("no-such-voice",), "no-such-voice cannot be started: No such file or directory"),
        (("false",), "false ended with 1 and says: nothing"),
        (("true",), "true ended with 0 and says: nothing"),
        (("echo", "no sound"), "echo made what cannot be played: no WAV recording"),
        (("sh", "-c", "echo out of paper >&2; exit 3"), "sh ended with 3 and says: out of paper"),
    ],
)
async def test_a_voice_that_fails_says_why(command: tuple[str, ...], sentence: str) -> None:
    """In one sentence, with what it said itself."""
    with pytest.raises(SpeechFailed) as failed:
        await CommandVoice(command, limit_s=5.0).say("立即转移。")
    assert str(failed.value).startswith(sentence)


async def test_a_voice_that_hangs_is_killed_in_time() -> None:
    """Nothing of it is left."""
    began = time.monotonic()
    with pytest.raises(SpeechFailed, match=r"sleep did not speak within 0\.2 s"):
        await CommandVoice(("sleep", "60"), limit_s=0.2).say("立即转移。")
    assert 30.0 > time.monotonic() - began


async def test_a_voice_that_is_absent_is_told_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setenv("PATH", "/nowhere")
    voices = (EspeakVoice(words_a_minute=150, limit_s=1.0), CommandVoice(("piper",), limit_s=1.0))
    assert [
        "espeak-ng is not installed; install it, or name another voice by voice_command",
        "voice_command names piper, which is not installed",
    ] == [await voice.missing() for voice in voices]


class Counting(CommandVoice):
    """A voice that notes what it was asked to say."""

    def __init__(self) -> None:
        super().__init__(("true",), limit_s=1.0)
        self.asked: list[str] = []

    async def say(self, text: str) -> bytes:
        self.asked.append(text)
        return b"\xd5" * 80


async def test_a_recorded_sentence_is_played_and_the_rest_spoken_once(tmp_path: Path) -> None:
    """An alert to many groups costs the voice one reading; the gong comes first."""
    clip, gong = (tone_wave(tmp_path / f"{name}.wav", seconds) for name, seconds in (("attention", 0.5), ("gong", 0.3)))
    recordings = Recordings({"请注意。": str(clip)}, str(gong))
    await recordings.open()
    voice = Counting()
    script = Script(voice, recordings)
    for _ in range(2):
        await script.pieces("立即转移。")
    pieces = await script.pieces("请注意。立即转移。请注意。")
    assert ["立即转移。"] == voice.asked
    assert [0.3 + 0.25, 0.5, 0.01, 0.5] == pytest.approx([len(piece) / RATE for piece in pieces], abs=0.001)


async def test_nothing_to_say_is_no_silence() -> None:
    """It is told."""
    with pytest.raises(SpeechFailed, match="there is nothing to say"):
        await Script(Counting(), Recordings({}, "")).pieces("")


async def test_a_recording_that_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    """At the start of the channel."""
    with pytest.raises(ConfigError, match=r"gone\.wav cannot be read: No such file or directory"):
        await Recordings({}, str(tmp_path / "gone.wav")).open()


async def test_another_voice_is_a_program_that_writes_a_wav() -> None:
    """Text on its input, sound on its output."""
    program = "import sys, wave; n = len(sys.stdin.buffer.read().decode()); m = wave.open(sys.stdout.buffer, 'wb'); m.setnchannels(1)"
    program += "; m.setsampwidth(2); m.setframerate(16000); m.writeframes(bytes(2 * 1600 * n)); m.close()"
    sound = await CommandVoice((sys.executable, "-I", "-S", "-c", program), limit_s=10.0).say("立即转移。")
    assert 5 * 800 == len(sound)
    await asyncio.sleep(0)
