"""Where a sheet comes out: a folder, a printer of lines, a print command. Blocking; called in a thread.

A folder gets each file whole or not at all, and the same sheet twice is one file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from fenghuo_runner.settings import SheetSettings

__all__ = ["Unprinted", "put_out", "why_not_ready"]


class Unprinted(Exception):
    """An outlet failed in the middle, as a sentence; nobody knows how much of it is on paper."""


def why_not_ready(settings: SheetSettings) -> str:
    """What is not there, as a sentence; empty when everything is."""
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
    return ""


def put_out(settings: SheetSettings, name: str, *, pdf: bytes, lines: str, strip: str) -> None:
    """Everything that the settings name, in this order: folder (`lines`, then the page), printer (`strip`), command. Raises: Unprinted."""
    try:
        if settings.out_folder:
            _keep(Path(settings.out_folder) / f"{name}.txt", lines.encode(settings.charset))
            _keep(Path(settings.out_folder) / f"{name}.pdf", pdf)
        if settings.printer_path:
            _append(settings.printer_path, strip.encode(settings.charset))
    except OSError as fault:
        raise Unprinted(f"{fault.filename or 'the printer'}: {fault.strerror or fault}") from fault
    if settings.command:
        _print(settings, pdf)


def _keep(path: Path, octets: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(descriptor)
    os.replace(beside, path)


def _append(path: str, octets: bytes) -> None:
    with open(path, "ab", buffering=0) as printer:
        printer.write(octets)
        if os.path.isfile(path):
            os.fsync(printer.fileno())


def _print(settings: SheetSettings, pdf: bytes) -> None:
    program = settings.command[0]
    try:
        done = subprocess.run(settings.command, input=pdf, capture_output=True, timeout=settings.print_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise Unprinted(f"{program} did not end within {settings.print_s:g} s") from late
    except OSError as fault:
        raise Unprinted(f"{program}: {fault.strerror or fault}") from fault
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unprinted(f"{program} ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
