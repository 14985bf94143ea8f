"""SM2 with SM3 in software: signs and verifies octets with keys as OpenSSL writes them. Not constant-time; real keys belong into a device.

The library is the extra `gm` and is imported when the first key is read. Source: GB/T 32918.2, GB/T 32905, GM/T 0009 (the default id).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from cryptography.hazmat.primitives import hashes

from fenghuo.errors import ConfigError

__all__ = ["USER_ID", "Sm2Key", "digest_of", "private_key", "public_key"]

USER_ID = b"1234567812345678"
_SCALAR = 32
"""Octets of a private key, and of each half of a signature or a point."""
_POINT = 2 * _SCALAR
_CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"  # a
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"  # b
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"  # x of the base point
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"  # y
)
_UNCOMPRESSED = 4
_SEQUENCE, _OCTETS, _BITS = 0x30, 0x04, 0x03
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


class Sm2Key:
    """A key. `can_sign`: it is a private one; `point`: the public one that belongs to it, x then y, 64 octets."""

    __slots__ = ("_scalar", "_sm2", "can_sign", "point")

    def __init__(self, sm2: Any, point: bytes, scalar: bytes = b"") -> None:  # a gmalg.SM2, which carries no types
        self._sm2 = sm2
        self._scalar = scalar
        self.can_sign = bool(scalar)
        self.point = point

    def sign(self, octets: bytes) -> bytes:
        """64 octets, r then s. Some milliseconds of the processor."""
        return self.sign_digest(digest_of(octets, self.point))

    def sign_digest(self, digest: bytes) -> bytes:
        """The same for digest_of() the octets, which is all that a cipher device is given too. Raises: ValueError: not 32 octets."""
        if len(digest) != _SCALAR:
            raise ValueError(f"a digest of {len(digest)} octets; that of SM3 has {_SCALAR}")
        x, y = (int.from_bytes(half, "big") for half in (self.point[:_SCALAR], self.point[_SCALAR:]))
        r, s = _over(digest).sign(b"", int.from_bytes(self._scalar, "big"), USER_ID, (x, y))
        return int(r).to_bytes(_SCALAR, "big") + int(s).to_bytes(_SCALAR, "big")

    def verify(self, octets: bytes, signature: bytes) -> bool:
        """Whether the holder of this key signed them. Some milliseconds of the processor."""
        if len(signature) != 2 * _SCALAR:
            return False
        return bool(self._sm2.verify(octets, signature[:_SCALAR], signature[_SCALAR:]))


def private_key(text: str) -> Sm2Key:
    """From a PEM of `openssl genpkey -algorithm SM2`, or 64 hexadecimal digits. Raises: ConfigError; none of the key is in its sentence."""
    wanted = "it must hold an SM2 private key: a PEM of `openssl genpkey -algorithm SM2`, or 64 hexadecimal digits"
    octets = _hex(text, _SCALAR) or _scalar_of(_der(text, "PRIVATE KEY"))
    if octets is None:
        raise ConfigError(wanted)
    sm2 = _library().SM2(octets, USER_ID)
    return Sm2Key(sm2, bytes(sm2.generate_pk(octets))[-_POINT:], octets)


def public_key(text: str) -> Sm2Key:
    """From a PEM of `openssl pkey -pubout`, or the 128 hexadecimal digits of the point. Raises: ConfigError."""
    wanted = "it must hold an SM2 public key: a PEM of `openssl pkey -pubout`, or the 128 hexadecimal digits of its point"
    point = _hex(text.strip().removeprefix("04") if len(text.strip()) > 2 * _POINT else text, _POINT) or _point_of(_der(text, "PUBLIC KEY"))
    if point is None:
        raise ConfigError(wanted)
    sm2 = _library().SM2(uid=USER_ID, pk=bytes((_UNCOMPRESSED,)) + point)
    if not sm2.verify_pk(bytes((_UNCOMPRESSED,)) + point):
        raise ConfigError(f"its point is not on the curve; {wanted}")
    return Sm2Key(sm2, point)


def digest_of(octets: bytes, point: bytes) -> bytes:
    """What is signed of octets by the key of this point: SM3 over Z and them, where Z is SM3 over id, curve and point.
    Source: GB/T 32918.2 §5.5, §6.1; GB/T 32918.5, the curve."""
    bits = (8 * len(USER_ID)).to_bytes(2, "big")
    return _sm3(_sm3(bits + USER_ID + _CURVE + point) + octets)


def _sm3(octets: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(octets)
    return digest.finalize()


def _over(digest: bytes) -> Any:  # a gmalg.sm2.SM2Core, which carries no types
    """The library's signature with this digest in the place of the one that it would make of the message."""
    gmalg = _library()

    class Given(gmalg.base.Hash):  # type: ignore[misc, name-defined]  # carries no types
        def __init__(self) -> None:
            """Nothing is reckoned."""

        def reset(self) -> None:
            """Nothing is kept."""

        def update(self, data: bytes) -> None:
            """Whatever it is."""

        def value(self) -> bytes:
            return digest

    return gmalg.sm2.SM2Core(gmalg.sm2._ecdlp, Given())


def _library() -> Any:  # the module gmalg, which carries no types
    try:
        import gmalg  # noqa: PLC0415  an extra, and nobody else pays for it
    except ImportError as missing:
        raise ConfigError("SM2 in software needs the extra `gm`: pip install fenghuo[gm]") from missing
    return gmalg


def _hex(text: str, size: int) -> bytes | None:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return None
    return octets if len(octets) == size else None


def _der(text: str, kind: str) -> bytes:
    """What a PEM holds, empty if there is none of that kind."""
    for label, body in _PEM.findall(text):
        if label.endswith(kind):
            try:
                return base64.b64decode("".join(body.split()), validate=True)
            except binascii.Error:
                return b""
    return b""


def _scalar_of(der: bytes) -> bytes | None:
    """From PKCS#8 (RFC 5958) or the bare form of RFC 5915, of which PKCS#8 holds one."""
    fields = _fields(_inner(der, _SEQUENCE))
    scalars = [value for tag, value in fields if tag == _OCTETS]
    if not scalars:
        return None
    return scalars[0] if len(scalars[0]) == _SCALAR else _scalar_of(scalars[0])


def _point_of(der: bytes) -> bytes | None:
    """From SubjectPublicKeyInfo (RFC 5480): unused bits, the mark of an uncompressed point, x, y."""
    for tag, value in _fields(_inner(der, _SEQUENCE)):
        if tag == _BITS and value[:2] == bytes((0, _UNCOMPRESSED)) and len(value) == 2 + _POINT:
            return value[2:]
    return None


def _inner(der: bytes, wanted: int) -> bytes:
    fields = _fields(der)
    return fields[0][1] if fields and fields[0][0] == wanted else b""


def _fields(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element side by side; none of what does not hold together."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 2 <= len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size & 0x80:
            octets = size & 0x7F
            size, at = int.from_bytes(der[at : at + octets], "big"), at + octets
        if at + size > len(der):
            return []
        found.append((tag, der[at : at + size]))
        at += size
    return found
