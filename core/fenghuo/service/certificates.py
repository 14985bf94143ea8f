"""Certificates of a site without anybody else's authority: a private CA, the server's certificate by every name and address it has in the
LAN, and certificates of clients. Pure: keys and PEM text in and out.

Source: RFC 5280; the sizes and lives are ours. EC P-256, since every browser and every library of the last ten years takes it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fenghuo.errors import FormatError

__all__ = [
    "SERVER_DAYS",
    "Described",
    "Issued",
    "describe",
    "described_all",
    "for_client",
    "for_server",
    "new_authority",
    "packed",
]

AUTHORITY_DAYS = 3653
SERVER_DAYS = 397
"""Browsers refuse what lives longer than 398 days from public authorities; from ours they might, one day."""
CLIENT_DAYS = 397
SKEW = timedelta(hours=25)
"""A clock that is a day behind, or in the wrong zone, must not find a certificate of the future."""


class Issued(msgspec.Struct, frozen=True):
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


class Described(msgspec.Struct, frozen=True):
    """What stands in a certificate. `names`: DNS names and addresses; `digest`: SHA-256 in hex; `ends`: UTC seconds."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    ends: float
    digest: str

    def days(self, now: float) -> int:
        """Whole days until it ends; negative after."""
        return int((self.ends - now) // 86_400)


def new_authority(node: str, now: datetime) -> Issued:
    """A CA that signs for this site and for nobody below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"Fenghuo {node} CA")
    builder = (
        _builder(subject, subject, key.public_key(), now=now, days=AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issued(_pem(builder.sign(key, hashes.SHA256())), _key_pem(key))


def for_server(authority: Issued, names: Iterable[str], now: datetime) -> Issued:
    """For these names and addresses, with a key of its own. Raises: FormatError: the authority cannot sign, or ends before."""
    return _issue(authority, tuple(names), now, days=SERVER_DAYS, purpose=ExtendedKeyUsageOID.SERVER_AUTH)


def for_client(authority: Issued, name: str, now: datetime) -> Issued:
    """For a person or a program. Raises: as for_server()."""
    return _issue(authority, (name,), now, days=CLIENT_DAYS, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)


def packed(issued: Issued, authority: Issued, name: str, password: str) -> bytes:
    """A client's certificate and key with the CA's certificate as PKCS #12, which browsers import."""
    key = serialization.load_pem_private_key(issued.key, None)
    ca = [x509.load_pem_x509_certificate(authority.certificate)]
    certificate = x509.load_pem_x509_certificate(issued.certificate)
    sealed = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(name.encode(), _as_ec(key), certificate, ca, sealed)


def describe(pem: bytes) -> Described:
    """What the first certificate of a PEM text says. Raises: FormatError."""
    return described_all(pem)[0]


def described_all(pem: bytes) -> tuple[Described, ...]:
    """What each certificate of a PEM text says, at least one. Raises: FormatError."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise FormatError(f"this is no certificate in PEM: {error}", code="bad-certificate") from error
    return tuple(
        Described(_text(one.subject), _text(one.issuer), _names(one), one.not_valid_after_utc.timestamp(), _digest(one)) for one in found
    )


def _issue(authority: Issued, names: tuple[str, ...], now: datetime, *, days: int, purpose: x509.ObjectIdentifier) -> Issued:
    signer = _as_ec(serialization.load_pem_private_key(authority.key, None))
    ca = x509.load_pem_x509_certificate(authority.certificate)
    if now + timedelta(days=days) > ca.not_valid_after_utc:
        ends = ca.not_valid_after_utc.date()
        raise FormatError(
            f"the CA ends on {ends}, before what it would sign; make a new one: fenghuo cert init --new-authority", code="ca-ends"
        )
    key = ec.generate_private_key(ec.SECP256R1())
    spoken: list[x509.GeneralName] = [_general(name) for name in names]
    builder = (
        _builder(_name(names[0]), ca.subject, key.public_key(), now=now, days=days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(spoken), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issued(_pem(builder.sign(signer, hashes.SHA256())), _key_pem(key))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - SKEW)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _text(name: x509.Name) -> str:
    return ", ".join(str(one.value) for one in name) or "nobody"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


def _digest(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _as_ec(key: object) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise FormatError("the key is not an elliptic-curve key as fenghuo makes them", code="bad-certificate")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()  # 0600 beside its certificate: the daemon must start when nobody is there to type
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
