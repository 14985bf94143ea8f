"""XML signatures of an alert: verified as received, with keys pinned for its source, and nothing trusted but what was signed.

A certificate inside the document proves that it is whole, never who spoke. Sources: security.md §5, wire-formats.md §1.5;
XML Signature Syntax and Processing 1.1, §4.4-§4.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from lxml import etree

from fenghuo.errors import CapError
from fenghuo.formats.cap_part import DSIG
from fenghuo.formats.cap_sm2 import has_sm2, is_sm2, sm2_point, sm2_signed
from fenghuo.formats.xml_gate import element_name, remove_element
from fenghuo.model.delivery import Verdict

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

__all__ = ["Signatures", "judge_signatures", "load_certificate", "refuse_wrapping"]

_SIGNATURE = f"{{{DSIG}}}Signature"
_ENVELOPED = f"{DSIG}enveloped-signature"
_TRANSFORMS = frozenset(
    (
        _ENVELOPED,
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
    )
)
_ID_NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")
MAX_SIGNATURES = 4
"""NAAD has two; each is verified against every pinned key."""
MIN_RSA_BITS = 2048


class Signatures(msgspec.Struct, frozen=True):
    """What was found: a verdict for each signature, or one that there is none; and the octets that a pinned key signed, canonical."""

    verdicts: tuple[Verdict, ...]
    signed: bytes | None = None


def refuse_wrapping(alert: etree._Element) -> None:
    """Raises: CapError("wrapping") for a signature that does not cover the whole alert it stands in, however good it is."""
    found = list(alert.iter(_SIGNATURE))
    if not found:
        return
    if any(signature.getparent() is not alert for signature in found):
        raise _wrapping("a signature stands where no alert is signed")
    if len(found) > MAX_SIGNATURES:
        raise _wrapping(f"there are {len(found)} signatures; at most {MAX_SIGNATURES} are looked at")
    ids = [value for element in alert.iter("*") for value in _ids(element)]
    if len(set(ids)) != len(ids):
        raise _wrapping("two elements have the same id")
    for signature in found:
        _refuse_reference(signature, frozenset(_ids(alert)))


def judge_signatures(alert: etree._Element, *, pinned: Sequence[bytes], at: datetime | None, allow_sha1: bool = False) -> Signatures:
    """Verify every signature of `alert`, the root of its own tree with comments and instructions as they came.

    `pinned`: certificates (PEM) of whoever may sign for this source; `at`: the instant of receipt, by which a certificate is
    judged once and for good; `allow_sha1`: take RSA with SHA-1, shown as weak. Source: security.md §5.4, §5.5.
    """
    count = len(_signatures(alert))
    if not count:
        detail = "this source signs its alerts, and this one is not signed" if pinned else ""
        return Signatures((Verdict("signature", "none", not pinned, detail),))
    desk = _Verifier(pinned, at, allow_sha1)
    judged = [desk.judge(alert, index) for index in range(count)]
    signed = next((octets for _, octets in judged if octets is not None), None)
    verdicts = tuple(verdict for verdict, _ in judged)
    if signed is not None:
        # One pinned and valid is enough; what is said of the others is kept, and holds nothing up.
        verdicts = tuple(msgspec.structs.replace(verdict, ok=True) for verdict in verdicts)
    return Signatures(verdicts, signed)


def load_certificate(pem: bytes) -> x509.Certificate:
    """A certificate from its PEM. Raises: ValueError."""
    from cryptography import x509  # noqa: PLC0415  only a signed alert pays for cryptography: start-up time

    return x509.load_pem_x509_certificate(pem)


def _wrapping(sentence: str) -> CapError:
    return CapError(f"{sentence}: this is how a signed alert is put around a forged one", code="wrapping", where="/alert/Signature")


def _ids(element: etree._Element) -> Iterator[str]:
    return (str(element.attrib[name]) for name in _ID_NAMES if name in element.attrib)


def _refuse_reference(signature: etree._Element, own: frozenset[str]) -> None:
    references = list(signature.iter(f"{{{DSIG}}}Reference"))
    if not references:
        return  # it signs nothing, and its verdict will say so
    if len(references) > 1:
        raise _wrapping(f"a signature has {len(references)} references; it must have one")
    target = references[0].get("URI", "")
    if target and target.removeprefix("#") not in own:
        raise _wrapping(f"a signature is of {target[:40]!r} and not of the alert")
    transforms = {element.get("Algorithm") for element in references[0].iter(f"{{{DSIG}}}Transform")}
    if not transforms <= _TRANSFORMS or _ENVELOPED not in transforms:
        raise _wrapping("a signature transforms the alert in a way that may hide parts of it")


class _Verifier:
    """Knows whose keys count, by what time, and which algorithms."""

    def __init__(self, pinned: Sequence[bytes], at: datetime | None, allow_sha1: bool) -> None:
        self._pinned = [load_certificate(pem) for pem in pinned]
        self._at = at
        self._allow_sha1 = allow_sha1

    def judge(self, alert: etree._Element, index: int) -> tuple[Verdict, bytes | None]:
        """The verdict on one signature, and what it signed if a pinned key did."""
        method = _algorithm(alert, index)
        is_weak = method.endswith("sha1")
        if is_sm2(method) and not has_sm2():
            return Verdict("signature", "unsupported", False, "SM2 in software needs the extra `gm`: pip install fenghuo[gm]"), None
        if not is_sm2(method) and not _is_supported(method, self._allow_sha1):
            return Verdict("signature", "unsupported", False, f"{method or 'its algorithm'} is not one that counts here"), None
        for certificate in self._pinned:
            signed = self._verified(alert, index, certificate)
            if signed is None:
                continue
            if self._is_over(certificate):
                return Verdict("signature", "expired-key", False, f"{_name(certificate)} was valid until {_until(certificate)}"), None
            return Verdict("signature", "valid", True, f"{_name(certificate)}{', SHA-1: weak' if is_weak else ''}"), signed
        return self._stranger(alert, index), None

    def _stranger(self, alert: etree._Element, index: int) -> Verdict:
        """No pinned key made it: whether it is at least whole under the key that it brings."""
        embedded = _embedded(alert, index)
        if embedded is not None and not _is_of_its_kind(_algorithm(alert, index), embedded):
            return Verdict("signature", "unsupported", False, "the key that it brings is of a kind that does not count here")
        is_whole = embedded is not None and self._verified(alert, index, embedded) is not None
        if embedded is not None and not is_whole:
            return Verdict("signature", "invalid", False, "the alert is not what was signed")
        who = f"whole under {_name(embedded)}, which is not pinned" if embedded is not None else "the signer's key is not known here"
        return Verdict("signature", "untrusted" if self._pinned else "no-pinned-key", False, who)

    def _verified(self, alert: etree._Element, index: int, certificate: x509.Certificate) -> bytes | None:
        """What `certificate` signed. Of two signatures the second may cover the first or not: both are tried."""
        method = _algorithm(alert, index)
        if not _is_of_its_kind(method, certificate) or not (is_sm2(method) or _is_strong(certificate)):
            return None
        signed = self._signed(deepcopy(alert), index, certificate)
        if signed is None and len(_signatures(alert)) > 1:
            signed = self._signed(_alone(alert, index), 0, certificate)
        return signed

    def _signed(self, tree: etree._Element, index: int, certificate: x509.Certificate) -> bytes | None:
        point = sm2_point(certificate) if is_sm2(_algorithm(tree, index)) else None
        if point is not None:
            return sm2_signed(tree, index, point)
        from signxml.algorithms import DigestAlgorithm, SignatureMethod  # noqa: PLC0415  as above
        from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier  # noqa: PLC0415  as above

        class Nth(XMLVerifier):  # the library looks at the first of several only
            def _get_signature(self, root: etree._Element) -> etree._Element:
                return _signatures(root)[index]

        methods = frozenset(one for one in SignatureMethod if _is_supported(one.value, self._allow_sha1))
        digests = frozenset(one for one in DigestAlgorithm if self._allow_sha1 or "SHA1" not in one.name)
        config = SignatureConfiguration(
            location="./",
            signature_methods=methods,
            digest_algorithms=digests,
            ignore_ambiguous_key_info=True,
            # A pinned key whose time is over is told apart from a bad signature by the caller.
            verification_time=min(max(self._now(certificate), certificate.not_valid_before_utc), certificate.not_valid_after_utc),
        )
        try:
            result = Nth().verify(tree, x509_cert=certificate, expect_config=config, validate_schema=False)
        except Exception:  # noqa: BLE001  the library raises TypeError and more at foreign octets: what it cannot verify is not verified
            return None
        if not isinstance(result, VerifyResult) or result.signed_xml is None:
            return None
        return result.signed_data if element_name(result.signed_xml) == element_name(tree) else None

    def _now(self, certificate: x509.Certificate) -> datetime:
        return self._at or certificate.not_valid_before_utc

    def _is_over(self, certificate: x509.Certificate) -> bool:
        return not certificate.not_valid_before_utc <= self._now(certificate) <= certificate.not_valid_after_utc


def _signatures(alert: etree._Element) -> list[etree._Element]:
    return [child for child in alert if child.tag == _SIGNATURE]


def _alone(alert: etree._Element, index: int) -> etree._Element:
    """The alert with one of its signatures; text after a removed one stays where it was."""
    tree = deepcopy(alert)
    for place, child in enumerate(_signatures(tree)):
        if place != index:
            remove_element(child)
    return tree


def _algorithm(alert: etree._Element, index: int) -> str:
    found = _signatures(alert)[index].find(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}SignatureMethod")
    return found.get("Algorithm", "") if found is not None else ""


def _is_supported(method: str, allow_sha1: bool) -> bool:
    """RSA and EC by SHA-2 or SHA-3; no HMAC, no DSA; SHA-1 only where the source's settings allow it."""
    name = method.rpartition("#")[2].lower()
    if name.endswith("sha1"):
        return allow_sha1 and name == "rsa-sha1"
    return name.startswith(("rsa-", "ecdsa-")) or name.endswith("-rsa-mgf1")


def _is_of_its_kind(method: str, certificate: x509.Certificate) -> bool:
    """Whether the certificate has a key that this algorithm could have used, as far as it counts here."""
    return sm2_point(certificate) is not None if is_sm2(method) else _key(certificate) is not None


def _is_strong(certificate: x509.Certificate) -> bool:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415  as above

    key = _key(certificate)
    return key is not None and (not isinstance(key, rsa.RSAPublicKey) or key.key_size >= MIN_RSA_BITS)


def _key(certificate: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None:
    """RSA or EC; None for a kind that does not count, or that the library cannot read: SM2 (cap_sm2.py), curves of the writer's own."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415  as above

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None
    return key if isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) else None


def _embedded(alert: etree._Element, index: int) -> x509.Certificate | None:
    """The first certificate that the signature brings along; None if there is none that can be read, its name and its times too."""
    import base64  # noqa: PLC0415  as above

    from cryptography import x509  # noqa: PLC0415  as above

    found = _signatures(alert)[index].find(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate")
    if found is None or not found.text:
        return None
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(found.text))
        _name(certificate), _until(certificate)  # parsed when asked for, and a stranger may have written anything
    except Exception:  # noqa: BLE001  the parser of foreign octets: a certificate that it raises at is none
        return None
    return certificate


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:120] or f"serial number {certificate.serial_number}"


def _until(certificate: x509.Certificate) -> str:
    return certificate.not_valid_after_utc.isoformat(timespec="seconds")
