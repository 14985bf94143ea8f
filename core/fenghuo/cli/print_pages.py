"""`fenghuo print …`: the board as it is now, and blank forms, on paper."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fenghuo.cli.door import speaks
from fenghuo.client.caller import Caller
from fenghuo.errors import CannotCreate, FormatError

__all__ = ["print_pages"]

where = click.option("--out", type=click.Path(path_type=Path), help="File of the PDF; without it the PDF goes into a pipe.")
typeface = click.option("--font", default="", help="A TrueType font to embed; without it the reader's own Song typeface is named.")


@click.group("print")
def print_pages() -> None:
    """On paper: `board`, what is open now; `forms`, blank ones to write on."""


@print_pages.command()
@where
@typeface
@speaks
def board(daemon: Caller, *, out: Path | None, font: str) -> None:
    """The board as a PDF of A4: alarms, messages with their ids as symbols, who is out, channels, modes, who is on duty."""
    from fenghuo.cli.board_page import board_pdf

    _give(board_pdf(daemon.call("board.show"), font=_readable(font)), out)


@print_pages.command()
@where
@typeface
def forms(*, out: Path | None, font: str) -> None:
    """Blank forms as a PDF of A4, one on each page; needs no daemon."""
    from fenghuo.cli.board_page import forms_pdf

    _give(forms_pdf(font=_readable(font)), out)


def _readable(font: str) -> str:
    if font and not Path(font).is_file():
        raise FormatError(f"font: {font} is no file; name a TrueType font such as /usr/share/fonts/truetype/a.ttf", code="bad-argument")
    return font


def _give(pdf: bytes, out: Path | None) -> None:
    """Raises: FormatError: a terminal would be given a PDF; CannotCreate."""
    if out is None and sys.stdout.isatty():
        raise FormatError("a PDF is not for a terminal; write --out FILE, or send it on: fenghuo print board | lp", code="bad-argument")
    if out is None:
        sys.stdout.buffer.write(pdf)
        return
    try:
        out.write_bytes(pdf)
    except OSError as error:
        raise CannotCreate(f"{out} cannot be written: {error.strerror or error}") from error
    click.echo(f"{out}: {len(pdf)} octets", err=True)
