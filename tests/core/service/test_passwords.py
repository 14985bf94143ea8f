"""Passwords: what is refused and why, and hashes that only the right one fits."""

from __future__ import annotations

import pytest

from fenghuo.errors import FormatError, Overloaded
from fenghuo.service import passwords as module
from fenghuo.service.passwords import Cost, Passwords, check_password

CHEAP = Cost(memory_kib=8, passes=1)

SENTENCES = {
    "Short7!": "the password has 7 characters; it must have 12 to 256",
    "x" * 257: "the password has 257 characters; it must have 12 to 256",
    "Zhang3-Zhang3-A": "the password has the name zhang3 in it",
    "Aa1!Aa1!Aa1!Aa1!": "the password is made of 4 different characters; it must have 6 at least",
    "alllowercase12": "the password has 2 of these four: small letters, capital letters, figures, others; "
    "it must have 3 of them, or 20 characters of any kind",
    "Tide-table\t4711": "the password has a control character, which no keyboard can type again",
}


def test_a_weak_password_is_refused_with_what_would_be_right() -> None:
    """One sentence for each rule; a long sentence of words needs no mixture, and letters of any script count."""
    for password, sentence in SENTENCES.items():
        with pytest.raises(FormatError) as caught:
            check_password(password, "zhang3")
        assert sentence == str(caught.value)
    for good in ("Tide-table 4711", "seven quiet herons wait", "潮位表-Huangjing9"):
        check_password(good, "zhang3")


async def test_the_hash_is_argon2id_at_19_mib() -> None:
    """The real parameters, once: they stand in the hash, which one password fits and no other."""
    here = Passwords()
    phc = await here.hash("Tide-table 4711")
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (True, False) == (await here.fits(phc, "Tide-table 4711"), await here.fits(phc, "Tide-table 4712"))
    assert not here.is_stale(phc)


async def test_a_hash_of_other_parameters_fits_and_is_stale() -> None:
    """So that a log-in can make it anew."""
    phc = await Passwords(CHEAP).hash("Tide-table 4711")
    dearer = Passwords(Cost(memory_kib=16, passes=1))
    assert (True, True) == (await dearer.fits(phc, "Tide-table 4711"), dearer.is_stale(phc))


async def test_nobody_and_a_broken_hash_fit_nothing() -> None:
    """An account without a password takes the same work and says no."""
    here = Passwords(CHEAP)
    for phc in ("", "$argon2id$broken", "nonsense"):
        assert not await here.fits(phc, "nobody has this password")


async def test_a_password_may_be_typed_on_another_keyboard() -> None:
    """é as one character or as two."""
    here = Passwords(CHEAP)
    assert await here.fits(await here.hash("Caf\u00e9 au lait 7"), "Cafe\u0301 au lait 7")


async def test_too_many_at_once_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: two work, so many wait, and the rest is refused."""
    monkeypatch.setattr(module, "WAITING", 0)
    with pytest.raises(Overloaded, match=r"^too many people log in at once$"):
        await Passwords(CHEAP).hash("Tide-table 4711")
