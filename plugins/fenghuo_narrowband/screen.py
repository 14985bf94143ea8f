"""The screen of an endpoint: what comes is on it as soon as it is in the store, and on paper and in the air where there is a printer
or a voice. A person's key raises it further.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from pathlib import Path

from fenghuo import ChannelContext, Emission, Evidence, Outcome, Reached, Scope, SendJob, SimpleChannel, Transient, Unknown
from fenghuo_narrowband.settings import ScreenSettings

__all__ = ["SPEAKER", "ScreenChannel", "slip"]

SPEAKER = "espeak-ng"
PRINT_S = 20.0
SPEECH_S = 60.0
_RULE = "-" * 40
_UNSET = " 时钟未校准，时间不可信"


class ScreenChannel(SimpleChannel):
    """The list that `fenghuo endpoint` shows is the store's own; only paper and voice are made here."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: ScreenSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._speaking: asyncio.Task[None] | None = None
        self._speaker: str | None = None
        self._is_open = True

    async def start(self) -> None:
        self._is_open = True
        if self._settings.speech:
            self._speaker = await asyncio.to_thread(shutil.which, SPEAKER)

    async def stop(self, deadline: float) -> None:
        self._is_open = False
        if self._speaking is not None:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)

    async def send(self, job: SendJob) -> Outcome:
        printer = self._settings.printer
        if not self._is_open:
            return Transient(Scope.CHANNEL, "stopped")
        if printer and not await asyncio.to_thread(Path(printer).parent.exists):
            return Transient(Scope.CHANNEL, "no-printer")
        async with job.begin() as emission:
            if printer:
                failed = await self._print(
                    Path(printer), slip(job, emission, self._ctx.clock.time(), is_set=self._ctx.clock.quality() != "freerun")
                )
                if failed:
                    return Unknown(failed)
            self._speak(emission.payload.text)
        return Reached(Evidence.DEVICE)

    async def _print(self, printer: Path, text: str) -> str:
        """Append it and wait for the device; why not, or empty."""
        try:
            async with asyncio.timeout(PRINT_S):
                await asyncio.to_thread(_append, printer, text.encode())
        except (OSError, TimeoutError) as fault:
            self._ctx.log.warning("not printed", printer=str(printer), cause=f"{type(fault).__name__}: {fault}")
            return "printer"
        return ""

    def _speak(self, text: str) -> None:
        """Read it aloud beside everything else; an endpoint without a voice stays silent."""
        if self._speaker is not None and (self._speaking is None or self._speaking.done()):
            self._speaking = asyncio.get_running_loop().create_task(_spoken(self._speaker, text), name="speech")


def slip(job: SendJob, emission: Emission, now: float, *, is_set: bool) -> str:
    """A message as a line printer takes it: a head, the text, a rule. Where nobody vouches for the clock the head says so: what
    could not be judged by it may be old."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now + 8 * 3600)) + ("" if is_set else _UNSET)
    return f"#{emission.number:04d} {job.priority.name} {at}\n{emission.payload.text}\n{_RULE}\n"


def _append(printer: Path, octets: bytes) -> None:
    descriptor = os.open(printer, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, octets)
        if printer.is_file():
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _spoken(speaker: str, text: str) -> None:
    process = await asyncio.create_subprocess_exec(
        speaker, "-v", "cmn", "--", text, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(SPEECH_S):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
