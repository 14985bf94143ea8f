"""What the pty modem says and stores, in its own process: TS 27.005 as far as gammu, gammu-smsd, smstools and Kannel ask for it."""

from __future__ import annotations

import asyncio
import binascii
import json
import re
from collections.abc import Callable
from typing import Any

import gammu

from tests.peers.atmodem_pdus import CENTRE, octets_after_centre, report, text_of

__all__ = ["Modem", "emit"]

MEMORY = "SM"
FIXED = {
    "+CGMI": "Fenghuo-Lab",
    "+GMI": "Fenghuo-Lab",
    "+CGMM": "PTY1",
    "+GMM": "PTY1",
    "+CGMR": "R1",
    "+GMR": "R1",
    "+CGSN": "490154203237518",
    "+GSN": "490154203237518",
    "+CSMS?": "+CSMS: 1,1,1,1",
    "+CSMS=?": "+CSMS: (0,1)",
    "+CMGF=?": "+CMGF: (0,1)",
    "+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")',
    "+CNMI=?": "+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)",
    "+CMGL=?": "+CMGL: (0-4)",
    "+CSCA?": f'+CSCA: "{CENTRE}",145',
    "+CSCS=?": '+CSCS: ("GSM","UCS2","IRA")',
    "+CSCS?": '+CSCS: "GSM"',
    "+COPS?": '+COPS: 0,2,"46000",7',
    "+GCAP": "+GCAP: +CGSM",
    "+CBC": "+CBC: 0,100",
    "+CFUN?": "+CFUN: 1",
    "+CMEE?": "+CMEE: 1",
}
SILENT = re.compile(
    r"(Z|&F|H|I|V1|Q0|E0|E1|[SEVQX&]\d*.*|\+(CMEE|CSCS|CSCA|CRC|CLIP|CREG|CEREG|CGREG|CSMP|COPS|CMMS|CNMA|CSDH|CUSD|CCID|CLVL).*|)$"
)


def emit(what: str, **more: Any) -> None:
    print(json.dumps({"what": what, **more}, ensure_ascii=False), flush=True)


class Modem:
    """One modem: what it stores and how it behaves outlives the cable."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self.put = put
        self.stored: dict[int, tuple[str, int]] = {}  # place → (PDU, 0 unread or 1 read)
        self.how: dict[str, Any] = {
            "reg": 1, "csq": 20, "imsi": "460001234567890", "pin": "", "room": 50, "errors": [],
            "delay_s": 0.0, "report_s": 0.3, "reset_s": 0.2, "silent": False, "hasty": False,
            "hang": False, "hang_until_reset": False, "no_prompt": False, "no_store": False,
        }  # fmt: skip
        self.reference = 0
        self.restarted()

    def restarted(self) -> None:
        """What it forgets at a reset."""
        self.notices = [0, 0, 0, 0, 0]
        self.is_pdu, self.echo, self.is_unlocked = False, True, not self.how["pin"]
        self.held = b""
        self.awaited: int | str | None = None
        self.is_sending = self.tells_registration = False
        if self.how["hang_until_reset"]:
            self.how["hang"] = self.how["hang_until_reset"] = False

    def say(self, line: str) -> None:
        if not self.how["hang"]:
            self.put(f"\r\n{line}\r\n".encode())

    def feed(self, octets: bytes) -> None:
        if self.how["hang"]:
            self.held = b""
            if self.how["hang_until_reset"] and b"+CFUN=1,1" in octets:
                self.reset()
            return
        if self.echo and self.awaited is None:
            self.put(octets)
        self.held += octets
        self._go_on()

    def _go_on(self) -> None:
        """Take what came, one thing after the other; while it sends, nothing else is answered."""
        while not self.is_sending and self._step():
            pass

    def _step(self) -> bool:
        """Take one command or one PDU off what came."""
        ends = b"\x1a\x1b" if self.awaited is not None else b"\r"
        found = re.search(b"[" + re.escape(ends) + b"]", self.held)
        if found is None:
            return False
        taken, end, self.held = self.held[: found.start()], found[0], self.held[found.end() :]
        if self.awaited is not None:
            self._body(taken, end)
        else:
            self._command(taken.strip(b"\n\0 \x1a\x1b").decode("latin-1"))
        return True

    def _body(self, taken: bytes, end: bytes) -> None:
        awaited, self.awaited = self.awaited, None
        if end == b"\x1b":
            self.say("OK")
            return
        digits = re.sub(rb"\s", b"", taken).decode()
        try:
            if not self.is_pdu:
                raise ValueError("text mode")
            if octets_after_centre(digits) != awaited:
                raise ValueError(f"{octets_after_centre(digits)} octets after {awaited} were announced")
            read = gammu.DecodePDU(binascii.unhexlify(digits), True)
        except Exception as bad:  # noqa: BLE001  whatever libgammu raises, the modem refuses the PDU
            emit("BAD", pdu=digits, why=repr(bad))
            self.say("+CMS ERROR: 304")
            return
        self._submitted(read, digits)

    def _submitted(self, read: dict[str, Any], digits: str) -> None:
        number = read["Number"]
        if number.endswith("66"):
            emit("REFUSED", to=number)
            self.say("+CMS ERROR: 1")
            return
        if self.how["errors"]:
            code = self.how["errors"].pop(0)
            emit("REFUSED", to=number)
            self.say(f"+CMS ERROR: {code}")
            return
        self.reference = (self.reference + 1) % 256
        reference = self.reference
        first = int(digits[2 + 2 * int(digits[:2], 16) :][:2], 16)
        header = read["UDH"]
        emit(
            "SUBMIT", to=number, text=text_of(digits), part=max(1, header["PartNumber"]), parts=max(1, header["AllParts"]),
            reference=reference, wants_report=bool(first & 0x20), coding=read["Coding"], pdu=digits, at=asyncio.get_running_loop().time(),
        )  # fmt: skip
        wants = bool(first & 0x20) and not self.how["silent"]
        if wants and self.how["hasty"]:
            self.report(number, reference, 0x00)
        self.is_sending = True
        asyncio.get_running_loop().call_later(self.how["delay_s"], self._answer, reference)
        if wants and not self.how["hasty"]:
            status = 0x46 if number.endswith("99") else 0x00
            asyncio.get_running_loop().call_later(self.how["delay_s"] + self.how["report_s"], self.report, number, reference, status)

    def _answer(self, reference: int) -> None:
        self.is_sending = False
        self.say(f"+CMGS: {reference}")
        self.say("OK")
        self._go_on()

    def report(self, number: str, reference: int, status: int) -> None:
        digits = report(number, reference, status)
        emit("REPORT", to=number, reference=reference, status=status)
        match self.notices[3]:
            case 1:
                self.say(f"+CDS: {octets_after_centre(digits)}\r\n{digits}")
            case 2:
                self.say(f'+CDSI: "{MEMORY}",{self._store(digits)}')
            case _:
                self._store(digits)

    def messages(self, pdus: list[str]) -> None:
        for digits in pdus:
            self.message(digits)

    def message(self, digits: str) -> None:
        if self.notices[1] == 2:
            self.say(f"+CMT: ,{octets_after_centre(digits)}\r\n{digits}")
            return
        place = self._store(digits)
        if self.notices[1] == 1:
            self.say(f'+CMTI: "{MEMORY}",{place}')

    def _store(self, digits: str) -> int:
        place = min(set(range(1, len(self.stored) + 2)) - set(self.stored))
        self.stored[place] = (digits, 0)
        return place

    def register(self, stat: int) -> None:
        """Told unasked only to who asked for that."""
        self.how["reg"] = stat
        if self.tells_registration:
            self.say(f"+CREG: {stat}")

    def reset(self) -> None:
        """Gone for a moment, then as after power-on."""
        emit("RESET")
        self.how["hang"] = True

        def back() -> None:
            self.how["hang"] = False
            self.restarted()

        asyncio.get_running_loop().call_later(self.how["reset_s"], back)

    def _command(self, text: str) -> None:
        if text[:2].upper() != "AT":
            return
        emit("AT", text=text)
        word = text[2:].upper()
        for name, act in self._table():
            if word.startswith(name):
                act(text[2 + len(name) :])
                return
        if word in FIXED:
            self.say(FIXED[word])
            self.say("OK")
        elif SILENT.match(word):
            self.echo = {"E0": False, "E1": True}.get(word, self.echo)
            self.say("OK")
        else:
            self.say("ERROR")

    def _table(self) -> list[tuple[str, Callable[[str], None]]]:
        how = self.how
        return [
            ("+CSQ", lambda _: self._tell(f"+CSQ: {how['csq']},99")),
            ("+CREG?", lambda _: self._tell(f"+CREG: 0,{how['reg']}")),
            ("+CEREG?", lambda _: self._tell(f"+CEREG: 0,{how['reg']}")),
            ("+CGREG?", lambda _: self._tell(f"+CGREG: 0,{how['reg']}")),
            ("+CREG=", self._tell_registration),
            ("+CIMI", lambda _: self._tell(how["imsi"])),
            ("+CPIN?", lambda _: self._tell("+CPIN: READY" if self.is_unlocked else "+CPIN: SIM PIN")),
            ("+CPIN=", self._unlock),
            ("+CFUN=1,1", lambda _: self._restart()),
            ("+CFUN=", lambda _: self.say("OK")),
            ("+CMGF=?", lambda _: self._tell(FIXED["+CMGF=?"])),
            ("+CMGF=", self._format),
            ("+CMGF?", lambda _: self._tell(f"+CMGF: {int(not self.is_pdu)}")),
            ("+CNMI=?", lambda _: self._tell(FIXED["+CNMI=?"])),
            ("+CNMI=", self._notices),
            ("+CNMI?", lambda _: self._tell("+CNMI: " + ",".join(map(str, self.notices)))),
            ("+CSMS=?", lambda _: self._tell(FIXED["+CSMS=?"])),
            ("+CSMS=", lambda _: self._tell("+CSMS: 1,1,1")),
            ("+CPMS=?", lambda _: self._tell(FIXED["+CPMS=?"])),
            ("+CPMS?", lambda _: self._tell(f'+CPMS: "{MEMORY}",{self._usage()},"{MEMORY}",{self._usage()},"{MEMORY}",{self._usage()}')),
            ("+CPMS=", lambda _: self._tell(f"+CPMS: {self._usage()},{self._usage()},{self._usage()}")),
            ("+CMGS=", self._submit),
            ("+CMGL=?", lambda _: self._tell(FIXED["+CMGL=?"])),
            ("+CMGL", self._list),
            ("+CMGR=", self._read),
            ("+CMGD=", self._delete),
        ]

    def _tell_registration(self, rest: str) -> None:
        self.tells_registration = rest.strip() != "0"
        self.say("OK")

    def _restart(self) -> None:
        self.say("OK")
        self.reset()

    def _tell(self, line: str) -> None:
        self.say(line)
        self.say("OK")

    def _usage(self) -> str:
        return f"{len(self.stored)},{self.how['room']}"

    def _unlock(self, rest: str) -> None:
        self.is_unlocked = rest.strip('"') == self.how["pin"]
        self.say("OK" if self.is_unlocked else "+CME ERROR: 16")

    def _format(self, rest: str) -> None:
        self.is_pdu = rest.strip() == "0"
        self.say("OK")

    def _notices(self, rest: str) -> None:
        wanted = [int(field) for field in rest.split(",") if field.strip()]
        wanted += [0] * (5 - len(wanted))
        if self.how["no_store"] and wanted[3] == 2:
            self.say("+CMS ERROR: 303")
            return
        self.notices = wanted
        self.say("OK")

    def _submit(self, rest: str) -> None:
        if self.how["reg"] not in (1, 5):
            self.say("+CMS ERROR: 331")
        elif not self.how["no_prompt"]:
            self.awaited = int(rest) if rest.strip().isdigit() else rest
            self.put(b"\r\n> ")

    def _list(self, _: str) -> None:
        for place, (digits, state) in sorted(self.stored.items()):
            self.say(f"+CMGL: {place},{state},,{octets_after_centre(digits)}\r\n{digits}")
            self.stored[place] = (digits, 1)
        self.say("OK")

    def _read(self, rest: str) -> None:
        found = self.stored.get(int(rest))
        if found is None:
            self.say("+CMS ERROR: 321")
            return
        digits, state = found
        self.stored[int(rest)] = (digits, 1)
        self.say(f"+CMGR: {state},,{octets_after_centre(digits)}\r\n{digits}")
        self.say("OK")

    def _delete(self, rest: str) -> None:
        place, *_ = rest.split(",")
        digits, _ = self.stored.pop(int(place), ("", 0))
        emit("DELETED", place=int(place), pdu=digits)
        self.say("OK")
