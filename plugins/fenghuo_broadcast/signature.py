"""The signature file beside an envelope: SM2 over SM3, with the instant and the certificate number that go into its value.

SignatureValue: 74 octets in base64 = UTC seconds u32 + certificate number 6 BCD + 64 of SM2 (verified on captured files of 2018).
Source: GD/J 081-2018, GY/T 389-2023.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Literal

import msgspec
from lxml import etree

from fenghuo import FormatError
from fenghuo.formats.xml_gate import element_name, open_document

__all__ = ["Certificate", "Covers", "Stamp", "covered", "read_stamp", "signature_file"]

Covers = Literal["envelope", "stamp+envelope"]
"""What is signed: the envelope's octets, or the ten octets of instant and certificate before them. Platforms differ."""
_STAMP = 10
_VALUE = 74


class Certificate(msgspec.Struct, frozen=True):
    """Whose key it is, by the numbers that the broadcast CA gave: 12 digits each."""

    number: str
    issuer: str
    kind: str = "1"


class Stamp(msgspec.Struct, frozen=True):
    """What a signature file says: of which envelope, by which certificate, when (UTC seconds), and the signature itself."""

    envelope: str
    certificate: str
    at: int
    signature: bytes


def covered(envelope: bytes, at: int, certificate: str, covers: Covers) -> bytes:
    """The octets that are signed."""
    return _stamp(at, certificate) + envelope if covers == "stamp+envelope" else envelope


def signature_file(envelope: str, certificate: Certificate, at: int, sign: Callable[[], bytes]) -> bytes:
    """The file for the envelope with this EBDID; `sign` gives the 64 octets."""
    root = etree.Element("Signature")
    etree.SubElement(root, "Version").text = "1.0"
    etree.SubElement(etree.SubElement(root, "RelatedEBD"), "EBDID").text = envelope
    owner = etree.SubElement(root, "SignatureCert")
    etree.SubElement(owner, "CertType").text = certificate.kind
    etree.SubElement(owner, "IssuerID").text = certificate.issuer
    etree.SubElement(owner, "CertSN").text = certificate.number
    value = base64.b64encode(_stamp(at, certificate.number) + sign()).decode()
    for name, text in (
        ("SignatureTime", f"{at:08x}"),
        ("DigestAlgorithm", "SM3"),
        ("SignatureAlgorithm", "SM2"),
        ("SignatureValue", value),
    ):
        etree.SubElement(root, name).text = text
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def read_stamp(octets: bytes) -> Stamp:
    """Raises: FormatError("signature"): not such a file, another algorithm, or a value that contradicts what stands beside it."""
    root = open_document(octets).root
    said = {element_name(element)[1]: (element.text or "").strip() for element in root.iter()}
    if (said.get("DigestAlgorithm"), said.get("SignatureAlgorithm")) != ("SM3", "SM2"):
        raise _refused("is not by SM2 over SM3")
    try:
        value = base64.b64decode(said.get("SignatureValue", ""), validate=True)
        at = int(said.get("SignatureTime", ""), 16)
    except (binascii.Error, ValueError):
        raise _refused("has a value or an instant that cannot be read") from None
    certificate = said.get("CertSN", "")
    if len(value) != _VALUE or not _is_number(certificate) or value[:_STAMP] != _stamp(at, certificate):
        raise _refused("has a value that contradicts its instant or certificate")
    return Stamp(said.get("EBDID", ""), certificate, at, value[_STAMP:])


def _stamp(at: int, certificate: str) -> bytes:
    return (at & 0xFFFFFFFF).to_bytes(4, "big") + bytes.fromhex(certificate)


def _is_number(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def _refused(why: str) -> FormatError:
    return FormatError(f"the signature file {why}", code="signature")
