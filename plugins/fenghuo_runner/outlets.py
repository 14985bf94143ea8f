"""Where a sheet comes out: a folder, a printer of lines, a print command.

A folder gets each file whole or not at all, and the same sheet twice is one file.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from fenghuo_adapters.device_thread import at_device
from fenghuo_runner.line_printer import LinePrinter, Unprinted
from fenghuo_runner.settings import SheetSettings, mixed

__all__ = ["Outlets", "Unprinted", "why_not_ready"]


def why_not_ready(settings: SheetSettings) -> str:
    """What is not there, as a sentence; empty when everything is. Blocking."""
    out, printer = settings.out_folder, settings.printer_path
    if out and not (os.path.isdir(out) and os.access(out, os.W_OK | os.X_OK)):
        return f"out_folder {out} is no folder that can be written to"
    if printer and not (os.access(printer, os.W_OK) if os.path.exists(printer) else os.path.isdir(os.path.dirname(printer))):
        return f"printer_path {printer} is not there or cannot be written to"
    if settings.command and shutil.which(settings.command[0]) is None:
        return f"the program {settings.command[0]} of command is not installed"
    returns = settings.returns_folder
    if returns and not (os.path.isdir(returns) and os.access(returns, os.W_OK | os.X_OK)):
        return f"returns_folder {returns} is no folder that can be written to"
    if out and returns and os.path.realpath(out) == os.path.realpath(returns):  # by a symbolic link
        return mixed(settings)
    return ""


class Outlets:
    """Everything that the settings name. Each has `print_s` seconds for a sheet, and no more than one sheet at a time."""

    def __init__(self, settings: SheetSettings) -> None:
        self._settings = settings
        self._printer = LinePrinter(settings.printer_path) if settings.printer_path else None
        self._press: asyncio.subprocess.Process | None = None
        self._is_stopped = False

    async def fault(self) -> str:
        """Why nothing can be printed although everything is there, as a sentence."""
        return await self._printer.fault() if self._printer is not None else ""

    async def put_out(self, name: str, *, pdf: bytes, lines: str, strip: str) -> None:
        """In this order: folder (`lines`, then the page), printer (`strip`), command. Raises: Unprinted."""
        settings = self._settings
        if settings.out_folder:
            await self._keep(Path(settings.out_folder) / name, lines.encode(settings.charset), pdf)
        if self._printer is not None:
            try:
                await self._printer.write(strip.encode(settings.charset), within_s=settings.print_s)
            except Unprinted as fault:
                raise Unprinted(str(fault), is_untouched=fault.is_untouched and not settings.out_folder) from fault
        if settings.command:
            await self._print(pdf)

    async def stop(self, *, within_s: float) -> None:
        """Afterwards nothing more comes out; what is under way is cut off."""
        self._is_stopped = True
        if self._press is not None and self._press.returncode is None:
            self._press.kill()
        if self._printer is not None:
            await self._printer.stop(within_s=within_s)

    async def _keep(self, path: Path, lines: bytes, pdf: bytes) -> None:
        def keep() -> None:
            _keep(path.with_suffix(".txt"), lines)
            _keep(path.with_suffix(".pdf"), pdf)

        try:
            await at_device(str(path.parent), keep, within_s=self._settings.print_s)
        except TimeoutError as late:
            raise Unprinted(f"{path.parent} did not take the sheet within {self._settings.print_s:g} s") from late
        except OSError as fault:
            raise Unprinted(f"{fault.filename or path.parent}: {fault.strerror or fault}") from fault

    async def _print(self, pdf: bytes) -> None:
        program, limit_s = self._settings.command[0], self._settings.print_s
        if self._is_stopped:
            raise Unprinted(f"{program} was not started, for the desk was stopped")
        try:
            press = self._press = await asyncio.create_subprocess_exec(*self._settings.command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
        except OSError as fault:
            raise Unprinted(f"{program}: {fault.strerror or fault}") from fault
        if self._is_stopped:
            press.kill()
        try:
            async with asyncio.timeout(limit_s):
                _, said = await press.communicate(pdf)
        except TimeoutError as late:
            raise Unprinted(f"{program} did not end within {limit_s:g} s") from late
        finally:
            if press.returncode is None:
                press.kill()
                await press.wait()
        if press.returncode:
            words = said.decode("utf-8", "replace").strip().splitlines()
            raise Unprinted(f"{program} ended with {press.returncode}: {words[-1] if words else 'it said nothing'}")


def _keep(path: Path, octets: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    os.replace(beside, path)
