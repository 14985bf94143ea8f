"""Settings of a channel to an emergency broadcast platform: `[channels.NAME.settings]` with type "broadcast.platform"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from fenghuo import Capabilities, Doubt, Evidence
from fenghuo_broadcast.ebd_numbers import ebrid
from fenghuo_broadcast.keys import key_fault, key_faults
from fenghuo_broadcast.quiet import LoudSettings
from fenghuo_broadcast.signature import Covers

__all__ = ["DIGITS", "PlatformSettings", "capabilities", "check"]

DIGITS = {"2018": 18, "2023": 23}
"""Of a resource code, by the form of the interface."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
_NUMBER = re.compile(r"\d{12}")
_EVENT_TYPE = re.compile(r"\d\d[A-Z]\d\d")
_BEYOND_ANSWER_S = 5.0
_WELL = (0, 1)
"""ResultCodes of success: it is not handled yet, it was taken."""


class PlatformSettings(LoudSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform, as `broadcast.platform` speaks to it.

    `armed`: when a person armed it, nothing sounds without; `quiet_hours`: of the day in Beijing, `quiet_passes`: from which colour on
    it sounds in them.
    `url`: where its interface takes packets; `source`: our resource code, as assigned; `platform`: its own, from which alone reports are
    taken; `form`: "2018" (codes of 18 digits) or "2023" (23). `sender_name`, `event_type`: for messages that name no sender or event.
    `listen_host`, `listen_port`: where its reports come in, 0: nowhere; `monitors`: codes of receivers of our own whose word that
    something is heard counts as AIRED; `terminal_reports`: whether it passes on what its terminals played, which counts as DEVICE.
    `key_provider`: who holds our key, "file" for `key_file`, or one that a plugin brings, which calls it `key`; `certificate`, `issuer`:
    its numbers of 12 digits; `peer_key_file`: the platform's public key;
    `signature_covers`: what is signed, which platforms do differently; `unsigned`: neither sign nor verify, for a test bench.
    `absent_codes`: ResultCodes to a state request that mean "never had it"; without any a doubt waits for a person.
    """

    url: str
    source: str
    platform: str
    form: Literal["2018", "2023"] = "2018"
    sender_name: str = ""
    event_type: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    monitors: tuple[str, ...] = ()
    terminal_reports: bool = False
    key_provider: str = "file"
    key_file: str = ""
    key: str = ""
    certificate: str = ""
    issuer: str = ""
    peer_key_file: str = ""
    signature_covers: Covers = "envelope"
    unsigned: bool = False
    absent_codes: tuple[int, ...] = ()
    concurrency: Annotated[int, msgspec.Meta(ge=2, le=64)] = 8
    heartbeat_s: Seconds = 60.0
    timeout_s: Seconds = 10.0
    connect_s: Seconds = 3.0
    query_s: Annotated[float, msgspec.Meta(gt=0, le=18)] = 15.0
    receipt_q95_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 120.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_address()
        for name, code in (("source", self.source), ("platform", self.platform), *(("monitors", code) for code in self.monitors)):
            digits = DIGITS[self.form]
            if ebrid(code) != code or len(code) != digits:
                raise ValueError(f"{name} {code!r} has not the {digits} digits of a resource code of the {self.form} form")
        if self.event_type and not _EVENT_TYPE.fullmatch(self.event_type):
            raise ValueError(f"event_type {self.event_type!r} is not a code of five such as 11B01")
        self._check_meanings()
        self._check_signing()

    def _check_address(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url {self.url!r} is not an http or https address such as http://10.8.0.2:8080/ebd")
        if parts.username is not None or parts.password is not None:
            raise ValueError(f"url of {parts.hostname} carries a name or password, which would stand in every log")

    def _check_meanings(self) -> None:
        for code in self.absent_codes:
            if code in _WELL:
                raise ValueError(
                    f"absent_codes holds {code}, which says that the platform has it: what is in doubt would be started twice; "
                    "give codes of a refusal, for example absent_codes = [5]"
                )
        for name, own in (("platform", self.platform), ("source", self.source)):
            if own in self.monitors:
                raise ValueError(
                    f"monitors holds {own}, which is {name}: all that it reports would count as heard; "
                    "give the codes of receivers of your own"
                )

    def _check_signing(self) -> None:
        if self.unsigned:
            return
        if fault := key_fault(self, "packets are"):
            raise ValueError(fault)
        for name in ("certificate", "issuer"):
            if not _NUMBER.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} {getattr(self, name)!r} is not a number of 12 digits, as the broadcast CA gave it")


def capabilities(settings: PlatformSettings) -> Capabilities:
    """What this platform lets us know: nothing beyond ACCEPTED where no report can come in."""
    highest = Evidence.ACCEPTED
    if settings.listen_port:
        highest = Evidence.DEVICE if settings.terminal_reports else Evidence.AIRED
    return Capabilities(
        form="ebm",
        evidence_max=highest,
        doubt=Doubt.ACTUATOR,
        concurrency=settings.concurrency,
        group=True,
        inbound=bool(settings.listen_port),
        human_audible=True,
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=settings.timeout_s + _BEYOND_ANSWER_S,
        needs=("ip",),
    )


def check(settings: PlatformSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """Keys that are none, by key of the settings. Raises: ConfigError: a file cannot be read."""
    return key_faults(settings, secret)
