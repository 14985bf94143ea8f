"""What GStreamer and FFmpeg hear of a loudspeaker channel, and what multimon-ng reads in it."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from fenghuo import Evidence, Reached
from fenghuo_broadcast.speech import EspeakVoice
from tests.peers.rtp import ffmpeg, gstreamer, recorded_s, same_wave, tone_wave
from tests.plugins.loudspeaker_fakes import Job, running, settings_of
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer

ACCEPTED = Reached(Evidence.ACCEPTED)
SENTENCE = "沿江各村请立即转移。"
HEADER = "ZCZC-CIV-FFW-110101+0030-3281005-FENGHUO -"


async def test_gstreamer_records_it_in_its_own_length(tmp_path: Path) -> None:
    """To 50 ms; and the monitor at the same network has every packet."""
    clip = tone_wave(tmp_path / "tone.wav", 1.0)
    settings = settings_of(clips={SENTENCE: str(clip)}, monitor_interface="127.0.0.1")
    async with running(settings) as channel, gstreamer(tmp_path / "heard.wav"):
        assert Reached(Evidence.AIRED) == await channel.send(Job(SENTENCE))
        await asyncio.sleep(0.3)
    seconds, samples = recorded_s(tmp_path / "heard.wav")
    assert 1.0 == pytest.approx(seconds, abs=0.05)
    assert 10_000 < max(abs(int.from_bytes(samples[at : at + 2], "little", signed=True)) for at in range(0, 8000, 2))


async def test_ffmpeg_misses_no_packet_and_hears_the_same(tmp_path: Path) -> None:
    """It complains of every gap in the sequence."""
    clip = tone_wave(tmp_path / "tone.wav", 1.6)
    async with running(settings_of(clips={SENTENCE: str(clip)})) as channel, ffmpeg(tmp_path / "heard.wav", seconds=1.0) as complaints:
        await channel.send(Job(SENTENCE))
    assert [] == [line for line in complaints if "missed" in line or "late" in line or "corrupt" in line]
    assert 1.0 == pytest.approx(recorded_s(tmp_path / "heard.wav")[0], abs=0.05)


@pytest.mark.soak
async def test_a_tone_check_comes_through_the_audio_path(tmp_path: Path) -> None:
    """A SAME header, recorded, resampled, coded, sent, received and decoded by programs that know nothing of us."""
    clip = same_wave(tmp_path / "same.wav", HEADER)
    async with running(settings_of(clips={SENTENCE: str(clip)})) as channel, gstreamer(tmp_path / "heard.wav"):
        await channel.send(Job(SENTENCE))
        await asyncio.sleep(0.3)
    words = ["multimon-ng", "-q", "-t", "wav", "-a", "EAS", str(tmp_path / "heard.wav")]
    said = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=PATIENCE_S)
    assert f"EAS: {HEADER}" in said.stdout, said.stdout + said.stderr


async def test_espeak_speaks_mandarin_and_its_length_comes_out_right(tmp_path: Path) -> None:
    """What the voice made is what was heard."""
    made = await EspeakVoice(words_a_minute=150, limit_s=20.0).say("请转移。")
    async with running(settings_of()) as channel, gstreamer(tmp_path / "heard.wav"):
        assert ACCEPTED == await channel.send(Job("请转移。"))
        await asyncio.sleep(0.3)
    assert len(made) / 8000 == pytest.approx(recorded_s(tmp_path / "heard.wav")[0], abs=0.05)
