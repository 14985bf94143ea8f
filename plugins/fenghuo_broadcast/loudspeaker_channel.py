"""Loudspeakers as a channel: a message is spoken once, in real time, to a group on the network, and falls silent when it is told to.

send() lasts as long as the play. Before each packet of 20 ms the core is asked whether it may go on: so a Cancel is silence, and a
more urgent message passes.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import zlib

from fenghuo import (
    AttemptRef,
    Budget,
    CancelResult,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Evidence,
    FenghuoError,
    LinkError,
    Message,
    NotReady,
    Outcome,
    Permanent,
    PowerLevel,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Traffic,
    Transient,
    Unknown,
)
from fenghuo.formats.renditions_spoken import loudspeaker_text
from fenghuo_adapters.g711_framing import RATE
from fenghuo_adapters.rtp_framing import PACKET_S, WIRE_OCTETS, RtpStream, packets_of
from fenghuo_adapters.rtp_line import RtpEar, RtpSender, played
from fenghuo_broadcast.clips import Recordings, Script
from fenghuo_broadcast.ebm import level_of
from fenghuo_broadcast.loudspeaker_plays import Play, Plays
from fenghuo_broadcast.loudspeaker_settings import LoudspeakerSettings, loudspeaker, where
from fenghuo_broadcast.quiet import Loudness
from fenghuo_broadcast.speech import CommandVoice, EspeakVoice, SpeechFailed, Voice

__all__ = ["LoudspeakerChannel", "loudspeaker_rendition"]

_LEVEL = re.compile(r"; level=(\d+)")
_EAR_S = 0.1
"""How long the last packet may take to the monitor."""


class Silenced(Exception):
    """A person or the core wants silence, now."""


def loudspeaker_rendition(message: Message, budget: Budget) -> Rendition:
    """What a village hears, with the level in the media type: by it the quiet hours judge. Raises: FormatError("too-long")."""
    made = loudspeaker_text(message, budget)
    return Rendition(made.form, made.text, made.data, f"{made.media_type}; level={int(level_of(message))}", made.left_out)


class LoudspeakerChannel(SimpleChannel):
    """One voice for all loudspeakers of a network."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: LoudspeakerSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._speakers = {loudspeaker(text) for text in settings.speakers}
        self._loudness = Loudness(settings)
        self._plays = Plays(ctx.notes)
        self._recordings = Recordings(settings.clips, settings.gong)
        self._voice = _voice(settings)
        self._script = Script(self._voice, self._recordings)
        self._sender = RtpSender(interface=settings.interface, hops=settings.hops)
        self._ears: list[RtpEar] = []
        self._silenced: set[str] = set()
        self._playing: set[str] = set()
        self._power = PowerLevel.FULL
        self._offs = 0
        self._is_stopped = False

    async def start(self) -> None:
        """Raises: ConfigError: no voice, no such recording, armed in the future; NotReady: the network is not there."""
        recalled, now = await self._ctx.notes.recall(), self._ctx.clock.time()
        await self._loudness.look(self._ctx, recalled)
        await self._plays.recall(recalled, now)
        await self._recordings.open()
        missing = await self._voice.missing()
        if missing and not self._settings.clips:
            raise ConfigError(missing)
        for cause in filter(None, (missing, self._loudness.why_off)):
            self._ctx.log.warning("not everything can be spoken over this channel", cause=cause)
        try:
            await self._sender.open()
            await self._listen()
        except LinkError as absent:
            raise NotReady(str(absent), retry_after_s=5.0) from absent

    async def stop(self, deadline: float) -> None:
        self._is_stopped = True
        self._sender.close()
        for ear in self._ears:
            ear.close()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        """As long as the recordings of it are, and as the voice has taken or usually takes; the last packet of each piece is padded."""
        packets = sum(map(packets_of, self._script.lengths(payload.text, self._settings.characters_a_second)))
        seconds = packets * PACKET_S
        return Estimate(
            airtime_s=seconds, octets=packets * WIRE_OCTETS, latency_q50_s=seconds + 1.0, latency_q95_s=seconds + self._settings.voice_s
        )

    async def send(self, job: SendJob) -> Outcome:
        try:
            speaker = loudspeaker(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "no-such-loudspeaker")
        if speaker not in self._speakers:
            return Permanent(Scope.RECIPIENT, "no-such-loudspeaker")
        if self._is_stopped or self._power is not PowerLevel.FULL:
            return Transient(Scope.CHANNEL, "switched-off")
        offs = self._offs
        async with job.begin() as emission:
            if self._offs != offs:
                return Permanent(Scope.MESSAGE, "silenced")
            refusal = self._refusal(job, emission)
            return refusal if refusal is not None else await self._speak(speaker, emission)

    async def query(self, ref: AttemptRef) -> Outcome:
        return self._plays.said_of(ref, self._ctx.clock.time())

    async def cancel(self, ref: AttemptRef) -> CancelResult:
        """Silence before the next packet. What was heard of it cannot be taken back."""
        name = _name(ref.token, ref.n)
        if name not in self._playing:
            return CancelResult.TOO_LATE
        self._silenced.add(name)
        return CancelResult.TOO_LATE

    async def set_power(self, level: PowerLevel) -> None:
        """Less than FULL is silence: whoever switches it off means now, and what waits for its licence."""
        self._power = level
        if level is not PowerLevel.FULL:
            self._offs += 1
            self._silenced |= self._playing

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """A network takes what it is given; only a receiver at its far end shows anything, and it hears only plays."""
        return ProbeResult(answered=False, detail="nothing answers on a group; only a play that a monitor hears shows anything")

    async def _listen(self) -> None:
        if not self._settings.monitor_interface:
            return
        groups: dict[int, list[str]] = {}
        for speaker in sorted(self._speakers):
            host, port = where(speaker)
            groups.setdefault(port, []).append(host)
        self._ears = [RtpEar(port, hosts, interface=self._settings.monitor_interface) for port, hosts in groups.items()]
        for ear in self._ears:
            await ear.open()

    def _refusal(self, job: SendJob, emission: Emission) -> Outcome | None:
        found = _LEVEL.search(emission.payload.media_type)
        return self._loudness.refusal(
            level=int(found[1]) if found else 0,
            priority=job.priority,
            is_exercise=job.traffic is not Traffic.ACTUAL,
            now=self._ctx.clock.time(),
        )

    async def _speak(self, speaker: str, emission: Emission) -> Outcome:
        name = _name(emission.token, emission.n)
        self._playing.add(name)
        try:
            pieces = await self._script.pieces(emission.payload.text)
            if (seconds := sum(map(len, pieces)) / RATE) > self._settings.longest_s:
                return Permanent(Scope.MESSAGE, f"too-long: {seconds:.0f} s")
            await emission.turn()
            return await self._play(speaker, emission, pieces)
        except SpeechFailed as silent:
            self._ctx.log.error("a message cannot be spoken", cause=str(silent))
            return Transient(Scope.CHANNEL, "no-voice")
        finally:
            self._playing.discard(name)
            self._silenced.discard(name)

    async def _play(self, speaker: str, emission: Emission, pieces: list[bytes]) -> Outcome:
        name, play = _name(emission.token, emission.n), Play(emission.token, emission.n, self._ctx.clock.time())
        chance, target = self._ctx.random, where(speaker)
        # By its name, so that no receiver takes it for more of an earlier play, whose packets it would call late.
        stream = RtpStream(zlib.crc32(name.encode()), chance.getrandbits(16), chance.getrandbits(32))

        async def turn() -> None:
            await emission.turn()
            if name in self._silenced:  # looked at last: it may have been said while others passed
                raise Silenced

        try:
            await self._plays.note(play)
        except FenghuoError as full:
            return Transient(Scope.CHANNEL, f"not-noted: {full}")
        left = itertools.count(1)

        def send(octets: bytes) -> None:
            self._sender.send(octets, target)
            emission.book(_cost(next(left)))

        try:
            sent = await played(pieces, stream, send, turn)
        except Silenced:
            return Permanent(Scope.MESSAGE, "silenced")
        except LinkError as broken:
            return Unknown(str(broken))
        level = await self._heard(stream.source, sent)
        try:
            await self._plays.note(Play(play.token, play.n, play.at, level))
        except FenghuoError as full:
            self._ctx.log.warning("a play has ended, and that is not noted", cause=str(full))
        return Reached(level)

    async def _heard(self, source: int, sent: list[bytes]) -> Evidence:
        """What the monitor heard of it; without one nobody knows whether anything came out."""
        if not self._ears:
            return Evidence.ACCEPTED
        await asyncio.sleep(_EAR_S)
        share = max(ear.share(source, sent) for ear in self._ears)
        if share >= self._settings.monitor_share:
            return Evidence.AIRED
        self._ctx.log.warning("the monitor did not hear a play", heard=round(share, 3), wanted=self._settings.monitor_share)
        return Evidence.ACCEPTED


def _cost(packets: int) -> Estimate:
    return Estimate(airtime_s=packets * PACKET_S, octets=packets * WIRE_OCTETS)


def _voice(settings: LoudspeakerSettings) -> Voice:
    if settings.voice_command:
        return CommandVoice(settings.voice_command, limit_s=settings.voice_s)
    return EspeakVoice(words_a_minute=settings.words_a_minute, limit_s=settings.voice_s)


def _name(token: str, n: int) -> str:
    return f"{token}/{n}"
