"""How a modem that hangs is helped up, a rung at each failure: AT again, the reset command, its power where there is a command for that."""

from __future__ import annotations

import asyncio

from fenghuo.errors import LinkError, LinkTimeout
from fenghuo_adapters.at_profile import Profile
from fenghuo_adapters.at_session import AtRefused, AtSession
from fenghuo_adapters.at_setup import SimFault
from fenghuo_adapters.kiss_line import ByteLine

__all__ = ["Ladder", "NoNetwork"]

_RUNGS, _RESET, _POWER = 3, 2, 0
_SWITCH_S = 30.0
"""Longest that the program may take that switches a modem off and on."""


class NoNetwork(LinkError):
    """The modem answers, and has found no network for too long."""


class Ladder:
    """One modem's. The first rung, AT again, is what every opening does."""

    def __init__(self, line: ByteLine, profile: Profile) -> None:
        self._line = line
        self._profile = profile
        self._rung = 0

    def descend(self) -> None:
        """It is well: the next trouble begins at the foot."""
        self._rung = 0

    async def climb(self, failed: LinkError) -> str:
        """Take the next rung, and wait until the modem may be back: what went wrong with that, or nothing.

        One that answers, with a refusal, may still be starting: it is only asked again. A SIM waits for a person.
        """
        if isinstance(failed, SimFault | AtRefused):
            return ""
        self._rung += 1
        if isinstance(failed, NoNetwork) or (self._rung % _RUNGS == _RESET and isinstance(failed, LinkTimeout)):
            await self._reset()
        elif self._rung % _RUNGS == _POWER and self._profile.power_command:
            return await self._cut_power()
        return ""

    async def _reset(self) -> None:
        try:
            streams = await self._line.open()
        except LinkError:
            return  # it is told by the next opening
        session = AtSession(streams, name=self._line.name, on_news=lambda news: None)
        try:
            await session.command(self._profile.reset_command, within_s=self._profile.command_s)
        except LinkError:
            pass  # it hangs: that is why it is reset, and the next opening tells
        finally:
            await session.close()
        await asyncio.sleep(self._profile.reset_s)

    async def _cut_power(self) -> str:
        program = self._profile.power_command[0]
        try:
            switch = await asyncio.create_subprocess_exec(*self._profile.power_command, stdin=asyncio.subprocess.DEVNULL)
        except OSError as exc:
            return f"{program} cannot be run: {exc.strerror}"
        try:
            async with asyncio.timeout(_SWITCH_S):
                await switch.wait()
        except TimeoutError:
            return f"{program} did not end within {_SWITCH_S:g} s"
        finally:
            if switch.returncode is None:
                switch.kill()
                await switch.wait()
        await asyncio.sleep(self._profile.power_s)
        return f"{program} ended with {switch.returncode}" if switch.returncode else ""
