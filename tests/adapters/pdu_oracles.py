"""Three other readers and writers of short message PDUs, in a process of their own: `python pdu_oracles.py`, a line of JSON each.

libgammu (GPL), python-gsmmodem (LGPL) and smspdudecoder (MIT). Known of them: libgammu doubles each `~`, and fills a text in the GSM
alphabet up with stale memory where escapes made it shorter; python-gsmmodem loses a character where a header ends with a septet;
smspdudecoder reads no reports.
"""

from __future__ import annotations

import binascii
import datetime as dt
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["ask"]


def ask(requests: Sequence[tuple[str, dict[str, Any]]]) -> list[Any]:
    """Their answers, in order. Raises: CalledProcessError with what one of them said."""
    lines = "".join(json.dumps([verb, arguments]) + "\n" for verb, arguments in requests)
    done = subprocess.run([sys.executable, "-W", "ignore", __file__], input=lines, capture_output=True, text=True, timeout=40, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _gammu(digits: str) -> dict[str, Any]:
    read = gammu.DecodePDU(binascii.unhexlify(digits), True)
    header = read["UDH"]
    return {
        "type": read["Type"],
        "number": read["Number"],
        "text": read["Text"].replace("~~", "~"),
        "part": header["PartNumber"],
        "parts": header["AllParts"],
        "reference": header["ID16bit"] if header["ID16bit"] != -1 else header["ID8bit"],
        "mr": read["MessageReference"],
        "status": read["DeliveryStatus"],
    }


def _smspdudecoder(digits: str, *, kind: str) -> dict[str, Any]:
    read = {"submit": SMSSubmit, "deliver": SMSDeliver}[kind].decode(io.StringIO(digits))
    party = read["recipient" if kind == "submit" else "sender"]
    return {"number": party["number"], "text": read["user_data"]["data"]}


def _gsmmodem(digits: str) -> dict[str, Any]:
    read = pdu.decodeSmsPdu(digits)
    at = read["time"].timestamp() if "time" in read else None
    return {
        "type": read["type"],
        "number": read.get("number"),
        "text": read.get("text"),
        "at": at,
        "mr": read.get("reference"),
        "status": read.get("status"),
    }


def _gsmmodem_submits(number: str, text: str, reference: int) -> list[str]:
    written = pdu.encodeSmsSubmitPdu(number, text, reference=reference, requestStatusReport=True)
    return [binascii.hexlify(bytes(one.data)).decode().upper() for one in written]


def _gammu_delivers(number: str, text: str) -> list[str]:
    parts = gammu.EncodeSMS(
        {"Class": -1, "Unicode": not text.isascii(), "Entries": [{"ID": "ConcatenatedTextLong", "Buffer": text.replace("~", "~~")}]}
    )
    found = []
    for part in parts:
        at = dt.datetime(2026, 11, 24, 18, 5)  # noqa: DTZ001  libgammu takes local time
        part |= {"SMSC": {"Number": "+8613800100500"}, "Number": number, "Type": "Deliver", "DateTime": at}
        found.append(binascii.hexlify(gammu.EncodePDU(part, "Deliver")).decode().upper())
    return found


if __name__ == "__main__":
    import gammu
    from gsmmodem import pdu
    from smspdudecoder.fields import SMSDeliver, SMSSubmit

    VERBS: dict[str, Callable[..., Any]] = {
        "gammu": _gammu,
        "smspdudecoder": _smspdudecoder,
        "gsmmodem": _gsmmodem,
        "gsmmodem_submits": _gsmmodem_submits,
        "gammu_delivers": _gammu_delivers,
    }
    for line in sys.stdin:
        verb, arguments = json.loads(line)
        print(json.dumps(VERBS[verb](**arguments), default=str))
