"""Makes keys, certificates and signed alerts for the tests, and the ways to wrap one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from tests.core.formats.alerts import GOOD

DSIG = "http://www.w3.org/2000/09/xmldsig#"
NOW = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer:
    """A private key with a certificate of its own."""

    def __init__(self, name: str, key: Key, *, until: datetime = NOW + timedelta(days=365)) -> None:
        self.key = key
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), 7, NOW - timedelta(days=700), until)
        self.certificate = builder.sign(key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, text: str | bytes = GOOD, *, uri: str = "", method: SignatureMethod | None = None, bare: bool = False) -> bytes:
        """The alert with one more signature as its last child. `bare`: without a certificate in it."""
        is_rsa = isinstance(self.key, rsa.RSAPrivateKey)
        chosen = method or (SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256)
        is_weak = "SHA1" in chosen.name
        signer = _Weak if is_weak else XMLSigner
        digest = DigestAlgorithm.SHA1 if is_weak else DigestAlgorithm.SHA256
        root = etree.fromstring(text.encode() if isinstance(text, str) else text)
        made = signer(c14n_algorithm=EXCLUSIVE, signature_algorithm=chosen, digest_algorithm=digest)
        signed = made.sign(root, key=self.key, cert=[self.certificate], reference_uri=uri or None)
        if bare:
            for info in signed.findall(f"{{{DSIG}}}Signature/{{{DSIG}}}KeyInfo"):
                parent = info.getparent()
                assert parent is not None
                parent.remove(info)
        return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


class _Weak(XMLSigner):
    def check_deprecated_methods(self) -> None:
        """Old files have SHA-1, and what we say of them is to be tested."""


@cache
def met() -> Signer:
    """The weather station."""
    return Signer("met.example", ec.generate_private_key(ec.SECP256R1()))


@cache
def hub() -> Signer:
    """Whoever passes its alerts on."""
    return Signer("hub.example", rsa.generate_private_key(65537, 2048))


@cache
def mallory() -> Signer:
    """Nobody of ours."""
    return Signer("mallory.example", ec.generate_private_key(ec.SECP256R1()))


@cache
def former() -> Signer:
    """A key whose time is over."""
    return Signer("former.example", ec.generate_private_key(ec.SECP256R1()), until=NOW - timedelta(days=1))


@cache
def weak() -> Signer:
    """Too short to count."""
    return Signer("weak.example", rsa.generate_private_key(65537, 1024))


def signature_of(raw: bytes) -> etree._Element:
    found = etree.fromstring(raw).find(f"{{{DSIG}}}Signature")
    assert found is not None
    return found


def forged(text: str = GOOD) -> str:
    """What an attacker would rather have people read."""
    return text.replace("T-1", "F-1").replace("停止户外作业", "请留在原地")
