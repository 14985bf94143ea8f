"""Settings of loudspeakers on a network, `[channels.NAME.settings]` with type "broadcast.rtp", and the address of one of them."""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec

from fenghuo import Capabilities, ConfigError, Doubt, Evidence
from fenghuo_broadcast.quiet import LoudSettings

__all__ = ["ESPEAK", "LoudspeakerSettings", "capabilities", "check", "loudspeaker", "where"]

ESPEAK = "espeak-ng"
DEFAULT_PORT = 5004
"""Source: RFC 3551 §8."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class LoudspeakerSettings(LoudSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Loudspeakers that play G.711 A-law from RTP, by group or each by itself.

    `speakers`: every address that may be spoken to, as GROUP:PORT (`239.192.0.1:5004`) or HOST:PORT; no other gets anything.
    `interface`: our own address towards them, empty for the machine's choice; `hops`: how far groups reach (TTL).
    `voice_command`: another voice than espeak-ng, a program that reads text and writes WAV; `words_a_minute`: how fast espeak-ng speaks;
    `characters_a_second`: how fast the voice is, for the estimate. `clips`: recordings by the sentence they replace, as WAV files; `gong`:
    one that is played before everything. `longest_s`: nothing is played for longer. `monitor_interface`: our address where a receiver of
    ours stands at the far end of that network and hears what comes out; only with it anything counts as AIRED, from `monitor_share` on.
    """

    speakers: tuple[str, ...]
    interface: str = ""
    hops: Annotated[int, msgspec.Meta(ge=1, le=255)] = 8
    voice_command: tuple[str, ...] = ()
    words_a_minute: Annotated[int, msgspec.Meta(ge=80, le=400)] = 150
    characters_a_second: Annotated[float, msgspec.Meta(gt=0, le=100)] = 2.7
    clips: Mapping[str, str] = {}
    gong: str = ""
    longest_s: Seconds = 300.0
    voice_s: Seconds = 20.0
    monitor_interface: str = ""
    monitor_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.98

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.speakers:
            raise ValueError('speakers names none; list those that may be spoken to, for example speakers = ["239.192.0.1:5004"]')
        for text in self.speakers:
            loudspeaker(text)
        for name in ("interface", "monitor_interface"):
            if getattr(self, name):
                _host(name, getattr(self, name))
        alone = [text for text in self.speakers if not _host("speakers", where(text)[0]).is_multicast]
        if self.monitor_interface and alone:
            raise ValueError(f"monitor_interface hears groups alone, and speakers holds {alone[0]}; give it a channel of its own")


def _host(name: str, text: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError as wrong:
        raise ValueError(f"{name} {text!r} is no IPv4 address such as 10.20.0.1") from wrong


def where(address: str) -> tuple[str, int]:
    """Host and port of an address. Raises: ValueError with a sentence."""
    host, _, port = address.strip().partition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else DEFAULT_PORT if not port else 0
    try:
        found = str(ipaddress.IPv4Address(host))
    except ValueError:
        found = ""
    if not found or not 1 <= number <= 65535:
        raise ValueError(f"{address!r} is no loudspeaker; write GROUP:PORT or HOST:PORT, for example 239.192.0.1:5004")
    return found, number


def loudspeaker(address: str) -> str:
    """An address the one right way. Raises: ValueError with a sentence."""
    host, port = where(address)
    return f"{host}:{port}"


def capabilities(settings: LoudspeakerSettings) -> Capabilities:
    """One voice at a time; AIRED is the word of a receiver of our own, and of nobody else."""
    return Capabilities(
        form="loudspeaker",
        evidence_max=Evidence.AIRED if settings.monitor_interface else Evidence.ACCEPTED,
        doubt=Doubt.ACTUATOR,
        half_duplex=True,
        group=True,
        human_audible=True,
        loudness=100.0,
        sounds_s=settings.longest_s,
        receipt_q95_s=5.0,
        attempt_s=3 * settings.longest_s + settings.voice_s,  # it may have to let others pass
        needs=("ip",),
    )


def check(settings: LoudspeakerSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """Recordings that cannot be played and programs that are not there, by key of the settings."""
    from fenghuo_broadcast.clips import read_clip  # noqa: PLC0415  read only where settings are checked

    found: dict[str, str] = {}
    for key, path in (("gong", settings.gong), *(("clips", path) for path in settings.clips.values())):
        try:
            if path:
                read_clip(path)
        except ConfigError as fault:
            found[key] = f"cannot be used: {fault}"
    if settings.voice_command and shutil.which(settings.voice_command[0]) is None:
        found["voice_command"] = f"names {settings.voice_command[0]}, which is not installed"
    elif not settings.voice_command and not settings.clips and shutil.which(ESPEAK) is None:
        found["voice_command"] = f"is empty and {ESPEAK} is not installed; install it, or name another voice, or recordings in clips"
    return found
