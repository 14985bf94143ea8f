"""Loudspeakers as a channel: when they are silent, what they claim, and what they never do twice."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest

from fenghuo import (
    AttemptRef,
    CancelResult,
    ConfigError,
    Evidence,
    Permanent,
    PowerLevel,
    Priority,
    ProbeBudget,
    Reached,
    Scope,
    Token,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo.plugin.context import LoneNotes
from fenghuo_adapters.rtp_framing import RtpPacket
from fenghuo_adapters.rtp_line import RtpEar
from fenghuo_broadcast.quiet import QuietHours
from tests.peers.rtp import GROUP, PORT, tone_wave
from tests.plugins.loudspeaker_fakes import Job, running, settings_of

SENTENCE = "沿江各村请立即转移。"
SECOND = "不要返回。"
REF = AttemptRef(Token("t-1"), 1, f"{GROUP}:{PORT}")


class Listener(RtpEar):
    """Every packet of the group, and when it came."""

    def __init__(self) -> None:
        super().__init__(PORT, [GROUP], interface="127.0.0.1")
        self.packets: list[tuple[float, RtpPacket]] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.packets.append((asyncio.get_running_loop().time(), RtpPacket.decode(data)))

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.close()


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, str]:
    """Two sentences of 0.4 s, 20 packets each, so that no voice is needed."""
    return {SENTENCE: str(tone_wave(tmp_path / "one.wav", 0.4)), SECOND: str(tone_wave(tmp_path / "two.wav", 0.4, hertz=500))}


@pytest.mark.alone
async def test_packets_come_every_20_ms_without_a_gap(clips: dict[str, str]) -> None:
    """Sequence and timestamp go on from one to the next, the first has the marker, and time is real."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        assert Reached(Evidence.ACCEPTED) == await channel.send(Job(SENTENCE + SECOND))
    packets = [packet for _, packet in listener.packets]
    assert 40 == len(packets)
    assert [True] + [False] * 39 == [packet.marker for packet in packets]
    steps = [((b.sequence - a.sequence) % 65536, (b.timestamp - a.timestamp) % 2**32) for a, b in itertools.pairwise(packets)]
    assert [(1, 160)] * 39 == steps
    took_s = listener.packets[-1][0] - listener.packets[0][0]
    assert 39 * 0.02 == pytest.approx(took_s, abs=0.05)


async def test_a_cancelled_play_is_silent_before_the_next_packet(clips: dict[str, str]) -> None:
    """The core withdraws it at turn(); the refusal goes through as it is."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        job = Job(SENTENCE)

        async def withdrawn() -> None:
            if len(listener.packets) >= 5:
                raise Withdrawn("cancelled")

        job.emission.on_turn = withdrawn
        with pytest.raises(Withdrawn):
            await channel.send(job)
        before = len(listener.packets)
        await asyncio.sleep(0.1)
    assert before == len(listener.packets)


@pytest.mark.parametrize("by", ["cancel", "switch", "stop"])
async def test_silence_comes_within_200_ms(clips: dict[str, str], by: str) -> None:
    """Of cancel(), of the switch, and of the end of the service."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        playing = asyncio.create_task(channel.send(Job(SENTENCE)))
        while len(listener.packets) < 5:
            await asyncio.sleep(0.005)
        now = asyncio.get_running_loop().time()
        if by == "cancel":
            assert CancelResult.TOO_LATE == await channel.cancel(REF)
        elif by == "switch":
            await channel.set_power(PowerLevel.LISTEN)
        else:
            await channel.stop(now + 1.0)
        assert not isinstance(await playing, Reached)
        await asyncio.sleep(0.1)
    assert 0.2 > listener.packets[-1][0] - now
    assert 20 > len(listener.packets)


async def test_whoever_switches_it_off_silences_also_what_waits_for_its_licence(clips: dict[str, str]) -> None:
    """Off and on again is a stop all the same."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        job = Job(SENTENCE)

        async def off_and_on() -> None:
            await channel.set_power(PowerLevel.LISTEN)
            await channel.set_power(PowerLevel.FULL)

        job.on_begin = off_and_on
        assert Permanent(Scope.MESSAGE, "silenced") == await channel.send(job)
        await asyncio.sleep(0.05)
    assert [] == listener.packets


async def test_what_lets_others_pass_does_not_send_one_more_packet_after_the_switch(clips: dict[str, str]) -> None:
    """The switch comes while the core holds it back."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        job = Job(SENTENCE)

        async def off() -> None:
            if job.emission.turns == 2:  # the one before the first packet
                await channel.set_power(PowerLevel.LISTEN)

        job.emission.on_turn = off
        assert Permanent(Scope.MESSAGE, "silenced") == await channel.send(job)
        await asyncio.sleep(0.05)
    assert [] == listener.packets


@pytest.mark.alone
async def test_what_was_interrupted_begins_again_with_its_sentence(clips: dict[str, str]) -> None:
    """Nobody understands half a sentence; the timestamp has gone on with the clock, the sequence has not."""
    async with running(settings_of(clips=clips)) as channel, Listener() as listener:
        job = Job(SENTENCE + SECOND)

        async def interrupted() -> None:
            if len(listener.packets) == 30:
                await asyncio.sleep(0.3)

        job.emission.on_turn = interrupted
        await channel.send(job)
    packets = [packet for _, packet in listener.packets]
    assert 30 + 20 == len(packets)
    assert [0, 30] == [place for place, packet in enumerate(packets) if packet.marker]
    assert packets[20].payload == packets[30].payload
    assert 1 == (packets[30].sequence - packets[29].sequence) % 65536
    jump_s = (packets[30].timestamp - packets[29].timestamp) % 2**32 / 8000
    assert 0.3 <= jump_s
    assert listener.packets[30][0] - listener.packets[29][0] == pytest.approx(jump_s, abs=0.05)


async def test_only_a_monitor_makes_it_aired(clips: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hears nothing leaves it accepted."""
    settings = settings_of(clips=clips, monitor_interface="127.0.0.1")
    async with running(settings) as channel:
        assert Reached(Evidence.AIRED) == await channel.send(Job(SENTENCE))
        assert Reached(Evidence.AIRED) == await channel.query(REF)
    monkeypatch.setattr(RtpEar, "datagram_received", lambda ear, data, addr: None)
    async with running(settings) as channel:
        assert Reached(Evidence.ACCEPTED) == await channel.send(Job(SENTENCE))


async def test_an_address_that_is_not_listed_gets_nothing(clips: dict[str, str]) -> None:
    """Not even a licence is taken."""
    async with running(settings_of(clips=clips)) as channel:
        for address in (f"239.192.0.2:{PORT}", f"{GROUP}:{PORT + 1}", "radio", f"{GROUP}:0"):
            job = Job(SENTENCE, address=address)
            assert Permanent(Scope.RECIPIENT, "no-such-loudspeaker") == await channel.send(job), address
            assert 0 == job.begun


async def test_nothing_is_spoken_before_a_person_has_armed_it(clips: dict[str, str]) -> None:
    """Not at all, and not by an instant before the install."""
    for armed in (None, datetime(2020, 1, 1, tzinfo=UTC)):
        async with running(settings_of(clips=clips, armed=armed)) as channel, Listener() as listener:
            assert Permanent(Scope.RECIPIENT, "not-armed") == await channel.send(Job(SENTENCE))
            await asyncio.sleep(0.05)
        assert [] == listener.packets


async def test_quiet_hours_hold_what_is_not_severe(clips: dict[str, str]) -> None:
    """By the level that the renderer puts beside the text; P0 sounds always."""
    all_day = ("00:00-12:00", "12:00-00:00")
    assert QuietHours.parse(all_day).left_s(0.0) > 0
    async with running(settings_of(clips=clips, quiet_hours=all_day)) as channel:
        blue = await channel.send(Job(SENTENCE, "t-1", level=4))
        assert isinstance(blue, Transient)
        assert "quiet-hours" == blue.code
        assert isinstance(await channel.send(Job(SENTENCE, "t-2", level=4, priority=Priority.P0)), Reached)


async def test_no_attempt_is_begun_twice(clips: dict[str, str]) -> None:
    """A play without a note was never begun; one that a crash cut off is in doubt for good."""
    notes = LoneNotes()
    async with running(settings_of(clips=clips), notes=notes) as channel, Listener() as listener:
        assert Transient(Scope.RECIPIENT, "never-begun") == await channel.query(REF)
        playing = asyncio.create_task(channel.send(Job(SENTENCE)))
        while len(listener.packets) < 5:
            await asyncio.sleep(0.005)
        playing.cancel()
        await asyncio.wait([playing])
    async with running(settings_of(clips=clips), notes=notes) as channel:
        assert isinstance(await channel.query(REF), Unknown)


async def test_a_text_that_is_too_long_is_its_own_failure(clips: dict[str, str]) -> None:
    """Not one of the channel."""
    async with running(settings_of(clips=clips, longest_s=0.3)) as channel, Listener() as listener:
        outcome = await channel.send(Job(SENTENCE))
        assert isinstance(outcome, Permanent)
        assert Scope.MESSAGE is outcome.scope
    assert [] == listener.packets


async def test_a_channel_without_any_voice_says_what_is_missing() -> None:
    """At its start, in a sentence."""
    with pytest.raises(ConfigError, match="voice_command names no-such-voice, which is not installed"):
        async with running(settings_of(voice_command=("no-such-voice",))):
            pass


async def test_a_voice_that_fails_sends_nothing(clips: dict[str, str]) -> None:
    """The next rung takes the message; the recorded sentence beside it is not said alone."""
    async with running(settings_of(clips=clips, voice_command=("false",))) as channel, Listener() as listener:
        assert Transient(Scope.CHANNEL, "no-voice") == await channel.send(Job(f"{SENTENCE}未录的一句。"))
    assert [] == listener.packets


async def test_a_recording_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    """With its path."""
    (tmp_path / "gong.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigError, match=r"gong\.wav cannot be played"):
        async with running(settings_of(gong=str(tmp_path / "gong.wav"))):
            pass


async def test_a_probe_shows_nothing(clips: dict[str, str]) -> None:
    """For nothing answers on a group."""
    async with running(settings_of(clips=clips)) as channel:
        assert not (await channel.probe(ProbeBudget())).answered
