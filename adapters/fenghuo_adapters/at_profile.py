"""What a kind of modem wants: which commands set it up, what tells signal and registration, how long it may take. No alert, no I/O."""

from __future__ import annotations

import re

import msgspec

__all__ = ["Profile"]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of modem; the defaults are any cellular modem that keeps to TS 27.005 and 27.007. Times in seconds.

    `init`: commands after the ones that every modem gets (ATE0, +CMEE, +CMGF); one that begins with `-` may fail. `mark_query`: a query
    that every such modem answers with a line of its name, by which late answers are told from it. `storage`: where messages
    are kept. `notices`: +CNMI that stores what comes in; `notices_direct`: where a modem refuses that. `registration_queries`: any of
    them that answers with a stat of `registered` is enough. `signal_query` with `signal_pattern` (its first group is the number): the
    signal must be at least `signal_least` and none of `signal_unknown`; an empty query asks for none.
    `command_s`: longest answer of a modem that is well; `prompt_s`: until it takes a PDU; `send_s`: until it answers a submission.
    `poll_s`: between two looks at signal and storage. `reset_command`: what restarts it, `reset_s` later it answers again;
    `power_command`: program and arguments that take its power away and give it back, empty for none; `power_s` later it is back.
    `reopen_most_s`: longest wait between two attempts. `unregistered_reset_s`: without a network for so long it is restarted, 0: never.
    """

    init: tuple[str, ...] = ()
    mark_query: str = "AT+CMEE?"
    storage: str = "SM"
    notices: str = "AT+CNMI=2,1,0,2,0"
    notices_direct: str = "AT+CNMI=2,1,0,1,0"
    registration_queries: tuple[str, ...] = ("AT+CREG?", "AT+CEREG?")
    registered: tuple[int, ...] = (1, 5, 6, 7)
    signal_query: str = "AT+CSQ"
    signal_pattern: str = r"\+CSQ: *(\d+)"
    signal_least: float = 1.0
    signal_unknown: tuple[float, ...] = (99.0,)
    pin: str = ""
    centre: str = ""
    wants_report: bool = True
    wide_references: bool = False
    command_s: float = 5.0
    prompt_s: float = 10.0
    send_s: float = 60.0
    poll_s: float = 30.0
    reset_command: str = "AT+CFUN=1,1"
    reset_s: float = 10.0
    power_command: tuple[str, ...] = ()
    power_s: float = 20.0
    reopen_most_s: float = 30.0
    unregistered_reset_s: float = 0.0

    def signal_of(self, lines: tuple[str, ...]) -> float | None:
        """The signal that the answer to `signal_query` tells; None where it tells none."""
        for line in lines:
            match = re.search(self.signal_pattern, line)
            if match is not None:
                value = float(match[1])
                return None if value in self.signal_unknown else value
        return None
