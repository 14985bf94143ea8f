"""Programs of other authors that read a page as people and scanners do: poppler the words, zbar the symbol. Blocking."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.scale import TIMEOUT_SCALE

__all__ = ["scanned", "symbols", "version", "words"]

_LIMIT_S = 40.0 * TIMEOUT_SCALE


def words(sheet: Path) -> str:
    """Every word of every page, in the order in which they are read."""
    return _said("pdftotext", "-layout", str(sheet), "-")


def symbols(sheet: Path) -> set[str]:
    """What zbar reads from the first page, painted at the sharpness of an office scanner of the cheaper kind."""
    picture = sheet.with_name(f".{sheet.stem}")
    _said("pdftoppm", "-r", "100", "-l", "1", "-singlefile", "-png", str(sheet), str(picture))
    painted = picture.with_name(f"{picture.name}.png")
    try:
        return set(_said("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(painted)).split())
    finally:
        painted.unlink()


def scanned(picture: bytes) -> str:
    """What zbar reads from a picture of a screen (PNG)."""
    command = ("zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", "-")
    return subprocess.run(command, input=picture, capture_output=True, timeout=_LIMIT_S, check=True).stdout.decode().rstrip("\n")


def version() -> str:
    """Of both."""
    done = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    return f"poppler {done.stderr.split()[2]}, zbar {_said('zbarimg', '--version').split()[0]}"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=True).stdout
