"""What a modem in PDU mode does, as a far end to be examined against: commands in, lines out, a storage that outlives its hosts.

Sans I/O: the owner carries the octets and knows the time. Source: 3GPP TS 27.005 §3, TS 27.007 §7.2, §8.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fenghuo.errors import FrameError
from fenghuo_adapters.pdu_framing import Reported, read_submit, report_pdu
from fenghuo_adapters.short_message_framing import Concat, read_part

__all__ = ["FarModem"]

_MEMORY = "SM"
_ANSWERS = {
    "AT+CMEE?": "+CMEE: 1",
    "AT+CPIN?": "+CPIN: READY",
    "AT+CREG?": "+CREG: 0,1",
    "AT+CEREG?": "+CEREG: 0,1",
    "AT+CSQ": "+CSQ: 23,99",
    "AT+CIMI": "460001234567890",
}
_INVALID_PDU, _INVALID_INDEX, _UNASSIGNED = 304, 321, 1

Sent = Callable[[str, str, Concat | None, int], None]
"""Told of each submission: number, text, which part, reference."""


class FarModem:
    """`hosts`: where its lines go; each host has a reader of its own. `on_sent` hears what it sends, `on_emptied` a place that a host
    emptied; `bad_number` is refused for its own sake; `answers`: of other queries, by command. `is_hasty`: it stores each report before it
    answers for the submission; `refusals`: what its next submissions are answered, 0 for one that it takes."""

    def __init__(self, on_sent: Sent, on_emptied: Callable[[], None], now: Callable[[], float], *, bad_number: str = "") -> None:
        self.hosts: list[Callable[[bytes], None]] = []
        self.answers = dict(_ANSWERS)
        self.is_hasty = False
        self.refusals: list[int] = []
        self._on_sent = on_sent
        self._on_emptied = on_emptied
        self._now = now
        self._bad_number = bad_number
        self._stored: dict[int, str] = {}
        self._reference = 0
        self._taken_at: dict[int, float] = {}

    def host(self, put: Callable[[bytes], None]) -> FarHost:
        """A host has the line."""
        self.hosts.append(put)
        return FarHost(self, put)

    def report(self, number: str, reference: int, status: int) -> None:
        """The centre's report of a submission comes in."""
        at = self._now()
        self.store(report_pdu(Reported(reference, number, self._taken_at.get(reference, at), at, status)).digits)

    def store(self, digits: str) -> None:
        """Something comes in, PDU or not, and every host is told of its place."""
        place = min(set(range(1, len(self._stored) + 2)) - set(self._stored))  # the lowest that is free, as SIMs do
        self._stored[place] = digits
        for put in self.hosts:
            put(f'\r\n+CDSI: "{_MEMORY}",{place}\r\n'.encode())

    def submit(self, digits: str) -> str:
        """Take a PDU: the line that answers it."""
        try:
            submit, text = read_submit(digits)
        except (FrameError, UnicodeError):
            return f"+CMS ERROR: {_INVALID_PDU}"
        if submit.destination == self._bad_number:
            return f"+CMS ERROR: {_UNASSIGNED}"
        if self.refusals and (code := self.refusals.pop(0)):
            return f"+CMS ERROR: {code}"
        self._reference = (self._reference + 1) % 256
        self._taken_at[self._reference] = self._now()
        concat, _ = read_part(submit.part.octets, has_header=submit.part.has_header)
        self._on_sent(submit.destination, text, concat, self._reference)
        if self.is_hasty:
            self.report(submit.destination, self._reference, 0)
        return f"+CMGS: {self._reference}"

    def answer(self, command: str) -> list[str]:
        """The lines that answer any other command."""
        if command in self.answers:
            return [self.answers[command], "OK"]
        if command.startswith("AT+CMGL"):
            return [line for place in sorted(self._stored) for line in self._shown(f"+CMGL: {place},1", place)] + ["OK"]
        place = int(re.sub(r"\D", "", command) or 0)
        if command.startswith("AT+CMGR="):
            return [*self._shown("+CMGR: 1", place), "OK"] if place in self._stored else [f"+CMS ERROR: {_INVALID_INDEX}"]
        if command.startswith("AT+CMGD=") and self._stored.pop(place, None) is not None:
            self._on_emptied()
        return ["OK"]

    def _shown(self, head: str, place: int) -> list[str]:
        digits = self._stored[place]
        return [f"{head},,{len(digits) // 2 - 1}", digits]


class FarHost:
    """One host's line to the modem."""

    def __init__(self, modem: FarModem, put: Callable[[bytes], None]) -> None:
        self._modem = modem
        self._put = put
        self._held = b""
        self._awaits_pdu = False

    def gone(self) -> None:
        """It has left the line."""
        self._modem.hosts.remove(self._put)

    def feed(self, octets: bytes) -> None:
        self._held += octets
        while (found := re.search(rb"[\x1a\x1b]" if self._awaits_pdu else rb"\r", self._held)) is not None:
            taken, self._held = self._held[: found.start()], self._held[found.end() :]
            if self._awaits_pdu:
                self._awaits_pdu = False
                self._say(self._modem.submit(taken.decode("ascii", "replace")) if found[0] == b"\x1a" else "", "OK")
            else:
                self._command(taken.strip(b"\n\x1a\x1b ").decode("ascii", "replace"))

    def _command(self, command: str) -> None:
        if command.startswith("AT+CMGS="):
            self._awaits_pdu = True
            self._put(b"\r\n> ")
        elif command.startswith("AT"):
            self._say(*self._modem.answer(command))

    def _say(self, *lines: str) -> None:
        said = [line for line in lines if line]
        if said[0].startswith("+CMS ERROR"):
            said = said[:1]
        self._put(b"".join(f"\r\n{line}\r\n".encode() for line in said))
