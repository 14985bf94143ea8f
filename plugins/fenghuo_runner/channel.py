"""Channel `runner.sheet`: a task sheet on paper, carried by a person to one place or to a page of the public's roll, and its code word."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

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
    Paged,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SendPage,
    SimpleChannel,
    Transient,
    Unknown,
    Unsupported,
)
from fenghuo.formats.code_word import code_of
from fenghuo.formats.sheet import SheetBody, read_sheet
from fenghuo_runner.households import Household, common_place, households_at, read_households
from fenghuo_runner.outlets import Outlets, Unprinted, why_not_ready
from fenghuo_runner.returned import Returned, read_returned
from fenghuo_runner.seats import Seats
from fenghuo_runner.settings import SheetSettings, place
from fenghuo_runner.sheet_page import page
from fenghuo_runner.sheet_text import Sheet, places_told, plain

__all__ = ["SheetChannel"]

AGAIN_S = 15.0
_NO_PRINTER = Transient(Scope.CHANNEL, "no-printer")
_BAD = Permanent(Scope.RECIPIENT, "bad-place")
_NO_WAY = Transient(Scope.WAY, "no-way", 300.0)
"""The core says itself when there is one again; asked anew from time to time all the same."""
_CARRIED_BY = {"local": "", "courier": "专人", "boat": "船艇", "drone": "无人机"}
_EMPTY = SheetBody("", "", (), "", asks=True)
UNREAD = "unread"
"""Folder below returns_folder for what is no code word; a person looks there."""
_LONGEST = 512
"""Octets of a file in returns_folder that are looked at; a scanner's line has a few dozen."""


class SheetChannel(SimpleChannel):
    """Prints one sheet for each emission, of an order or a page. That it is out is ACCEPTED; the rest is known when its code is back."""

    def __init__(self, ctx: ChannelContext) -> None:
        self._ctx = ctx
        self._settings: SheetSettings = ctx.settings
        self._outlets = Outlets(self._settings)
        self._seats = Seats(self._settings, ctx.clock.time, ctx.notes)
        self._is_open = False
        self._at_work = asyncio.Lock()  # an order and a page may come at one time, and on one roll of paper their lines would mix
        self._handed: dict[Path, float] = {}  # files that the core has and has not kept yet, since when

    async def start(self) -> None:
        """Raises: NotReady: an outlet is not there yet."""
        missing = await self._missing()
        if missing:
            raise NotReady(missing, retry_after_s=AGAIN_S)
        await self._seats.recall()
        self._is_open = True

    async def stop(self, deadline: float) -> None:
        """Afterwards nothing comes out; a sheet that was half out is a doubt."""
        self._is_open = False
        await self._outlets.stop(within_s=max(0.0, deadline - self._ctx.clock.monotonic()))

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        wait_s = self._seats.wait_s()
        return Estimate(latency_q50_s=wait_s + self._settings.there_s, latency_q95_s=wait_s + self._settings.back_s)

    def remark(self) -> str:
        return self._seats.remark()

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        missing = await self._missing()
        return ProbeResult(answered=not missing, detail=missing or "every outlet is there")

    async def send(self, job: SendJob) -> Outcome:
        try:
            where = place(job.address)
        except ValueError:
            return _BAD
        if refusal := await self._refusal():
            return refusal
        if self._ctx.no_way(job.address):
            return _NO_WAY
        trip = await self._seats.take()
        if isinstance(trip, Transient):
            return trip
        async with self._seats.held(trip):
            households, fault = await asyncio.to_thread(self._households, where)
            async with job.begin() as emission:
                return await self._print(_blank(job, where, households=households, fault=fault), emission, trip)

    async def send_page(self, page: SendPage) -> Outcome | Paged:
        """One sheet for everybody on a page of the roll, each with a box to tick; what is no place is told, and the rest goes."""
        bad = tuple((number, _BAD) for number, address in enumerate(page.addresses) if not _is_place(address))
        places = [address for address in page.addresses if _is_place(address)]
        if not places:
            return _BAD
        if refusal := await self._refusal():
            return refusal
        trip = await self._seats.take()
        if isinstance(trip, Transient):
            return trip
        households = tuple(Household(address, "", "", "") for address in places)
        async with self._seats.held(trip), page.begin() as emission:
            blank = _blank(page, common_place(places), households=households, roll_page=f"{page.number}/{page.pages}")
            outcome = await self._print(blank, emission, trip)
        return Paged(outcome, bad) if bad else outcome

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

    async def _refusal(self) -> Outcome | None:
        """Why nothing can be printed now."""
        if not self._is_open:
            return Transient(Scope.CHANNEL, "stopped")
        return _NO_PRINTER if await self._missing() else None

    async def _missing(self) -> str:
        """The outlet that is not there, or takes nothing, as a sentence."""
        return await self._outlets.fault() or await asyncio.to_thread(why_not_ready, self._settings)

    async def _print(self, blank: Sheet, emission: Emission, trip: str) -> Outcome:
        """One sheet; its place on the trip is given back where it certainly did not come out."""
        outcome = await self._laid_out(blank, emission, trip)
        if not isinstance(outcome, Reached | Unknown):
            await self._seats.give_back(trip)
        return outcome

    async def _laid_out(self, blank: Sheet, emission: Emission, trip: str) -> Outcome:
        code = code_of(emission.token)
        try:
            sheet = msgspec.structs.replace(
                blank,
                body=read_sheet(emission.payload.data),
                code=code,
                carrier=self._settings.carrier(blank.place),
                at=self._ctx.clock.time(),
                issued_by=self._settings.issued_by,
                trip=" ".join(filter(None, (_CARRIED_BY[self._settings.mode], trip and f"{trip}班"))),
            )
            async with self._at_work:
                pdf = await asyncio.to_thread(page, sheet, self._settings.font_path)
        except (FormatError, OSError, ValueError) as cause:  # nothing is out yet
            self._ctx.log.error("a sheet cannot be laid out", code=code, cause=str(cause))
            return Permanent(Scope.MESSAGE, "no-layout")
        return await self._put_out(code, pdf, sheet)

    async def _put_out(self, code: str, pdf: bytes, sheet: Sheet) -> Outcome:
        try:
            async with self._at_work:
                if not self._is_open:
                    return Transient(Scope.CHANNEL, "stopped")
                await self._outlets.put_out(code, pdf=pdf, lines=plain(sheet), strip=plain(sheet, self._settings.columns))
        except Unprinted as cause:
            if cause.is_untouched:
                self._ctx.log.warning("a sheet is not printed", code=code, cause=str(cause))
                return _NO_PRINTER
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
            waiting = await asyncio.to_thread(_waiting, folder)
            self._handed = {path: at for path, at in self._handed.items() if path in waiting}
            for path in waiting:
                found = await self._read(path) if self._is_due(path) else None
                if found is not None:
                    yield found
            await asyncio.sleep(self._settings.look_s)

    def _is_due(self, path: Path) -> bool:
        """Whether it is to be read: not again while the core has it in hand, and from time to time where that came to nothing."""
        now = self._ctx.clock.monotonic()
        if now - self._handed.get(path, -AGAIN_S) < AGAIN_S:
            return False
        self._handed[path] = now
        return True

    async def _read(self, path: Path) -> Inbound | None:
        try:
            raw = await asyncio.to_thread(_octets, path)
            returned = read_returned(raw.decode("utf-8"))
            told = await asyncio.to_thread(self._told, returned)
        except (FormatError, UnicodeDecodeError) as fault:
            await self._set_aside(path, str(fault))
            return None
        except OSError as fault:
            self._ctx.log.warning("a returned file is not read", file=path.name, cause=fault.strerror)
            return None

        async def take_away() -> None:
            await asyncio.to_thread(partial(path.unlink, missing_ok=True))
            self._handed.pop(path, None)

        return Inbound(
            InboundKind.RECEIPT,
            raw,
            take_away,
            address_kind="place",
            ref=returned.code,
            level=returned.level,
            text=returned.who,
            addresses=told,
        )

    async def _set_aside(self, path: Path, cause: str) -> None:
        """For a person. What cannot be moved stays where it is, and is looked at again from time to time."""
        try:
            await asyncio.to_thread(_put_aside, path)
        except OSError as fault:
            self._ctx.log.warning("a returned file can be neither read nor set aside", file=path.name, cause=cause, fault=str(fault))
            return
        self._ctx.log.warning("a returned code is not read", file=path.name, cause=cause)
        self._handed.pop(path, None)

    def _told(self, returned: Returned) -> tuple[str, ...]:
        """Whom a sheet of the roll was for, without those that were not reached; empty for a sheet that went to one place. Its lines in
        out_folder say so. Raises: OSError."""
        lines = Path(self._settings.out_folder or "/nowhere") / f"{returned.code}.txt"
        if not lines.exists():
            return ()
        return places_told(lines.read_text(self._settings.charset), returned.missed)


def _blank(job: SendJob | SendPage, where: str, **more: Any) -> Sheet:
    """A sheet that lacks what only the licence brings."""
    return Sheet(body=_EMPTY, code="", place=where, carrier="", priority=job.priority.name, at=0.0, issued_by="", **more)


def _is_place(address: str) -> bool:
    try:
        place(address)
    except ValueError:
        return False
    return True


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


def _put_aside(path: Path) -> None:
    unread = path.parent / UNREAD
    unread.mkdir(exist_ok=True)
    path.replace(unread / path.name)
