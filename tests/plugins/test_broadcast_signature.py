"""Signature files hold together as those captured from a county platform do, and OpenSSL verifies what is in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lxml import etree

from fenghuo import FormatError
from fenghuo_adapters.ebd_sm2 import private_key, public_key
from fenghuo_broadcast.signature import Certificate, covered, read_stamp, signature_file
from tests.adapters.test_ebd_sm2 import OPTIONS, as_der, openssl, pair

__all__ = ["pair"]

ENVELOPE = "010103331124000000010000000000000000"
OWNER = Certificate("000000003363", "000000000075")
AT = 0x5B2891C5
# A signature of 2018, captured from a county platform; whose key it was is not known.
VALUE = "WyiRxQAAAAAzY7fI8BXO0YR5cOGpwBTvPtswXCqpsAyXq0xT8Fkb6WPSA60OBniBtMT/HK/6/J9/4kMnebSJmYLTrqGOnjFIOwU="


def file(**changes: str) -> bytes:
    said = {"time": "5b2891c5", "digest": "SM3", "algorithm": "SM2", "value": VALUE, "certificate": "000000003363", **changes}
    return (
        f"<Signature><Version>1.0</Version><RelatedEBD><EBDID>{ENVELOPE}</EBDID></RelatedEBD><SignatureCert><CertType>1</CertType>"
        f"<IssuerID>000000000075</IssuerID><CertSN>{said['certificate']}</CertSN></SignatureCert><SignatureTime>{said['time']}</SignatureTime>"
        f"<DigestAlgorithm>{said['digest']}</DigestAlgorithm><SignatureAlgorithm>{said['algorithm']}</SignatureAlgorithm>"
        f"<SignatureValue>{said['value']}</SignatureValue></Signature>"
    ).encode()


def test_the_captured_signature_holds_together() -> None:
    """Its value begins with its instant and its certificate; 64 octets of SM2 are left."""
    stamp = read_stamp(file())
    assert (ENVELOPE, "000000003363", AT, 64) == (stamp.envelope, stamp.certificate, stamp.at, len(stamp.signature))


def test_ours_has_the_shape_of_the_captured_one() -> None:
    """Element for element, octet for octet, but for the line breaks: the same 64 octets give the same file."""
    ours = signature_file(ENVELOPE, OWNER, AT, lambda: read_stamp(file()).signature)
    assert etree.tostring(etree.fromstring(file())) == etree.tostring(etree.fromstring(ours))


@pytest.mark.parametrize("covers", ["envelope", "stamp+envelope"])
def test_openssl_verifies_what_stands_in_our_file(pair: Path, tmp_path: Path, covers: str) -> None:
    """Over the envelope alone, or over instant and certificate before it."""
    octets = covered(b"<EBD/>", AT, OWNER.number, covers)  # type: ignore[arg-type]
    stamp = read_stamp(signature_file(ENVELOPE, OWNER, AT, lambda: private_key((pair / "key.pem").read_text()).sign(octets)))
    (tmp_path / "signed").write_bytes(b"<EBD/>" if covers == "envelope" else bytes.fromhex("5b2891c5000000003363") + b"<EBD/>")
    (tmp_path / "signature").write_bytes(as_der(stamp.signature))
    openssl("dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "signature", tmp_path / "signed")
    assert public_key((pair / "pub.pem").read_text()).verify(octets, stamp.signature)


def test_openssl_refuses_it_over_another_envelope(pair: Path, tmp_path: Path) -> None:
    """So that the test before it can fail."""
    (tmp_path / "signed").write_bytes(b"<EBD />")
    (tmp_path / "signature").write_bytes(as_der(private_key((pair / "key.pem").read_text()).sign(b"<EBD/>")))
    with pytest.raises(subprocess.CalledProcessError):
        openssl("dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "signature", tmp_path / "signed")


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "5b2891c6"},
        {"certificate": "000000003364"},
        {"certificate": "3363"},
        {"value": VALUE[:-8]},
        {"value": "*"},
        {"time": "yesterday"},
        {"digest": "SHA1"},
        {"algorithm": "RSA"},
    ],
)
def test_a_file_that_contradicts_itself_is_refused(changes: dict[str, str]) -> None:
    """Instant and certificate stand in it twice, and must agree; other algorithms are not ours."""
    with pytest.raises(FormatError, match="the signature file"):
        read_stamp(file(**changes))
