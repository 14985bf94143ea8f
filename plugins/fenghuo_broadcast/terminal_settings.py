"""Settings of a channel straight to broadcast terminals: `[channels.NAME.settings]` with type "broadcast.terminal"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import msgspec

from fenghuo import Capabilities, Doubt, Evidence
from fenghuo_adapters.broadcast_terminal_framing import Crc
from fenghuo_broadcast.ebd_numbers import ebrid
from fenghuo_broadcast.keys import key_fault, key_faults
from fenghuo_broadcast.quiet import LoudSettings
from fenghuo_broadcast.terminal_command import Charset

__all__ = ["TerminalSettings", "capabilities", "check"]

Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
_NUMBER = re.compile(r"\d{12}")
_EVENT_TYPE = re.compile(r"\d\d[A-Z]\d\d")
_DIGITS = {"2018": 18, "2023": 23}
_BEYOND_ANSWER_S = 5.0


class TerminalSettings(LoudSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One connection to a terminal, or to the adapter before many.

    `armed`: when a person armed it, nothing sounds without; `quiet_hours`: of the day in Beijing, `quiet_passes`: from which colour on
    it sounds in them. `host`, `port`: of the adapter; `source`: our resource code, as assigned; `form`: "2018" (codes of 18 digits,
    broadcasts of 30) or "2023" (23, 35). `op_open`, `op_close`, `op_query`, `op_report`: numbers of the operations, from the device's
    manual; `accepts`: first octets of an answer that mean "done", as is an answer without data. `sound_s`: how long it sounds at most;
    `volume`: of 100; `charset` and its `charset_code`; `local_time`: the device takes local time for UTC; `crc`: "ieee" or "mpeg2";
    `absent_is_certain`: an empty answer to a question means "never had it". `key_provider`: who holds our key,
    "file" for `key_file`, or one that a plugin brings, which calls it `key`; `certificate`: its number of 12 digits; `peer_key_file`: the
    public key of terminals' reports; `unsigned`: neither sign nor verify.
    """

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    source: str
    op_open: Octet
    op_close: Octet
    op_query: Octet
    op_report: Octet
    form: Literal["2018", "2023"] = "2018"
    sender_name: str = ""
    event_type: str = ""
    accepts: tuple[Octet, ...] = (0,)
    sound_s: Annotated[float, msgspec.Meta(ge=10, le=86_400)] = 300.0
    volume: Annotated[int, msgspec.Meta(ge=0, le=100)] = 80
    charset: Charset = "gb2312"
    charset_code: Octet = 0
    local_time: bool = False
    crc: Crc = "ieee"
    absent_is_certain: bool = False
    key_provider: str = "file"
    key_file: str = ""
    key: str = ""
    certificate: str = ""
    peer_key_file: str = ""
    unsigned: bool = False
    concurrency: Annotated[int, msgspec.Meta(ge=2, le=64)] = 8
    answer_s: Seconds = 5.0
    connect_s: Seconds = 5.0
    reconnect_most_s: Seconds = 15.0
    query_s: Annotated[float, msgspec.Meta(gt=0, le=18)] = 15.0
    receipt_q95_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.host:
            raise ValueError('host is empty; give the adapter\'s name or address, for example host = "10.32.4.9"')
        if ebrid(self.source) != self.source or len(self.source) != self.digits:
            raise ValueError(f"source {self.source!r} has not the {self.digits} digits of a resource code of the {self.form} form")
        if self.event_type and not _EVENT_TYPE.fullmatch(self.event_type):
            raise ValueError(f"event_type {self.event_type!r} is not a code of five such as 11B01")
        operations = (self.op_open, self.op_close, self.op_query, self.op_report)
        if len(set(operations)) != len(operations):
            raise ValueError("op_open, op_close, op_query and op_report must be four different numbers, as the device's manual gives them")
        self._check_signing()

    def _check_signing(self) -> None:
        if self.unsigned:
            return
        if fault := key_fault(self, "frames are"):
            raise ValueError(fault)
        if not _NUMBER.fullmatch(self.certificate):
            raise ValueError(f"certificate {self.certificate!r} is not a number of 12 digits, as the broadcast CA gave it")

    @property
    def digits(self) -> int:
        """Of a resource code."""
        return _DIGITS[self.form]


def capabilities(settings: TerminalSettings) -> Capabilities:
    """A terminal's own report is DEVICE."""
    return Capabilities(
        form="ebm",
        evidence_max=Evidence.DEVICE,
        doubt=Doubt.ACTUATOR,
        concurrency=settings.concurrency,
        inbound=True,
        human_audible=True,
        loudness=float(settings.volume),
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=2 * settings.answer_s + _BEYOND_ANSWER_S,
        needs=("ip",),
    )


def check(settings: TerminalSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """Keys that are none, by key of the settings. Raises: ConfigError: a file cannot be read."""
    return key_faults(settings, secret)
