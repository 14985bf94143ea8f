"""What a frame costs on the air of a link channel, and how much of it who may use. Pure."""

from __future__ import annotations

from fenghuo.link import Air, Caps
from fenghuo_adapters.ax25_framing import airtime_s
from fenghuo_narrowband.link_settings import LinkSettings

__all__ = ["air_of", "caps_of", "frame_s"]

# AX.25: two addresses, control, protocol, check and two flags.
_CARRIER = 20
# A longer frame than this has no place in an AX.25 frame.
_MTU = 256


def air_of(settings: LinkSettings) -> Air:
    """The medium as the link counts it."""
    return Air(
        bitrate=settings.bitrate,
        keying_s=(settings.txdelay_ms + settings.txtail_ms) / 1000,
        carrier=_CARRIER,
        mtu=_MTU,
        fragment_s=settings.fragment_s,
        access_s=settings.access_s,
        turnaround_s=settings.turnaround_s,
    )


def caps_of(settings: LinkSettings) -> Caps:
    """The shares of airtime, which the settings have checked."""
    return Caps(settings.span_s, settings.hard_cap, settings.soft_cap, settings.reserve, settings.receipt_share)


def frame_s(octets: bytes, settings: LinkSettings, *, is_chained: bool) -> float:
    """Seconds that an encoded frame has kept the transmitter keyed; one that is chained found it keyed already."""
    return (0.0 if is_chained else air_of(settings).keying_s) + airtime_s(octets, settings.bitrate)
