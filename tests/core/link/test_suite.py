"""The two suites of ciphers."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fenghuo.errors import ConfigError
from fenghuo.link.suite import NONCE, SoftwareKeys, TagMismatch

SECRET = {"town": bytes(range(32))}


@pytest.mark.parametrize("suite", ["intl", "gm"])
@pytest.mark.parametrize("tag", [4, 8, 16])
def test_text_comes_back_and_is_longer_by_its_tag(suite: str, tag: int) -> None:
    """Sealed text is the text's length and the tag's."""
    cipher = SoftwareKeys(SECRET, suite=suite).cipher("town", b"info")
    sealed = cipher.seal(bytes(NONCE), b"head", b"18", tag)
    assert (2 + tag, b"18") == (len(sealed), cipher.open(bytes(NONCE), b"head", sealed, tag))


@pytest.mark.parametrize("suite", ["intl", "gm"])
def test_nothing_of_what_is_covered_may_change(suite: str) -> None:
    """Other nonce, other head, other text, other tag, other length of tag, other key."""
    keys = SoftwareKeys(SECRET, suite=suite)
    cipher = keys.cipher("town", b"info")
    sealed = cipher.seal(bytes(NONCE), b"head", b"18:00", 8)
    wrong = [
        (cipher, b"\1" + bytes(NONCE - 1), b"head", sealed, 8),
        (cipher, bytes(NONCE), b"heat", sealed, 8),
        (cipher, bytes(NONCE), b"head", b"\0" + sealed[1:], 8),
        (cipher, bytes(NONCE), b"head", sealed[:-1] + bytes((sealed[-1] ^ 1,)), 8),
        (cipher, bytes(NONCE), b"head", sealed[:-4], 4),
        (keys.cipher("town", b"other"), bytes(NONCE), b"head", sealed, 8),
    ]
    for opener, nonce, known, octets, tag in wrong:
        with pytest.raises(TagMismatch):
            opener.open(nonce, known, octets, tag)


def test_sm4_is_the_one_of_the_standard() -> None:
    """The first example of GB/T 32907 comes out of the cipher that the suite builds on."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    turn = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert "681edf34d206965e86b3e94f536e4246" == turn.update(key).hex()


def test_a_secret_has_a_name_that_tells_nothing() -> None:
    """Eight hex digits, the same for the same secret, another for another suite."""
    intl, gm = SoftwareKeys(SECRET), SoftwareKeys(SECRET, suite="gm")
    assert intl.check_value("town") == SoftwareKeys({"x": SECRET["town"]}).check_value("x")
    assert intl.check_value("town") != gm.check_value("town")
    assert 8 == len(intl.check_value("town"))


def test_mistakes_of_the_operator_are_told() -> None:
    """An unknown suite, a secret that is too short, one that is not there."""
    with pytest.raises(ConfigError, match='"rot13" is not known; it is "intl" or "gm"'):
        SoftwareKeys({}, suite="rot13")
    with pytest.raises(ConfigError, match="secret town has fewer than 16 octets"):
        SoftwareKeys({"town": b"short"})
    with pytest.raises(ConfigError, match="there is no link secret siren"):
        SoftwareKeys(SECRET).cipher("siren", b"")
