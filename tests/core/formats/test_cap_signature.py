"""Signed alerts: what counts, what does not, and that no wrapping gets through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree
from signxml.algorithms import SignatureMethod

from fenghuo.formats.decode import decode
from fenghuo.formats.verdicts import Decoded, SourceDefaults
from fenghuo.model.delivery import Verdict
from tests.core.formats.alerts import GOOD
from tests.core.formats.signing import DSIG, NOW, Signer, forged, former, hub, mallory, met, signature_of, weak

ALERT = "urn:oasis:names:tc:emergency:cap:1.2"
SM2 = """
MIIBcTCCARegAwIBAgIUbkXNeIip9hv9VKhB2sfXy7z+MRQwCgYIKoEcz1UBg3UwDjEMMAoGA1UEAwwDc20yMB4XDTI2MTEyNjA2NDYzN1oXDTI2MTIwNjA2
NDYzN1owDjEMMAoGA1UEAwwDc20yMFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAESdKzywzSuaRYPV5B20c9PqJfDt+U3zwHENxLWpRgvt6X+oQ5GTptms0F
XtPldTTVEEim/kaRvlsF9rpstDX3OKNTMFEwHQYDVR0OBBYEFLeri7PI88lrEPVww5h3qJTr3PmAMB8GA1UdIwQYMBaAFLeri7PI88lrEPVww5h3qJTr3PmA
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoEcz1UBg3UDSAAwRQIgVs22mx2grB1z/lstviGw7l95vd8S+zp8mgA3NnI7Z7wCIQDHVAxQiTmfohd2dWLuwQlFlhvO
8oNwrg8RayLHsg4MVg==
"""
"""A self-signed certificate of an SM2 key, as `openssl ecparam -name SM2` makes one: the library of the others cannot read its key."""


def read(raw: bytes, *pinned: Signer, allow_sha1: bool = False) -> Decoded:
    defaults = SourceDefaults(received=NOW, certificates=tuple(signer.pem for signer in pinned), allow_sha1=allow_sha1)
    (decoded,) = decode(raw, defaults=defaults)
    return decoded


def signatures(decoded: Decoded) -> list[tuple[str, bool]]:
    return [(verdict.value, verdict.ok) for verdict in decoded.verdicts if verdict.check == "signature"]


def verdict(decoded: Decoded) -> Verdict:
    (found,) = [verdict for verdict in decoded.verdicts if verdict.check == "signature"]
    return found


# What counts.


@pytest.mark.parametrize("signer", [met, hub])
def test_a_pinned_signature_is_valid(signer: Callable[[], Signer]) -> None:
    """EC and RSA with SHA-256; the content is what was signed."""
    decoded = read(signer().sign(), signer())
    assert [("valid", True)] == signatures(decoded)
    assert decoded.content is not None
    assert "T-1" == decoded.content.identifier


def test_an_unpinned_signature_is_untrusted() -> None:
    """Whole, but by whom: a certificate in the document is nobody's word."""
    decoded = read(mallory().sign(), met())
    assert [("untrusted", False)] == signatures(decoded)
    assert "mallory.example" in verdict(decoded).detail
    assert decoded.content is not None  # never lost over a verdict


def test_a_source_without_pinned_keys_says_so() -> None:
    """The administrator sees what to pin."""
    assert "no-pinned-key" == verdict(read(met().sign())).value


def test_an_altered_alert_is_invalid() -> None:
    """One character of the text."""
    raw = met().sign().replace("沙溪镇降雨".encode(), "城厢镇降雨".encode())
    assert [("invalid", False)] == signatures(read(raw, met()))


def test_an_unsigned_alert_of_a_signing_source_needs_a_person() -> None:
    """Silence where a signature belongs is no signature."""
    assert [("none", False)] == signatures(read(GOOD.encode(), met()))
    assert [("none", True)] == signatures(read(GOOD.encode()))


def test_a_key_whose_time_is_over_is_told_apart() -> None:
    """A good signature by a certificate that had expired at receipt."""
    decoded = read(former().sign(), former())
    assert [("expired-key", False)] == signatures(decoded)
    assert "valid until 2026-07-14" in verdict(decoded).detail


def test_a_short_key_does_not_count() -> None:
    """RSA of 1024 bits, pinned or not."""
    assert [("invalid", False)] == signatures(read(weak().sign(), weak()))


@pytest.mark.parametrize(
    "method",
    [
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "urn:ietf:params:xml:ns:sm2sig#sm2-with-sm3",
    ],
)
def test_an_algorithm_that_does_not_count_is_unsupported(method: str) -> None:
    """HMAC, which whoever verifies could have made; DSA; SM2 by a certificate of another curve. Allowing SHA-1 changes none of that."""
    root = etree.fromstring(met().sign())
    (stated,) = root.iter(f"{{{DSIG}}}SignatureMethod")
    stated.set("Algorithm", method)
    for allowed in (False, True):
        decoded = read(etree.tostring(root), met(), allow_sha1=allowed)
        assert [("unsupported", False)] == signatures(decoded)
        assert decoded.content is not None


@pytest.mark.parametrize("signer", [met, hub])
def test_a_signature_without_a_value_is_invalid(signer: Callable[[], Signer]) -> None:
    """Whatever the library makes of it, pinned or not: a verdict, and the alert waits for a person."""
    root = etree.fromstring(signer().sign())
    (value,) = root.iter(f"{{{DSIG}}}SignatureValue")
    value.text = None
    for pinned in ((), (signer(),)):
        decoded = read(etree.tostring(root), *pinned)
        assert ([("invalid", False)], True) == (signatures(decoded), decoded.content is not None)


@pytest.mark.parametrize("signer", [met, hub])
def test_a_certificate_of_an_sm2_key_is_unsupported(signer: Callable[[], Signer]) -> None:
    """Under the name of an algorithm that counts: its alert waits for a person."""
    root = etree.fromstring(signer().sign())
    (certificate,) = root.iter(f"{{{DSIG}}}X509Certificate")
    certificate.text = SM2
    for pinned in ((), (mallory(),)):
        decoded = read(etree.tostring(root), *pinned)
        assert ([("unsupported", False)], True) == (signatures(decoded), decoded.content is not None)


def test_a_pinned_key_that_cannot_be_used_does_not_hide_another() -> None:
    """An SM2 certificate in the settings, before or after the one that signed."""
    pem = b"-----BEGIN CERTIFICATE-----" + SM2.encode() + b"-----END CERTIFICATE-----\n"
    for pinned in ((pem, met().pem), (met().pem, pem)):
        (decoded,) = decode(met().sign(), defaults=SourceDefaults(received=NOW, certificates=pinned))
        assert [("valid", True)] == signatures(decoded)


def test_sha1_counts_only_where_settings_say_so_and_is_shown_as_weak() -> None:
    """Old writers exist; nobody should take them for strong."""
    raw = hub().sign(method=SignatureMethod.RSA_SHA1)
    assert [("unsupported", False)] == signatures(read(raw, hub()))
    decoded = read(raw, hub(), allow_sha1=True)
    assert [("valid", True)] == signatures(decoded)
    assert verdict(decoded).detail.endswith("SHA-1: weak")


def test_a_signature_without_certificate_is_verified_by_the_pinned_key() -> None:
    """Nothing that the document brings along is needed."""
    assert [("valid", True)] == signatures(read(met().sign(bare=True), met()))
    assert [("untrusted", False)] == signatures(read(met().sign(bare=True), hub()))


@pytest.mark.parametrize("order", [(met, hub), (hub, met)])
def test_of_two_signatures_one_pinned_and_valid_is_enough(order: tuple[Callable[[], Signer], Callable[[], Signer]]) -> None:
    """Originator and aggregator: each judged by itself, both verdicts kept, and the message is not held over the other."""
    raw = order[1]().sign(order[0]().sign())
    assert {("valid", True), ("untrusted", True)} == set(signatures(read(raw, met())))
    assert [("valid", True), ("valid", True)] == signatures(read(raw, met(), hub()))


def test_comments_and_instructions_do_not_break_what_was_signed() -> None:
    """They stand in real files, and a canonical form knows how to treat them."""
    head = '<?xml-stylesheet href="cap.xsl"?>\n<!-- by the editor -->\n<alert'
    text = GOOD.replace("<alert", head).replace("<status>", "<!-- x --><status>")
    raw = met().sign(text)
    assert [("valid", True)] == signatures(read(raw, met()))


def test_a_comment_inside_a_text_hides_nothing() -> None:
    """The signature does not cover comments: put in later, one must not cut the text that people read."""
    raw = met().sign().replace(b"met@example.org", b"met@<!-- -->example.org")
    decoded = read(raw, met())
    assert [("valid", True)] == signatures(decoded)
    assert decoded.content is not None
    assert "met@example.org" == decoded.content.sender


def test_the_alert_is_built_from_what_was_signed_in_a_feed_as_well() -> None:
    """An alert inside Atom is a document of its own."""
    inner = etree.tostring(etree.fromstring(met().sign())).decode()
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="text/xml">{inner}</content></entry></feed>'
    assert [("valid", True)] == signatures(read(feed.encode(), met()))


# What an attacker would try.


def in_a_forged_alert(signed: bytes) -> str:
    """The signed alert as a child of the forged one."""
    inner = etree.tostring(etree.fromstring(signed)).decode()
    return forged().replace("</alert>", f"{inner}</alert>")


def with_an_object(signed: bytes) -> str:
    """The original hidden in a dsig:Object of its own signature, the forged alert around it."""
    original = etree.fromstring(signed)
    signature = signature_of(signed)
    hidden = etree.SubElement(signature, f"{{{DSIG}}}Object")
    hidden.append(original)
    root = etree.fromstring(forged().encode())
    root.append(signature)
    return etree.tostring(root).decode()


def by_a_hidden_reference(_: bytes) -> str:
    """A Reference to an id that is not the root's, as a direct child: what location="./" alone lets through."""
    signed = met().sign(GOOD.replace("<alert ", '<alert Id="original" '), uri="#original")
    original, signature = etree.fromstring(signed), signature_of(signed)
    root = etree.fromstring(forged().encode())
    root.append(signature)
    holder = etree.SubElement(root, f"{{{DSIG}}}Object")
    holder.append(original)
    return etree.tostring(root).decode()


def with_the_same_id_twice(_: bytes) -> str:
    """The root and something inside it have the id that was signed."""
    signed = met().sign(GOOD.replace("<alert ", '<alert Id="original" '), uri="#original").decode()
    return signed.replace("<info>", '<info Id="original">', 1)


def deep_below(signed: bytes) -> str:
    """The signature moved out of the root into the info."""
    root = etree.fromstring(signed)
    info = root.find(f"{{{ALERT}}}info")
    assert info is not None
    signature = root.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    info.append(signature)
    return etree.tostring(root).decode()


def with_two_references(signed: bytes) -> str:
    """One signature that names two things."""
    root = etree.fromstring(signed)
    info = root.find(f"{{{DSIG}}}Signature/{{{DSIG}}}SignedInfo")
    assert info is not None
    reference = info.find(f"{{{DSIG}}}Reference")
    assert reference is not None
    info.append(etree.fromstring(etree.tostring(reference)))
    return etree.tostring(root).decode()


def with_a_transform(algorithm: str) -> Callable[[bytes], str]:
    """A transform that could select another part of the document."""

    def made(signed: bytes) -> str:
        root = etree.fromstring(signed)
        transforms = root.find(f"{{{DSIG}}}Signature/{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference/{{{DSIG}}}Transforms")
        assert transforms is not None
        etree.SubElement(transforms, f"{{{DSIG}}}Transform", Algorithm=algorithm)
        return etree.tostring(root).decode()

    return made


def around_a_wrapper(signed: bytes) -> str:
    """The signed alert moved into an element of the attacker's inside the forged one, the signature left with the root."""
    original = etree.fromstring(signed)
    signature = original.find(f"{{{DSIG}}}Signature")
    assert signature is not None
    root = etree.fromstring(forged().encode())
    wrapper = etree.SubElement(root, "wrapper")
    wrapper.append(original)
    root.append(signature)
    return etree.tostring(root).decode()


def with_many_signatures(signed: bytes) -> str:
    """More signatures than anybody needs: work for nothing."""
    root = etree.fromstring(signed)
    for _ in range(9):
        root.append(signature_of(signed))
    return etree.tostring(root).decode()


SHAPES = [
    in_a_forged_alert,
    with_an_object,
    by_a_hidden_reference,
    with_the_same_id_twice,
    deep_below,
    with_two_references,
    with_a_transform("http://www.w3.org/TR/1999/REC-xpath-19991116"),
    with_a_transform("http://www.w3.org/TR/1999/REC-xslt-19991116"),
    around_a_wrapper,
    with_many_signatures,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrapped_signature_is_refused(shape: Callable[[bytes], str]) -> None:
    """Nothing is taken, and the words are ones to alarm by."""
    decoded = read(shape(met().sign()).encode(), met())
    assert decoded.content is None
    assert decoded.error is not None
    assert decoded.error.code in ("wrapping", "nested-alert")


def test_a_signature_of_something_else_does_not_lend_its_name() -> None:
    """The plain move: the good signature pasted into the forged alert."""
    root = etree.fromstring(forged().encode())
    root.append(signature_of(met().sign()))
    decoded = read(etree.tostring(root), met())
    assert [("invalid", False)] == signatures(decoded)


def test_a_right_key_for_another_source_is_no_right_key() -> None:
    """Keys are pinned for each source: the hub's own is none of the station's."""
    assert [("untrusted", False)] == signatures(read(hub().sign(), met()))
