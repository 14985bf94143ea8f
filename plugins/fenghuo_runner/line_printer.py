"""A printer of plain lines, or a file in its place: each sheet in a thread of its own, and nothing once nobody waits for it any more."""

from __future__ import annotations

import asyncio
import os
import threading

from fenghuo_adapters.device_thread import at_device, at_rest, is_at_work

__all__ = ["LinePrinter", "Unprinted"]

_BETWEEN_S = 0.02
"""Between two offers to a printer that takes nothing now: not every driver can say when it will."""
_SETTLES_S = 0.25
"""A thread that was told to leave a sheet is gone by then, unless its driver hangs."""


class Unprinted(Exception):
    """An outlet failed, as a sentence. `is_untouched`: it got nothing; else nobody knows how much of the sheet is on paper."""

    def __init__(self, sentence: str, *, is_untouched: bool = False) -> None:
        super().__init__(sentence)
        self.is_untouched = is_untouched


class LinePrinter:
    """One sheet at a time. A driver may hang in anything; then it has one thread, and every later sheet is refused until it is back."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._strip: _Strip | None = None
        self._is_left_behind = False
        self._is_stopped = False

    async def fault(self) -> str:
        """That an earlier sheet is still in the driver, as a sentence; empty when none is."""
        if self._is_left_behind and not await self._rests(_SETTLES_S):
            return f"printer_path {self._path} still holds an earlier sheet and does not answer"
        return ""

    async def write(self, octets: bytes, *, within_s: float) -> None:
        """All of it is taken. Raises: Unprinted; whatever happens, nothing of it leaves afterwards."""
        if self._is_stopped:
            raise Unprinted(f"{self._path} got nothing, for the desk was stopped", is_untouched=True)
        strip = self._strip = _Strip(self._path, octets)
        try:
            await at_device(self._path, strip.write, within_s=within_s)
        except TimeoutError as late:
            strip.halted.set()
            await self._rests(_SETTLES_S)
            sentence = f"{self._path} took {strip.taken} of {len(octets)} octets within {within_s:g} s"
            raise Unprinted(sentence, is_untouched=not strip.is_touched) from late
        except OSError as fault:
            raise Unprinted(f"{self._path}: {fault.strerror or fault}", is_untouched=not strip.is_touched) from fault
        finally:
            strip.halted.set()
            self._is_left_behind = is_at_work(self._path)
        if strip.taken < len(octets):
            raise Unprinted(f"{self._path} was stopped after {strip.taken} of {len(octets)} octets", is_untouched=not strip.is_touched)

    async def stop(self, *, within_s: float) -> None:
        """Afterwards no octet leaves; a driver that hangs is waited for no longer than that."""
        self._is_stopped = True
        if self._strip is not None:
            self._strip.halted.set()
        await self._rests(within_s)

    async def _rests(self, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await at_rest(self._path)
        except TimeoutError:
            return False
        return True


class _Strip:
    """The octets of one sheet on their way. `is_touched`: some may have been taken; it is set before `halted` is read, for whoever sets
    that and then finds nothing touched must be sure of it."""

    def __init__(self, path: str, octets: bytes) -> None:
        self._path = path
        self._octets = octets
        self.taken = 0
        self.is_touched = False
        self.halted = threading.Event()

    def write(self) -> None:
        """In its thread. Raises: OSError."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
        try:
            while self.taken < len(self._octets):
                self.is_touched = True
                if self.halted.is_set():
                    self.is_touched = self.taken > 0
                    return
                self._offer(descriptor)
            if os.path.isfile(self._path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _offer(self, descriptor: int) -> None:
        try:
            self.taken += os.write(descriptor, self._octets[self.taken :])
        except BlockingIOError:
            self.is_touched = self.taken > 0
            self.halted.wait(_BETWEEN_S)
