"""Questions about what nobody knows: asked until there is an answer, and again when the far end is back, for the core asks once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fenghuo import AttemptRef, Inbound, InboundKind, LinkError, LinkTimeout, Outcome, Token, Unknown

__all__ = ["Doubts"]

AGAIN_S = 1.0
Ask = Callable[[AttemptRef], Awaitable[Outcome]]
"""Asks the far end once. Raises: LinkError: no answer."""


class Doubts:
    """By token; a newer attempt takes the place of an older one."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._open: dict[Token, AttemptRef] = {}

    async def resolve(self, ref: AttemptRef, *, within_s: float) -> Outcome:
        """The answer; without one it stays open. Raises: LinkTimeout: nobody answered."""
        self._open[ref.token] = ref
        try:
            async with asyncio.timeout(within_s):
                outcome = await self._until_answered(ref)
        except TimeoutError as silence:
            raise LinkTimeout(f"nobody answered within {within_s:g} s") from silence
        self._settled(ref, outcome)
        return outcome

    async def again(self) -> list[Inbound]:
        """What is known by now of those that are open, for the core; none of the rest if the line is gone again."""
        found: list[Inbound] = []
        for ref in list(self._open.values()):
            try:
                outcome = await self._ask(ref)
            except LinkError:
                break
            if self._settled(ref, outcome):
                found.append(Inbound(InboundKind.LATE_OUTCOME, b"asked again", _nobody_waits, token=ref.token, n=ref.n, outcome=outcome))
        return found

    async def _until_answered(self, ref: AttemptRef) -> Outcome:
        while True:
            try:
                return await self._ask(ref)
            except LinkError:
                await asyncio.sleep(AGAIN_S)

    def _settled(self, ref: AttemptRef, outcome: Outcome) -> bool:
        if isinstance(outcome, Unknown):
            return False
        if self._open.get(ref.token) == ref:
            del self._open[ref.token]
        return True


async def _nobody_waits() -> None:
    """We asked; there is nobody to answer."""
