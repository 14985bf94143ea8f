"""SM2 over SM3: what OpenSSL signs is verified here, what is signed here OpenSSL verifies, and published figures come out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fenghuo.errors import ConfigError
from fenghuo_adapters.ebd_sm2 import Sm2Key, digest_of, private_key, public_key
from tests.scale import PATIENCE_S

# GM/T 0003.5-2017 Annex A: the private key of the worked example of a signature over the recommended curve, and its point.
SCALAR = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
POINT = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
SIGNED = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
OPTIONS = ("-sm3", "-sigopt", "distid:1234567812345678")


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with key.pem and pub.pem of OpenSSL's own making."""
    folder = tmp_path_factory.mktemp("sm2")
    openssl("genpkey", "-algorithm", "SM2", "-out", folder / "key.pem")
    openssl("pkey", "-in", folder / "key.pem", "-pubout", "-out", folder / "pub.pem")
    return folder


def as_der(signature: bytes) -> bytes:
    """r and s as OpenSSL writes them: a sequence of two whole numbers."""
    halves = [int.from_bytes(half, "big") for half in (signature[:32], signature[32:])]
    numbers = [number.to_bytes(number.bit_length() // 8 + 1, "big") for number in halves]
    body = b"".join(bytes((2, len(number))) + number for number in numbers)
    return bytes((0x30, len(body))) + body


def of_der(der: bytes) -> bytes:
    first = der[4 : 4 + der[3]]
    second = der[6 + der[3] :]
    return b"".join(int.from_bytes(number, "big").to_bytes(32, "big") for number in (first, second))


def test_the_published_signature_is_verified() -> None:
    """Message, key and signature of the worked example in GM/T 0003.5."""
    assert public_key(POINT).verify(b"message digest", bytes.fromhex(SIGNED))
    assert not public_key(POINT).verify(b"message digest.", bytes.fromhex(SIGNED))


def test_the_point_of_the_published_key_comes_out() -> None:
    """A private key verifies what it has signed, and so does its published point."""
    signature = private_key(SCALAR).sign("台风红色预警".encode())
    assert 64 == len(signature)
    assert public_key(f"04{POINT}").verify("台风红色预警".encode(), signature)


def test_openssl_verifies_what_is_signed_here(pair: Path, tmp_path: Path) -> None:
    """Its key, our signature, over octets of a real envelope's size."""
    octets = "台风红色预警。".encode() * 300
    (tmp_path / "envelope").write_bytes(octets)
    (tmp_path / "signature").write_bytes(as_der(private_key((pair / "key.pem").read_text()).sign(octets)))
    openssl("dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "signature", tmp_path / "envelope")


def test_a_digest_is_all_that_whoever_signs_needs(pair: Path, tmp_path: Path) -> None:
    """Made of the octets and the public point alone, as a cipher device takes it; OpenSSL verifies what comes of it over the octets."""
    octets, ours = "台风红色预警".encode(), private_key((pair / "key.pem").read_text())
    assert ours.point == public_key((pair / "pub.pem").read_text()).point
    (tmp_path / "envelope").write_bytes(octets)
    (tmp_path / "signature").write_bytes(as_der(ours.sign_digest(digest_of(octets, ours.point))))
    openssl("dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "signature", tmp_path / "envelope")
    with pytest.raises(ValueError, match="a digest of 31 octets; that of SM3 has 32"):
        ours.sign_digest(b"1" * 31)


def test_the_published_digest_comes_out() -> None:
    """Z and e of the worked example in GM/T 0003.5, from its point and message."""
    published = "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
    assert published == digest_of(b"message digest", bytes.fromhex(POINT)).hex().upper()


def test_what_openssl_signs_is_verified_here(pair: Path, tmp_path: Path) -> None:
    """And not with one octet changed."""
    octets = "解除台风红色预警。".encode()
    (tmp_path / "envelope").write_bytes(octets)
    openssl("dgst", *OPTIONS, "-sign", pair / "key.pem", "-out", tmp_path / "signature", tmp_path / "envelope")
    signature = of_der((tmp_path / "signature").read_bytes())
    key = public_key((pair / "pub.pem").read_text())
    assert key.verify(octets, signature)
    assert not key.verify(octets + b" ", signature)
    assert not key.verify(octets, signature[:-1])


def test_a_private_key_says_that_it_can_sign(pair: Path) -> None:
    """A public one cannot."""
    keys: list[Sm2Key] = [private_key((pair / "key.pem").read_text()), public_key((pair / "pub.pem").read_text())]
    assert [True, False] == [key.can_sign for key in keys]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "00" * 31,
        "-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----",
    ],
)
def test_what_is_no_key_is_told_without_showing_it(text: str) -> None:
    """The sentence says what the file must hold."""
    with pytest.raises(ConfigError, match="it must hold an SM2 private key") as told:
        private_key(text)
    assert not text or text not in str(told.value)


@pytest.mark.parametrize("text", ["", "00" * 64, "11" * 64])
def test_a_point_off_the_curve_is_no_key(text: str) -> None:
    """A mistyped digit must not make a key that verifies nothing for years."""
    with pytest.raises(ConfigError, match="it must hold an SM2 public key"):
        public_key(text)
