"""The PDUs of the pty modem, in its own process: as libgammu and smspdudecoder read and write them, and nobody here."""

from __future__ import annotations

import binascii
import datetime as dt
import io

import gammu
from smspdudecoder.fields import SMSSubmit

__all__ = ["CENTRE", "deliveries", "octets_after_centre", "report", "text_of"]

CENTRE = "+8613800100500"


def octets_after_centre(digits: str) -> int:
    return len(digits) // 2 - 1 - int(digits[:2], 16)


def swapped(digits: str) -> str:
    padded = digits + "F" * (len(digits) % 2)
    return "".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2))


def report(number: str, reference: int, status: int) -> str:
    """A STATUS-REPORT written out by hand, since libgammu writes none; that libgammu reads it as meant is asserted."""
    digits = number.lstrip("+")
    now = dt.datetime.now(dt.timezone(dt.timedelta(hours=8)))
    stamp = "".join(swapped(pair) for pair in now.strftime("%y %m %d %H %M %S").split()) + "23"
    pdu = f"0006{reference:02X}{len(digits):02X}91{swapped(digits)}{stamp}{stamp}{status:02X}"
    read = gammu.DecodePDU(binascii.unhexlify(pdu), True)
    assert (read["Type"], read["MessageReference"], read["Number"]) == ("Status_Report", reference, number), read
    return pdu


def text_of(digits: str) -> str:
    return str(SMSSubmit.decode(io.StringIO(digits))["user_data"]["data"])


def deliveries(number: str, text: str) -> list[str]:
    """The DELIVERs of a text from a telephone."""
    parts = gammu.EncodeSMS({"Class": -1, "Unicode": not text.isascii(), "Entries": [{"ID": "ConcatenatedTextLong", "Buffer": text}]})
    for part in parts:
        # Without the type here too it writes the first octet of another PDU.
        part |= {"SMSC": {"Number": CENTRE}, "Number": number, "Type": "Deliver", "DateTime": dt.datetime.now()}  # noqa: DTZ005  libgammu takes local time
    return [binascii.hexlify(gammu.EncodePDU(part, "Deliver")).decode().upper() for part in parts]
