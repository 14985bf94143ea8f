"""Channel `runner.sheet`: a task sheet on paper, carried by a person, and its code word that comes back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from fenghuo import (
    AttemptRef,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Evidence,
    FormatError,
    Inbound,
    InboundKind,
    NotReady,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
    Unsupported,
)
from fenghuo.formats.code_word import code_of
from fenghuo.formats.sheet import read_sheet
from fenghuo_runner.households import Household, households_at, read_households
from fenghuo_runner.outlets import Unprinted, put_out, why_not_ready
from fenghuo_runner.returned import read_returned
from fenghuo_runner.settings import SheetSettings, place
from fenghuo_runner.sheet_page import page
from fenghuo_runner.sheet_text import Sheet, plain

__all__ = ["SheetChannel"]

AGAIN_S = 15.0
UNREAD = "unread"
"""Folder below returns_folder for what is no code word; a person looks there."""
_LONGEST = 512
"""Octets of a file in returns_folder that are looked at; a scanner's line has a few dozen."""


class SheetChannel(SimpleChannel):
    """Prints one sheet for each emission. It is handed on when it is out (ACCEPTED); the rest is known when its code word comes back."""

    def __init__(self, ctx: ChannelContext) -> None:
        self._ctx = ctx
        self._settings: SheetSettings = ctx.settings
        self._is_open = False

    async def start(self) -> None:
        """Raises: NotReady: an outlet is not there yet."""
        missing = await asyncio.to_thread(why_not_ready, self._settings)
        if missing:
            raise NotReady(missing, retry_after_s=AGAIN_S)
        self._is_open = True

    async def stop(self, deadline: float) -> None:
        self._is_open = False

    def estimate(self, size: int, address: str) -> Estimate:
        return Estimate(latency_q50_s=self._settings.back_s / 2, latency_q95_s=self._settings.back_s)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        missing = await asyncio.to_thread(why_not_ready, self._settings)
        return ProbeResult(answered=not missing, detail=missing or "every outlet is there")

    async def send(self, job: SendJob) -> Outcome:
        try:
            where = place(job.address)
        except ValueError:
            return Permanent(Scope.RECIPIENT, "bad-place")
        missing = "stopped" if not self._is_open else await asyncio.to_thread(why_not_ready, self._settings)
        if missing:
            return Transient(Scope.CHANNEL, "no-printer" if self._is_open else missing)
        households, fault = await asyncio.to_thread(self._households, where)
        async with job.begin() as emission:
            return await self._print(job, emission, where, households=households, fault=fault)

    async def query(self, ref: AttemptRef) -> Outcome | Unsupported:
        """A folder can be asked: a sheet is in it whole, or it never came out. Paper cannot."""
        settings = self._settings
        if settings.command or settings.printer_path:
            return Unsupported()
        if await asyncio.to_thread(why_not_ready, settings):
            return Unknown("no-folder")
        code = code_of(ref.token)
        is_out = await asyncio.to_thread((Path(settings.out_folder) / f"{code}.pdf").exists)
        return Reached(Evidence.ACCEPTED, (code,)) if is_out else Transient(Scope.MESSAGE, "not-out")

    async def _print(
        self, job: SendJob, emission: Emission, where: str, *, households: tuple[Household, ...] | None, fault: str
    ) -> Outcome:
        code = code_of(emission.token)
        try:
            sheet = Sheet(
                body=read_sheet(emission.payload.data),
                code=code,
                place=where,
                carrier=self._settings.carrier(where),
                priority=job.priority.name,
                at=self._ctx.clock.time(),
                issued_by=self._settings.issued_by,
                households=households,
                fault=fault,
            )
            pdf = await asyncio.to_thread(page, sheet, self._settings.font_path)
        except (FormatError, OSError, ValueError) as cause:  # nothing is out yet
            self._ctx.log.error("a sheet cannot be laid out", code=code, cause=str(cause))
            return Permanent(Scope.MESSAGE, "no-layout")
        if not self._is_open:
            return Transient(Scope.CHANNEL, "stopped")
        try:
            out = partial(put_out, self._settings, code, pdf=pdf, text=plain(sheet, self._settings.columns))
            await asyncio.to_thread(out)
        except Unprinted as cause:
            self._ctx.log.warning("a sheet may be on paper in part", code=code, cause=str(cause))
            return Unknown("printer")
        return Reached(Evidence.ACCEPTED, (code,))

    def _households(self, where: str) -> tuple[tuple[Household, ...] | None, str]:
        """Those of a place, None without a list; and why it could not be read. A sheet goes out without its list all the same."""
        if not self._settings.households_file:
            return None, ""
        try:
            return households_at(read_households(self._ctx.secret(self._settings.households_file)), where), ""
        except (ConfigError, ValueError) as fault:
            self._ctx.log.warning("the list of households is not read", cause=str(fault))
            return None, str(fault)

    async def inbound(self) -> AsyncIterator[Inbound]:
        """Each file in returns_folder, oldest first; it is taken away once the core has kept it."""
        folder = Path(self._settings.returns_folder) if self._settings.returns_folder else None
        while self._is_open and folder is not None:
            for path in await asyncio.to_thread(_waiting, folder):
                found = await self._read(path)
                if found is not None:
                    yield found
            await asyncio.sleep(self._settings.look_s)

    async def _read(self, path: Path) -> Inbound | None:
        try:
            raw = await asyncio.to_thread(_octets, path)
            returned = read_returned(raw.decode("utf-8"))
        except (FormatError, UnicodeDecodeError) as fault:
            self._ctx.log.warning("a returned code is not read", file=path.name, cause=str(fault))
            await asyncio.to_thread(_set_aside, path)
            return None
        except OSError as fault:
            self._ctx.log.warning("a returned file is not read", file=path.name, cause=fault.strerror)
            return None

        async def take_away() -> None:
            await asyncio.to_thread(partial(path.unlink, missing_ok=True))

        return Inbound(
            InboundKind.RECEIPT,
            raw,
            take_away,
            address_kind="place",
            ref=returned.code,
            level=returned.level,
            text=returned.who,
        )


def _waiting(folder: Path) -> list[Path]:
    """Files that are whole: a scanner's program writes beside them, with a leading dot, and renames."""
    try:
        found = [entry for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith(".")]
        return [Path(entry.path) for entry in sorted(found, key=lambda entry: (entry.stat().st_mtime_ns, entry.name))]
    except OSError:
        return []


def _octets(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LONGEST)


def _set_aside(path: Path) -> None:
    unread = path.parent / UNREAD
    unread.mkdir(exist_ok=True)
    path.replace(unread / path.name)
