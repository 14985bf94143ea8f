"""What a frame costs on the air and how much one emission may hold. Pure."""

from __future__ import annotations

from fenghuo_adapters.ax25_framing import MAX_INFO, Address, UiFrame, airtime_s
from fenghuo_narrowband.parts import MAX_PARTS
from fenghuo_narrowband.settings import RadioSettings

__all__ = ["BUDGET_OCTETS", "MAX_OCTETS", "AirClosed", "attempt_s", "frame_s", "question_s"]

# Octets of text that a numbered frame surely carries: 256 less its prefix and marks (up to 60) and what a good cut leaves empty.
PART_OCTETS = 150
# Alerts are fitted to this: four frames, nine seconds on air at 1200 bit/s. Orders are never cut and may take MAX_PARTS.
BUDGET_OCTETS = 4 * PART_OCTETS
MAX_OCTETS = MAX_PARTS * PART_OCTETS


class AirClosed(Exception):
    """The caps leave no room before an emission must be over; `retry_after_s`: in how long there is some, infinite for never."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"no airtime for {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


def frame_s(frame: bytes, settings: RadioSettings) -> float:
    """Seconds from keying up to keying down for one encoded frame, the way over a serial line included."""
    keying = (settings.txdelay_ms + settings.txtail_ms) / 1000
    wire = len(frame) * 10 / settings.baud if settings.driver == "serial" else 0.0
    return keying + wire + airtime_s(frame, settings.bitrate)


def attempt_s(settings: RadioSettings) -> float:
    """Longest that one send() may take: the largest emission with a fifth for good measure, and a line that hangs twice; through
    digipeaters each frame waits for its repetition, and all of it for the answers to questions."""
    largest = MAX_PARTS * frame_s(_sample(b"\xe6" * MAX_INFO, settings), settings)
    tries = MAX_PARTS + settings.repeat_tries + 1 + len(settings.relays)
    waits_s = tries * (settings.repeat_s + settings.write_s) + settings.quiet_s if settings.path else 0.0
    return 1.2 * largest + 2 * settings.write_s + waits_s


def question_s(settings: RadioSettings) -> float:
    """Seconds on the air of one question to the base station, without its repetition."""
    return frame_s(_sample(b"PATH 0000", settings), settings)


def _sample(info: bytes, settings: RadioSettings) -> bytes:
    """A frame of this size to this station's kind of address."""
    return UiFrame(Address("FFFFFF"), Address.parse(settings.mycall), info, path=tuple(map(Address.parse, settings.path))).encode()
