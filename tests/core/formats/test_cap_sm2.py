"""Alerts signed by SM2: OpenSSL makes key, certificate, digest and signature, over canonical octets that are written down here."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fenghuo.formats.cap_signature import load_certificate
from fenghuo.formats.cap_sm2 import is_sm2, sm2_point
from fenghuo.formats.decode import decode
from fenghuo.formats.verdicts import Decoded, SourceDefaults
from tests.core.formats.alerts import GOOD
from tests.core.formats.signing import DSIG, NOW, forged, met
from tests.scale import PATIENCE_S

CANONICAL = GOOD.partition("?>\n")[2].removesuffix("\n")
"""The good alert as any method of canonical form leaves it."""
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
METHOD = "urn:oid:1.2.156.10197.1.501"
DIGESTS = {"-sm3": "urn:oid:1.2.156.10197.1.401", "-sha256": "http://www.w3.org/2001/04/xmlenc#sha256"}
SIGNED_INFO = (
    '<ds:SignedInfo xmlns:ds="{DSIG}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms>'
    '<ds:Transform Algorithm="{DSIG}enveloped-signature"></ds:Transform><ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform>'
    '</ds:Transforms><ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>'
    "</ds:SignedInfo>"
)
"""Canonical by the exclusive method, as it is signed."""


def openssl(*arguments: str | Path, octets: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE_S, input=octets).stdout


class Sm2Signer:
    """A key of OpenSSL's, with a certificate of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("genpkey", "-algorithm", "SM2", "-out", self.key)
        identity = ("-sm3", "-sigopt", "distid:1234567812345678", "-subj", f"/CN={name}", "-days", "30")
        openssl("req", "-x509", "-new", "-key", self.key, *identity, "-out", certificate)
        self.pem = certificate.read_bytes()
        self.valid = load_certificate(self.pem).not_valid_before_utc + timedelta(hours=1)

    def sign(self, text: str = CANONICAL, *, method: str = METHOD, digest: str = "-sm3", raw: bool = True) -> bytes:
        """The alert with one more signature as its last child. `raw`: r and s side by side; else as OpenSSL writes them."""
        whole = text.split("<ds:Signature ", maxsplit=1)[0].removesuffix("</alert>") + "</alert>"
        value = base64.b64encode(openssl("dgst", digest, "-binary", octets=whole.encode())).decode()
        info = SIGNED_INFO.format(DSIG=DSIG, EXCLUSIVE=EXCLUSIVE, method=method, digest=DIGESTS[digest], value=value)
        made = openssl("dgst", "-sm3", "-sigopt", "distid:1234567812345678", "-sign", self.key, octets=info.encode())
        certificate = "".join(self.pem.decode().splitlines()[1:-1])
        signature = (
            f'<ds:Signature xmlns:ds="{DSIG}">{info.replace(f" xmlns:ds={DSIG!r}".replace(chr(39), chr(34)), "", 1)}'
            f"<ds:SignatureValue>{base64.b64encode(halves(made) if raw else made).decode()}</ds:SignatureValue>"
            f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
        )
        return text.replace("</alert>", f"{signature}</alert>").encode()


def halves(der: bytes) -> bytes:
    """r and s of a sequence of two whole numbers, 32 octets each."""
    first, second = der[4 : 4 + der[3]], der[6 + der[3] :]
    return b"".join(int.from_bytes(number, "big").to_bytes(32, "big") for number in (first, second))


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Sm2Signer:
    return Sm2Signer(tmp_path_factory.mktemp("sm2"), "station")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Sm2Signer:
    return Sm2Signer(tmp_path_factory.mktemp("sm2"), "stranger")


def read(raw: bytes, *pinned: bytes, at: datetime) -> Decoded:
    (decoded,) = decode(raw, defaults=SourceDefaults(received=at, certificates=pinned))
    return decoded


def signatures(decoded: Decoded) -> list[tuple[str, bool]]:
    return [(verdict.value, verdict.ok) for verdict in decoded.verdicts if verdict.check == "signature"]


@pytest.mark.parametrize("method", [METHOD, "1.2.156.10197.1.501", "urn:x#sm2-sm3", "urn:x#SM2-with-SM3"])
@pytest.mark.parametrize(("digest", "raw"), [("-sm3", True), ("-sm3", False), ("-sha256", True)])
def test_what_openssl_signed_is_valid_under_its_pinned_certificate(station: Sm2Signer, method: str, digest: str, raw: bool) -> None:
    """By any of the names that are in use, with either digest, the two numbers side by side or in a sequence."""
    decoded = read(station.sign(method=method, digest=digest, raw=raw), station.pem, at=station.valid)
    assert [("valid", True)] == signatures(decoded)
    assert decoded.content is not None
    assert "T-1" == decoded.content.identifier


def test_another_pinned_key_in_front_hides_nothing(station: Sm2Signer, stranger: Sm2Signer) -> None:
    """Of its kind or of another."""
    for other in (stranger.pem, met().pem):
        assert [("valid", True)] == signatures(read(station.sign(), other, station.pem, at=station.valid))


def test_a_key_that_is_not_pinned_is_untrusted(station: Sm2Signer, stranger: Sm2Signer) -> None:
    """Whole under what it brings along, which is nobody's word; without any pinned key that is said."""
    assert [("untrusted", False)] == signatures(read(stranger.sign(), station.pem, at=station.valid))
    assert [("no-pinned-key", False)] == signatures(read(stranger.sign(), at=station.valid))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("停止户外作业", "照常户外作业"),
        lambda text: text.replace('URI=""', 'URI="" Id="r"'),
        lambda text: text.replace("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
        lambda text: text.replace("<ds:DigestValue>", "<ds:DigestValue>A"),
        lambda text: text.replace("1.2.156.10197.1.401", "1.2.156.10197.1.999"),
        lambda text: text.replace(f'Method Algorithm="{EXCLUSIVE}', 'Method Algorithm="urn:unknown'),
    ],
    ids=["text", "signed info", "value", "digest", "another digest", "another canonical form"],
)
def test_what_was_altered_is_invalid(station: Sm2Signer, spoil: Callable[[str], str]) -> None:
    """Anything that was signed, and what says how; the alert is kept for a person."""
    decoded = read(spoil(station.sign().decode()).encode(), station.pem, at=station.valid)
    assert ([("invalid", False)], True) == (signatures(decoded), decoded.content is not None)


def test_the_alert_is_what_was_signed(station: Sm2Signer) -> None:
    """A comment in a text, and a line in front, are not in it."""
    raw = station.sign().decode().replace("停止户外作业。", "停止<!-- 不要 -->户外作业。")
    content = read(f"<!-- 0 -->\n{raw}".encode(), station.pem, at=station.valid).content
    assert content is not None
    assert "停止户外作业。低洼地区人员立即转移。" == content.infos[0].instruction


def test_one_around_another_is_refused(station: Sm2Signer) -> None:
    """The wrapping that is refused of other keys."""
    wrapped = forged(CANONICAL).replace("  <info>", f"  {station.sign().decode()}  <info>", 1)
    decoded = read(wrapped.encode(), station.pem, at=station.valid)
    assert (None, "wrapping") == (decoded.content, decoded.error and decoded.error.code)


def test_of_two_signatures_the_pinned_one_is_enough(station: Sm2Signer) -> None:
    """Of the originator by SM2, over the bare alert; of whoever passed it on by another algorithm, over both."""
    decoded = read(met().sign(station.sign()), station.pem, at=station.valid)
    assert [("valid", True), ("untrusted", True)] == signatures(decoded)


def test_a_certificate_whose_time_is_over_is_told_apart(station: Sm2Signer) -> None:
    """By the instant of receipt."""
    assert [("expired-key", False)] == signatures(read(station.sign(), station.pem, at=NOW - timedelta(days=4_000)))


def test_without_the_extra_it_is_unsupported_and_says_what_to_install(station: Sm2Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its alert waits for a person."""
    monkeypatch.setattr("fenghuo.formats.cap_signature.has_sm2", lambda: False)
    decoded = read(station.sign(), station.pem, at=station.valid)
    assert ([("unsupported", False)], True) == (signatures(decoded), decoded.content is not None)
    assert any("fenghuo[gm]" in verdict.detail for verdict in decoded.verdicts)


def test_only_a_key_of_that_curve_is_one(station: Sm2Signer) -> None:
    """64 octets, x and y; none of another curve."""
    point = sm2_point(load_certificate(station.pem))
    assert (64, None) == (point and len(point), sm2_point(met().certificate))
    assert [True, False, False] == [is_sm2(name) for name in (METHOD, "urn:x#ecdsa-sha256", "")]
