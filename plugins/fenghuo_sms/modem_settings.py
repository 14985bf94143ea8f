"""Settings of an SMS channel over modems: `[channels.NAME.settings]` with type "sms.at"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from fenghuo_adapters.at_lines import check_centre, check_commands, check_device
from fenghuo_adapters.at_pin import pin_fault
from fenghuo_adapters.at_profile import Profile

__all__ = ["WATTS_TRANSMIT", "ModemSettings", "check"]

WATTS_TRANSMIT = 3.0
"""What a modem draws while it sends; the standards leave it 2 W at the antenna."""


class ModemSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pool of modems that all serve one audience.

    `devices`: a serial device each (/dev/serial/by-id/…), or tcp://HOST:PORT for one behind a serial server; `baud`: of the serial ones.
    `pin_file`: file with the SIMs' PIN, empty where they have none. `centre`: number of the short message centre, empty for the SIM's.
    `reports`: ask for a delivery report of each part; without them nothing above ACCEPTED is claimed. `wide_references`: long texts
    under 16-bit references, a character less in a part. `init`: commands of this kind of modem after the usual ones, `-` before one that
    may fail. `storage`: where it keeps what comes in, "SM" or "ME"; `notices`: the command that has it stored and announced,
    `notices_direct`: one for modems that refuse that. `signal_least`: +CSQ below it counts as none. `command_s`, `prompt_s`, `send_s`:
    longest answers to a command, to AT+CMGS, to a submission. `poll_s`: between two looks at registration, signal and storage.
    `reset_command`, `reset_s`: restarts it and how long that takes; `power_command`, `power_s`: program and arguments that switch its
    power off and on, empty for none. `reopen_most_s`: longest wait between two openings. `unregistered_reset_s`: a modem without a network
    for so long is restarted, 0 for never. `part_s`: typical seconds of one part. `receipt_q95_s`: 95 % of delivery reports have come by
    then. `fee_fen`: ¥0.01 a part.
    """

    devices: tuple[str, ...]
    baud: int = 115_200
    pin_file: str = ""
    centre: str = ""
    reports: bool = True
    wide_references: bool = False
    init: tuple[str, ...] = ()
    storage: str = "SM"
    notices: str = "AT+CNMI=2,1,0,2,0"
    notices_direct: str = "AT+CNMI=2,1,0,1,0"
    signal_least: float = 1.0
    command_s: float = 5.0
    prompt_s: float = 10.0
    send_s: float = 60.0
    poll_s: float = 30.0
    reset_command: str = "AT+CFUN=1,1"
    reset_s: float = 10.0
    power_command: tuple[str, ...] = ()
    power_s: float = 20.0
    open_s: float = 5.0
    reopen_most_s: float = 30.0
    unregistered_reset_s: float = 600.0
    part_s: float = 4.0
    receipt_q95_s: float = 60.0
    fee_fen: float = 10.0

    def __post_init__(self) -> None:
        self._check_devices()
        self._check_words()
        self._check_numbers()

    def _check_devices(self) -> None:
        if not self.devices:
            raise ValueError('devices is empty; name at least one modem, for example devices = ["/dev/ttyUSB2"]')
        for device in self.devices:
            check_device("devices", device)
        if len(set(self.devices)) < len(self.devices):
            raise ValueError("devices names a modem twice; each can be opened once")

    def _check_words(self) -> None:
        check_centre(self.centre)
        if not re.fullmatch(r"[A-Z]{0,2}", self.storage):
            raise ValueError(f'storage {self.storage!r} is no storage of a modem; it is "SM", "ME" or empty for what it uses anyway')
        check_commands((*self.init, self.notices, self.notices_direct, self.reset_command))

    def _check_numbers(self) -> None:
        for name in ("fee_fen", "signal_least", "reset_s", "power_s", "unregistered_reset_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} {getattr(self, name)} may not be negative")
        for name in ("baud", "command_s", "prompt_s", "send_s", "poll_s", "open_s", "reopen_most_s", "part_s", "receipt_q95_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} {getattr(self, name)} must be greater than 0")

    def profile(self, pin: str) -> Profile:
        """These settings as the modem layer takes them."""
        return Profile(
            init=self.init,
            storage=self.storage,
            notices=self.notices,
            notices_direct=self.notices_direct,
            signal_least=self.signal_least,
            pin=pin,
            centre=self.centre,
            wants_report=self.reports,
            wide_references=self.wide_references,
            command_s=self.command_s,
            prompt_s=self.prompt_s,
            send_s=self.send_s,
            poll_s=self.poll_s,
            reset_command=self.reset_command,
            reset_s=self.reset_s,
            power_command=self.power_command,
            power_s=self.power_s,
            reopen_most_s=self.reopen_most_s,
            unregistered_reset_s=self.unregistered_reset_s,
        )


def check(settings: ModemSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse, by key. Raises: ConfigError when the file cannot be read."""
    fault = pin_fault(secret(settings.pin_file)) if settings.pin_file else ""
    return {"pin_file": fault} if fault else {}
