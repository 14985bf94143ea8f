"""A connection to upsd of Network UPS Tools: every variable of one UPS, or why there is none.

The protocol (RFC 9271) is aionut's; here are the deadline and the one kind of error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aionut import AIONUTClient, NUTError

from fenghuo.errors import LinkError

__all__ = ["NutLine"]


class NutLine:
    """One upsd, asked again and again. It connects when it is asked, and once more after a break. `timeout_s`: for an answer."""

    def __init__(self, host: str, port: int, *, timeout_s: float) -> None:
        self._where = f"{host}:{port}"
        self._timeout_s = timeout_s
        self._client = AIONUTClient(host, port, timeout=timeout_s)

    async def variables(self, ups: str) -> Mapping[str, str]:
        """What upsd says of a UPS, by names such as `ups.status`. Raises: LinkError: upsd is not there, does not answer in time, does
        not know the UPS, or has itself heard nothing of it lately (DATA-STALE, DRIVER-NOT-CONNECTED)."""
        try:
            async with asyncio.timeout(self._timeout_s):
                found: Mapping[str, str] = await self._client.list_vars(ups)
        except (NUTError, OSError, EOFError, ValueError, asyncio.LimitOverrunError) as failed:
            # An end in the middle of a list passes through the library, which then takes its connection for whole.
            self._client.disconnect()
            raise LinkError(f"upsd at {self._where}: {str(failed) or f'no answer within {self._timeout_s:g} s'}") from failed
        except asyncio.CancelledError:
            self._client.disconnect()
            raise
        return found

    def close(self) -> None:
        """Idempotent; it is not asked again."""
        self._client.shutdown()
