"""docs/narrow-link.md is true: its vectors, computed here without the code they describe, are what the code makes and takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fenghuo.link.frame import FrameKind, Head
from fenghuo.link.lifetime import ends_at
from fenghuo.link.seal import Cause, Plain
from tests.core.link.posts import NOW, SECRETS, opened, opener, sealer

PAGE = (Path(__file__).parents[3] / "docs" / "narrow-link.md").read_text(encoding="utf-8")
VECTORS = [
    {name: bytes.fromhex(octets) for name, octets in (line.split() for line in block.splitlines())}
    for block in re.findall(r"```vector\n(.*?)```", PAGE, re.DOTALL)
]
OF_KEY = {1: "town", 9: "group"}


def is_gm(vector: dict[str, bytes]) -> bool:
    return b"\0gm\0" in vector["info"]


def tag(vector: dict[str, bytes]) -> int:
    return len(vector["frame"]) - 7 - len(vector["text"])


def test_there_are_six() -> None:
    """Both suites, all three tags, a device and a group, both directions."""
    assert [8, 8, 16, 4, 8, 8] == list(map(tag, VECTORS))
    assert [False] * 5 + [True] == list(map(is_gm, VECTORS))


@pytest.mark.parametrize("vector", VECTORS)
def test_a_vector_follows_from_the_words_of_the_page(vector: dict[str, bytes]) -> None:
    """Key, nonce and frame by the primitives alone."""
    secret = SECRETS[OF_KEY[vector["frame"][1]]]
    size, algorithm = (32, hashes.SM3()) if is_gm(vector) else (16, hashes.SHA256())
    assert vector["key"] == HKDF(algorithm, size, salt=None, info=vector["info"]).derive(secret)
    key_id, source, _, direction, _ = vector["info"][-5:]
    assert vector["nonce"] == bytes((key_id, source, direction)) + bytes(6) + vector["frame"][3:7]
    assert vector["frame"] == vector["known"][:7] + (by_sm4(vector) if is_gm(vector) else by_aes(vector))


def by_aes(vector: dict[str, bytes]) -> bytes:
    return AESCCM(vector["key"], tag_length=tag(vector)).encrypt(vector["nonce"], vector["text"], vector["known"])


def by_sm4(vector: dict[str, bytes]) -> bytes:
    turn = Cipher(algorithms.SM4(vector["key"][:16]), modes.CTR(vector["nonce"] + bytes(3))).encryptor()
    hidden = turn.update(vector["text"]) + turn.finalize()
    mac = CMAC(algorithms.SM4(vector["key"][16:]))
    mac.update(bytes((tag(vector), len(vector["known"]))) + vector["known"] + vector["nonce"] + hidden)
    return hidden + mac.finalize()[: tag(vector)]


@pytest.mark.parametrize("vector", VECTORS)
def test_the_code_makes_and_takes_a_vector(vector: dict[str, bytes]) -> None:
    """Sealed by one end, opened by the other."""
    suite, head = "gm" if is_gm(vector) else "intl", Head.decode(vector["frame"])
    text, destination = vector["text"], vector["info"][-3]
    plain = Plain(head.kind, head.traffic, text[3:], ends_at(text[:3], NOW), head.wide)
    assert vector["frame"] == sealer(head.source, suite=suite, first=head.counter).seal(destination, plain, NOW)
    listener = 2 if destination == 200 else destination
    assert text[3:] == opened(opener(listener, suite=suite).open(vector["frame"], NOW)).payload


def test_every_kind_and_every_cause_is_on_the_page() -> None:
    """A new one is not forgotten there."""
    assert [] == [kind.name for kind in FrameKind if f"{kind.value} {kind.name}" not in PAGE]
    assert [] == [cause for cause in Cause if f"`{cause}`" not in PAGE]
