"""Second factors: the codes of RFC 6238, each good once, and secrets that open for their own account alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import ConfigError
from fenghuo.service.second_factor import KEY_FILE, Sealing, accepted_step, code_at, new_secret, otpauth

SECRET = b"12345678901234567890"


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238 appendix B, SHA-1, its last six figures."""
    vectors = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"}
    assert vectors == {at: code_at(SECRET, at // 30) for at in vectors}


def test_a_code_counts_once_and_only_near_its_time() -> None:
    """One step of drift either way; a code that was used, or one before it, is refused."""
    step = 2000000000 // 30
    assert step == accepted_step(SECRET, "279 037", 2000000000, after=0)
    assert [step, step, None] == [accepted_step(SECRET, "279037", 2000000000 + off, after=0) for off in (-30, 30, 90)]
    assert None is accepted_step(SECRET, "279037", 2000000000, after=step)
    assert [None, None] == [accepted_step(SECRET, code, 2000000000, after=0) for code in ("", "２７９０３７")]


def test_an_authenticator_reads_the_secret() -> None:
    """Base32 without padding; the name of the node is in what the person sees."""
    said = otpauth(SECRET, "zhang", "taicang")
    assert "otpauth://totp/Fenghuo%20taicang:zhang?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Fenghuo%20taicang" == said


def test_a_sealed_secret_opens_for_its_account_and_key_alone(tmp_path: Path) -> None:
    """Another account's, another node's and an altered one say so; the key outlives a restart and is the owner's file."""
    secret = new_secret()
    sealed = Sealing.of(tmp_path).seal(secret, "zhang")
    assert secret == Sealing.of(tmp_path).open(sealed, "zhang")
    assert secret not in sealed
    assert 0o600 == (tmp_path / KEY_FILE).stat().st_mode & 0o777
    for opening, octets, name in (
        (Sealing.of(tmp_path), sealed, "li"),
        (Sealing("another"), sealed, "zhang"),
        (Sealing.of(tmp_path), b"", "zhang"),
    ):
        with pytest.raises(ConfigError, match=rf"^the second factor of {name} does not open with accounts.key; give {name} a new one"):
            opening.open(octets, name)
