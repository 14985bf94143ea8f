"""Settings of packet radio: what every TNC needs, and `[channels.NAME.settings]` with type "radio.kiss"."""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo_adapters.ax25_framing import Address

__all__ = ["RadioSettings", "ScreenSettings", "TncSettings", "callsign", "here", "masked"]


class TncSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One TNC and how it is reached.

    `driver`: "tcp" with `host` and `port`, or "serial" with `device` and `baud`. `mycall`: our station. `bitrate`: bit/s on the air,
    for the airtime. `persistence` (0-255), `slot_ms`, `txdelay_ms`, `txtail_ms`, `full_duplex` go to the TNC at each opening unless
    `configure_tnc` is off. `heard_every_s`: a station is reported as heard at most so often. Airtime in each `span_s`, shared by all
    channels on the medium: `hard_cap` for everybody, above `soft_cap` P3 and P4 wait, `reserve` is for P0 and P1.
    """

    mycall: str
    driver: Literal["tcp", "serial"] = "tcp"
    host: str = "127.0.0.1"
    port: int = 8001
    device: str = ""
    baud: int = 9600
    kiss_port: int = 0
    bitrate: float = 1200.0
    configure_tnc: bool = True
    persistence: int = 63
    slot_ms: int = 100
    txdelay_ms: int = 300
    txtail_ms: int = 100
    full_duplex: bool = False
    open_s: float = 5.0
    write_s: float = 5.0
    reopen_max_s: float = 30.0
    receipt_q95_s: float = 120.0
    heard_every_s: float = 60.0
    span_s: float = 600.0
    hard_cap: float = 1.0
    soft_cap: float = 0.7
    reserve: float = 0.2

    def __post_init__(self) -> None:
        for text in self._calls():
            Address.parse(text)
        self._check_line()
        self._check_numbers()
        self._check_caps()

    def _calls(self) -> tuple[str, ...]:
        return (self.mycall,)

    def _check_line(self) -> None:
        if self.driver == "serial" and not self.device:
            raise ValueError('driver = "serial" needs a device, for example device = "/dev/ttyUSB0"')
        if self.driver == "tcp" and self.device:
            raise ValueError('device is for driver = "serial"; driver = "tcp" takes host and port')
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not a TCP port; it goes from 1 to 65535")

    def _check_caps(self) -> None:
        if self.span_s <= 0 or not 0 < self.hard_cap <= 1:
            raise ValueError(f"span_s {self.span_s:g} must be above 0, and hard_cap {self.hard_cap:g} a share of it, above 0 and at most 1")
        if not 0 <= self.reserve < self.hard_cap or not 0 < self.soft_cap <= self.hard_cap:
            raise ValueError(f"reserve {self.reserve:g} and soft_cap {self.soft_cap:g} must be shares within hard_cap {self.hard_cap:g}")

    def _check_numbers(self) -> None:
        if not 0 <= self.kiss_port <= 15:
            raise ValueError(f"kiss_port {self.kiss_port} is not one of 0 to 15")
        if not 0 <= self.persistence <= 255:
            raise ValueError(f"persistence {self.persistence} is not one of 0 to 255")
        for name in ("slot_ms", "txdelay_ms", "txtail_ms"):
            if not 0 <= getattr(self, name) <= 2550:
                raise ValueError(f"{name} {getattr(self, name)} is not one of 0 to 2550 milliseconds")
        for name in ("bitrate", "baud", "open_s", "write_s", "reopen_max_s", "heard_every_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)} must be greater than 0")


class RadioSettings(TncSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A TNC for readable text, and what goes over it.

    `group`: the callsign that stands for everybody, empty for none. `pace`: wait out the airtime of each frame before it counts as
    AIRED (without it only ACCEPTED is claimed). `path`: up to 8 digipeaters, the base station first; `repeat_s`: how long it may take until
    it is heard to repeat our frame, 0 where it cannot be heard; `relays`: mobile stations that carry us when it is gone, the best first;
    `steady_s`: for so long after it was lost it is no first choice. `beacon_s`: how often a station that is always there is heard
    by itself, 0 for none; three beats that do not come take the channel down. With a `hard_cap` of 1 no airtime is counted; below it
    `soft_cap` and `reserve` hold too. The other keys are those of every TNC:
    `driver` is "tcp" with `host` and `port`, or "serial" with `device` and `baud`; answers are addressed to `mycall`.
    """

    group: str = ""
    path: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    repeat_s: float = 4.0
    repeat_tries: int = 3
    quiet_s: float = 1.0
    steady_s: float = 120.0
    pace: bool = True
    beacon_s: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beacon_s < 0:
            raise ValueError(f"beacon_s {self.beacon_s} is not 0 for none, or seconds between two beacons")
        if len(self.path) > 8:
            raise ValueError(f"path names {len(self.path)} digipeaters; AX.25 allows 8")
        if not 1 <= self.repeat_tries <= 10:
            raise ValueError(f"repeat_tries {self.repeat_tries} is not one of 1 to 10")
        for key in ("repeat_s", "quiet_s", "steady_s"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} {getattr(self, key)} is not 0 or more seconds")
        self._check_relays()

    def _check_relays(self) -> None:
        if not self.relays:
            return
        if not self.path:
            raise ValueError('relays stand in for the base station in path, which is empty; name it, for example path = ["BJ1BS4"]')
        if not self.repeat_s:
            raise ValueError("relays need repeat_s above 0: by what is heard of it the base station is known to be gone")
        calls = [str(Address.parse(text)) for text in (self.mycall, *self.path, *self.relays)]
        twice = next((call for index, call in enumerate(calls) if call in calls[:index]), "")
        if twice:
            raise ValueError(f"relays: {twice} stands twice among mycall, path and relays; each is a station of its own")

    def _calls(self) -> tuple[str, ...]:
        return (self.mycall, *filter(None, (self.group,)), *self.path, *self.relays)


class ScreenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The screen of an endpoint. `printer`: device or file that every message is printed on, empty for none; `speech`: whether it is
    read aloud where espeak-ng is installed."""

    printer: str = ""
    speech: bool = False


def here(text: str) -> str:
    """The one address of a screen. Raises: ValueError with a sentence."""
    if text != "here":
        raise ValueError(f'a screen has the address "here", not {text!r}')
    return text


def callsign(text: str) -> str:
    """A callsign the one right way: upper case, SSID 0 left out. Raises: ValueError with a sentence."""
    return str(Address.parse(text))


def masked(address: str) -> str:
    """Callsigns are public by law: they are said on the air. Shown as they are."""
    return address
