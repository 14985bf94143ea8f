"""What most channels never ask their context for, and a fake of one answers all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fenghuo import Notes, Signer
from fenghuo.plugin.context import LoneNotes
from fenghuo.plugin.signing import no_signer

__all__ = ["Unasked"]


class Unasked:
    """Of a channel that is not loud and signs nothing."""

    async def armed(self, why_off: str, at: datetime | None) -> None:
        """Nobody audits it here."""

    def shared(self, name: str, make: Callable[[Notes], Any]) -> Any:
        """There are no others."""
        return make(LoneNotes())

    def reopened(self) -> None:
        """Nothing waits here."""

    def no_way(self, address: str) -> str:
        """There is no map."""
        return ""

    async def signer(self, provider: str, key: str) -> Signer:
        """There is no provider."""
        return await no_signer(provider, key)
