"""Settings of a desk that prints task sheets: `[channels.NAME.settings]` with type "runner.sheet"."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from fenghuo import ConfigError
from fenghuo_runner.households import read_households
from fenghuo_runner.trips import window

__all__ = ["LONGEST_PLACE", "SheetSettings", "faults", "masked", "mixed", "place"]

LONGEST_PLACE = 60
"""Characters of a place: one line of the sheet."""
_SHOWN = 2


class SheetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where sheets come out, who carries them, and where they come back.

    `out_folder`: gets CODE.pdf and CODE.txt; `command`: gets the PDF on its standard input, `["lp", "-d", "duty"]` for example;
    `printer_path`: a device or a file that plain text is written to, in `charset`, wrapped at `columns` (0: the printer wraps by itself).
    `returns_folder`: codes that a scanner's program has read, one file each, taken away when they are kept. `carriers`: place → who
    carries there. `households_file`: CSV of households by place. `font_path`: a TrueType font to embed; without one a PDF names the
    reader's own Song typeface. `issued_by`: the head of the sheet. `there_s`, `back_s`: seconds by which half of the sheets are where
    they go, and 95 % are back. `print_s`: the longest that each outlet may take for a sheet. `mode`: who carries; all but `local` need a
    way on the map of roads. `windows`: when sheets are taken along, every day in the time of China, `["07:00-07:30"]`; none: at any time.
    `per_trip`: so many sheets go at a time, 0: any number.
    """

    out_folder: str = ""
    command: tuple[str, ...] = ()
    printer_path: str = ""
    charset: Literal["gb18030", "utf-8"] = "gb18030"
    columns: Annotated[int, msgspec.Meta(ge=0, le=200)] = 0
    returns_folder: str = ""
    carriers: dict[str, str] = {}
    households_file: str = ""
    font_path: str = ""
    issued_by: str = "应急指挥中心"
    there_s: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 1_800.0
    back_s: Annotated[float, msgspec.Meta(gt=0, le=604_800)] = 14_400.0
    print_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    look_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0
    mode: Literal["local", "courier", "boat", "drone"] = "local"
    windows: tuple[str, ...] = ()
    per_trip: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0

    def __post_init__(self) -> None:
        if not (self.out_folder or self.command or self.printer_path):
            raise ValueError('needs a place where sheets come out: out_folder = "/var/lib/fenghuo/sheets", command or printer_path')
        for name in ("out_folder", "printer_path", "returns_folder", "font_path"):
            value = getattr(self, name)
            if value and not value.startswith("/"):
                raise ValueError(f'{name} "{value}" does not begin with /; write the whole path')
        if self.out_folder and os.path.normpath(self.out_folder) == os.path.normpath(self.returns_folder):
            raise ValueError(mixed(self))
        if self.columns == 1:
            raise ValueError("columns = 1 has no room for a Chinese character, which takes two; write 32 for a roll of 58 mm")
        if self.there_s > self.back_s:
            raise ValueError(f"there_s = {self.there_s:g} is longer than back_s = {self.back_s:g}; a sheet is there before it is back")
        self._check_lists()

    def _check_lists(self) -> None:
        for where in self.carriers:
            place(where)
        for text in self.windows:
            window(text)
        if self.per_trip and not self.windows:
            raise ValueError(f'per_trip = {self.per_trip} counts the sheets of a trip, and there is none; write windows = ["07:00-07:30"]')

    def carrier(self, where: str) -> str:
        """Who carries to a place: the entry for it, else for the longest beginning of it; empty where nobody is named."""
        fitting = [known for known in self.carriers if where.startswith(known)]
        return self.carriers[max(fitting, key=len)] if fitting else ""


def mixed(settings: SheetSettings) -> str:
    """The sentence for a desk whose sheets would be taken for answers."""
    return (
        f"out_folder {settings.out_folder} and returns_folder {settings.returns_folder} are one folder: its sheets would be read as what "
        "comes back; give each a folder of its own"
    )


def place(text: str) -> str:
    """A place as it stands on a sheet: 洪泾村, 洪泾村3组. Raises: ValueError with a sentence."""
    said = " ".join(unicodedata.normalize("NFC", text).split())
    if not said:
        raise ValueError("a place is empty; write where the sheet is carried, for example 洪泾村3组")
    if len(said) > LONGEST_PLACE:
        raise ValueError(f"the place has {len(said)} characters; one line of a sheet takes {LONGEST_PLACE}")
    if not said.isprintable():
        raise ValueError("the place holds characters that cannot be printed; write plain text")
    return said


def masked(where: str) -> str:
    """The village may be read, the house not."""
    return where if len(where) <= _SHOWN else f"{where[:_SHOWN]}***"


def faults(settings: SheetSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse, by key."""
    found: dict[str, str] = {}
    if settings.out_folder and os.path.realpath(settings.out_folder) == os.path.realpath(settings.returns_folder or "/"):
        found["returns_folder"] = f"cannot be used: {mixed(settings)}"
    if settings.font_path and not Path(settings.font_path).is_file():
        found["font_path"] = "is not there; it must name a TrueType font (.ttf) with the characters of the county"
    if settings.households_file:
        try:
            read_households(secret(settings.households_file))
        except (ConfigError, ValueError) as refusal:
            found["households_file"] = f"cannot be used: {refusal}"
    return found
