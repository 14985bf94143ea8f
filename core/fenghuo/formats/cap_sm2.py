"""XML signatures by SM2 with SM3: which names mean it, whose key a certificate holds, and what that key signed.

The library of the curve is the extra `gm`, imported for the first such signature. No published list gives SM2 an identifier for XML, so an
algorithm is known by the end of its name: sm2-sm3, sm2-with-sm3 or the object identifier of GM/T 0006. Sources: security.md §5.4;
GB/T 32918.2, GB/T 32905, GM/T 0009 (the default id); XML Signature Syntax and Processing 1.1, §4.4-§4.5.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree

from fenghuo.formats.cap_part import DSIG
from fenghuo.formats.xml_gate import remove_element

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["has_sm2", "is_sm2", "sm2_point", "sm2_signed"]

_METHODS = frozenset(("sm2-sm3", "sm2-with-sm3", "1.2.156.10197.1.501"))
_SM3 = frozenset(("sm3", "1.2.156.10197.1.401"))
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_CANONICAL = frozenset((_EXCLUSIVE, _INCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11"))
_USER_ID = b"1234567812345678"
_HALF = 32
# In a certificate: the object identifier of the curve, then a bit string of 66 octets without unused bits: an uncompressed point.
_KEY = re.compile(re.escape(bytes.fromhex("06082a811ccf5501822d 03420004")) + b"(.{64})", re.DOTALL)


def has_sm2() -> bool:
    """Whether the extra `gm` is installed."""
    return importlib.util.find_spec("gmalg") is not None


def is_sm2(method: str) -> bool:
    """Whether an algorithm's name means a signature by SM2 over SM3."""
    return _end_of(method) in _METHODS


def sm2_point(certificate: x509.Certificate) -> bytes | None:
    """The public key of a certificate, x and y, if it is one of SM2; None for any other, and where two could be meant."""
    found = _KEY.findall(certificate.tbs_certificate_bytes)
    return bytes(found[0]) if len(found) == 1 else None


def sm2_signed(alert: etree._Element, index: int, point: bytes) -> bytes | None:
    """The alert, canonical, if the key `point` made its signature number `index`; None if not.

    One Reference, to the whole alert, and plain transforms are the caller's to have seen (refuse_wrapping). Some ten milliseconds.
    """
    tree = deepcopy(alert)
    signature = tree.findall(_name("Signature"))[index]
    info = signature.find(_name("SignedInfo"))
    value = _octets(signature.find(_name("SignatureValue")))
    if info is None or not value:
        return None
    said = _canonical(info, info.find(_name("CanonicalizationMethod")))
    reference = info.find(_name("Reference"))
    if said is None or reference is None or not _is_by(point, said, value):
        return None
    remove_element(signature)
    transforms = [one for one in reference.iter(_name("Transform")) if one.get("Algorithm", "") in _CANONICAL]
    whole = _canonical(tree, transforms[-1] if transforms else None, default=_INCLUSIVE)
    return whole if whole is not None and _digest(whole, reference) == _octets(reference.find(_name("DigestValue"))) else None


def _is_by(point: bytes, said: bytes, value: bytes) -> bool:
    """Whether the key signed these octets. `value`: r and s side by side, as XML has them, or the sequence that most tools write."""
    import gmalg  # noqa: PLC0415  an extra, and nobody else pays for it
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415  as above

    try:
        if len(value) != 2 * _HALF:
            value = b"".join(half.to_bytes(_HALF, "big") for half in decode_dss_signature(value))
        sm2 = gmalg.SM2(uid=_USER_ID, pk=b"\x04" + point)
        return bool(sm2.verify_pk(b"\x04" + point) and sm2.verify(said, value[:_HALF], value[_HALF:]))
    except (ValueError, OverflowError, gmalg.errors.GMError):
        return False


def _digest(octets: bytes, reference: etree._Element) -> bytes | None:
    """SM3 or SHA-256, as the reference says; None for anything else."""
    from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash  # noqa: PLC0415  as above

    method = reference.find(_name("DigestMethod"))
    name = method.get("Algorithm", "") if method is not None else ""
    if name != _SHA256 and _end_of(name) not in _SM3:
        return None
    digest = Hash(SHA256() if name == _SHA256 else SM3())
    digest.update(octets)
    return digest.finalize()


def _canonical(element: etree._Element, method: etree._Element | None, *, default: str = "") -> bytes | None:
    """The octets of an element by a method of canonical form without comments; None for any other method."""
    name = method.get("Algorithm", "") if method is not None else default
    if name not in _CANONICAL:
        return None
    is_exclusive = name == _EXCLUSIVE
    prefixes = list(_prefixes(method)) if method is not None and is_exclusive else []
    return etree.tostring(element, method="c14n", exclusive=is_exclusive, with_comments=False, inclusive_ns_prefixes=prefixes or None)


def _prefixes(method: etree._Element) -> Iterator[str]:
    for one in method.iter(f"{{{_EXCLUSIVE}}}InclusiveNamespaces"):
        yield from one.get("PrefixList", "").split()


def _octets(element: etree._Element | None) -> bytes:
    """What base64 in an element stands for; nothing if it is none."""
    if element is None or not element.text:
        return b""
    try:
        return base64.b64decode("".join(element.text.split()), validate=True)
    except binascii.Error:
        return b""


def _end_of(name: str) -> str:
    return re.split("[#:/]", name)[-1].lower()


def _name(local: str) -> str:
    return f"{{{DSIG}}}{local}"
