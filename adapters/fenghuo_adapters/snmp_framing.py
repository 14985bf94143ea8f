"""SNMPv2c: one GET as octets, and the one value in its answer. No I/O. Source: RFC 3416; octets by pysnmp and pyasn1."""

from __future__ import annotations

import math
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto import api

from fenghuo.errors import FrameError

__all__ = ["get_request", "oid", "read_answer"]

_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
_NO_VALUE = {"NoSuchObject", "NoSuchInstance", "EndOfMibView"}


def oid(text: str) -> tuple[int, ...]:
    """The numbers of a dotted OID. Raises: ValueError with a sentence."""
    numbers = text.strip().lstrip(".").split(".")
    if len(numbers) < 2 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"oid {text!r} is no object identifier in numbers such as 1.3.6.1.4.1.6247.1.2.0")
    return tuple(int(number) for number in numbers)


def get_request(number: int, community: str, asked: tuple[int, ...]) -> bytes:
    """A GET for one object. `number`: the request-id, 1 to 2**31 - 1."""
    pdu = _V2C.GetRequestPDU()
    _V2C.apiPDU.set_defaults(pdu)
    _V2C.apiPDU.set_request_id(pdu, number)
    _V2C.apiPDU.set_varbinds(pdu, [(asked, _V2C.Null(""))])
    message = _V2C.Message()
    _V2C.apiMessage.set_defaults(message)
    _V2C.apiMessage.set_community(message, community)
    _V2C.apiMessage.set_pdu(message, pdu)
    return bytes(encoder.encode(message))


def read_answer(octets: bytes, number: int) -> float | None:
    """The value answered to request `number`; None: an answer to another one. A text is read as a number ("8.6 dB").
    Raises: FrameError: no SNMP, an error of the agent, or no number."""
    try:
        message, _ = decoder.decode(octets, asn1Spec=_V2C.Message())
        pdu = _V2C.apiMessage.get_pdu(message)
        if not pdu.isSameTypeWith(_V2C.ResponsePDU()) or int(_V2C.apiPDU.get_request_id(pdu)) != number:
            return None
        if status := int(_V2C.apiPDU.get_error_status(pdu)):
            raise FrameError(f"the agent answers with error status {status}", code="snmp-error")
        _, value = _V2C.apiPDU.get_varbinds(pdu)[0]
    except (PyAsn1Error, IndexError) as exc:
        raise FrameError(f"no SNMP message: {exc}", code="snmp") from exc
    if type(value).__name__ in _NO_VALUE:
        raise FrameError("the agent knows no such object; look at the OID", code="snmp-no-object")
    return _number(value)


def _number(value: Any) -> float:
    """Of a pysnmp value: a kind of integer, or octets that tell a number as text."""
    number = math.nan
    try:
        number = float(bytes(value).decode("ascii", "replace").split()[0]) if isinstance(value, _V2C.OctetString) else float(int(value))
    except (TypeError, ValueError, IndexError, OverflowError):
        pass
    if not math.isfinite(number):
        raise FrameError(f"the agent answers {value!r}, which is no number", code="snmp-no-number")
    return number
