"""Passwords: what one must be, and argon2id over it, two at a time and never on the loop.

Source: RFC 9106 (argon2id); security.md §2 for the parameters: 19 MiB, 2 passes, 1 lane.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import argon2
import msgspec
from argon2.exceptions import InvalidHashError, VerificationError

from fenghuo.errors import FormatError, Overloaded

__all__ = ["AT_ONCE", "Cost", "Passwords", "check_password"]

R = TypeVar("R")

SHORTEST = 12
LONGEST = 256
"""Characters; a longer one is no better, and would be work for nothing."""
PLAIN_FROM = 20
"""Characters from which a sentence of words is as good as a mixture."""
FEWEST_KINDS = 3
FEWEST_DIFFERENT = 6
AT_ONCE = 2
"""Of 19 MiB and some 50 ms each: more would fill the memory of the service and take its processors."""
WAITING = 32
"""More than so many behind those: come again."""


class Cost(msgspec.Struct, frozen=True):
    """What one hash takes: KiB of memory, passes, lanes."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


class Passwords:
    """Makes and checks hashes. `cost`: of new ones; what was made at another cost is still checked, and is_stale() says so."""

    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = argon2.PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        """A password as PHC text. Raises: Overloaded."""
        return await self._work(partial(self._hasher.hash, _plain(password)))

    async def fits(self, phc: str, password: str) -> bool:
        """Whether it is this password. For phc "" the answer is no, after the same time. Raises: Overloaded."""
        if not phc:
            self._nobodys = self._nobodys or await self.hash("nobody has this password")
        found = await self._work(partial(self._verify, phc or self._nobodys, _plain(password)))
        return found and bool(phc)

    def is_stale(self, phc: str) -> bool:
        """Whether a hash was made at another cost than new ones are."""
        return self._hasher.check_needs_rehash(phc)

    def _verify(self, phc: str, password: str) -> bool:
        try:
            return self._hasher.verify(phc, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, what: Callable[[], R]) -> R:
        if self._waiting >= WAITING:
            raise Overloaded("too many people log in at once", retry_after_s=2.0)
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(what)
        finally:
            self._waiting -= 1


def check_password(password: str, name: str) -> None:
    """Raises: FormatError with what is wrong with a new password of the account `name`."""
    fault = _fault(_plain(password), name)
    if fault:
        raise FormatError(f"the password {fault}", code="weak-password", where="password")


def _fault(password: str, name: str) -> str:
    kinds = _kinds(password)
    if not SHORTEST <= len(password) <= LONGEST:
        return f"has {len(password)} characters; it must have {SHORTEST} to {LONGEST}"
    if any(unicodedata.category(letter).startswith("C") for letter in password):
        return "has a control character, which no keyboard can type again"
    if name.lower() in password.lower():
        return f"has the name {name} in it"
    if len(set(password)) < FEWEST_DIFFERENT:
        return f"is made of {len(set(password))} different characters; it must have {FEWEST_DIFFERENT} at least"
    if len(password) < PLAIN_FROM and kinds < FEWEST_KINDS:
        return (
            f"has {kinds} of these four: small letters, capital letters, figures, others; "
            f"it must have {FEWEST_KINDS} of them, or {PLAIN_FROM} characters of any kind"
        )
    return ""


def _kinds(password: str) -> int:
    tests = (str.islower, str.isupper, str.isdecimal, lambda one: not (one.islower() or one.isupper() or one.isdecimal()))
    return sum(any(test(letter) for letter in password) for test in tests)


def _plain(password: str) -> str:
    """One text for what looks the same, whichever keyboard it was typed on. Source: RFC 8265 §4.2.2."""
    return unicodedata.normalize("NFC", password)
