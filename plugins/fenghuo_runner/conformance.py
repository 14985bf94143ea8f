"""Somebody who takes sheets out of a folder, reads them, and puts their code words back, for the conformance kit."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fenghuo import Ability, Arrival, ConformancePeer, Evidence, Word
from fenghuo.far_end import FAR_END
from fenghuo_runner.settings import LONGEST_PLACE, SheetSettings

__all__ = ["FolderPeer", "looking", "sheets_in_a_folder"]

_BOXES = re.compile("^□ [0-9]+[.] (.*)$", re.MULTILINE)
_PLACE = re.compile("送往：(.*)")
_LOOK_S = 0.02
_STRANGER = "FH1:00000000"


class FolderPeer(ConformancePeer):
    """Each channel has two folders of its own: sheets come out in one, codes go back into the other."""

    version = "file"
    is_local = True
    bad_address = "村" * (LONGEST_PLACE + 1)
    reports = Evidence.HUMAN
    abilities = frozenset({Ability.REPORT, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS})

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self._seen: dict[Path, int] = {}
        self._home: dict[str, Path] = {}
        self._put: set[Path] = set()
        self._words = 0
        self._is_hasty = False

    def settings(self, port: int) -> SheetSettings:
        home = Path(tempfile.mkdtemp(dir=self.root))
        for name in ("out", "back"):
            (home / name).mkdir()
        return SheetSettings(
            out_folder=str(home / "out"),
            returns_folder=str(home / "back"),
            charset="utf-8",
            there_s=1.0,
            back_s=30.0,
            print_s=5.0,
            look_s=0.05,
        )

    def address(self, number: int) -> str:
        return f"洪泾村{number}组"

    async def say(self, word: Word, about: Arrival) -> None:
        said = {Word.REPORT: f"FH1:{about.token} 李四", Word.UNKNOWN: _STRANGER, Word.MANGLED: f"FH1:{about.token[::-1]}\x1b€"}
        await self._back(about, said[word])

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    async def look(self) -> None:
        """Read what has come out since, and see which codes were taken. Only reading and writing is done in threads."""
        for sheet, stamp in await asyncio.to_thread(_stamped, self.root):
            if self._seen.get(sheet) != stamp:
                self._seen[sheet] = stamp
                await self._took(sheet)
        taken = await asyncio.to_thread(_gone, tuple(self._put))
        self._put -= taken
        self.acknowledged += len(taken)

    def read(self, sheet: Path) -> str:
        """The words on a sheet."""
        return sheet.with_suffix(".txt").read_text("utf-8")

    def code(self, sheet: Path) -> str:
        """Its code word."""
        return sheet.stem

    async def _took(self, sheet: Path) -> None:
        text, code = await asyncio.to_thread(self.read, sheet), await asyncio.to_thread(self.code, sheet)
        found = _PLACE.search(text)
        boxes, words = _BOXES.findall(text), text.replace("\n", "")
        for where in boxes or [found[1] if found else ""]:
            # The kit writes into a text whom it is for, and cannot where it is for many: there the place says it.
            sign = f"〔{''.join(filter(str.isdecimal, where))}〕" if boxes else ""
            self._home[where] = sheet.parent.parent  # two cores of one moment may give the same code word; their places differ
            self.arrivals.append(Arrival(where, words + sign, token=code, ref=code))
        if self._is_hasty:
            await self._back(self.arrivals[-1], f"FH1:{code} 李四")

    async def _back(self, about: Arrival, words: str) -> None:
        self._words += 1
        file = self._home[about.address] / "back" / f"{self._words}.scan"
        await asyncio.to_thread(_write, file, words)
        self._put.add(file)


def _stamped(root: Path) -> list[tuple[Path, int]]:
    return [(path, path.stat().st_mtime_ns) for path in sorted(root.glob("*/out/[!.]*.pdf"))]


def _gone(files: tuple[Path, ...]) -> set[Path]:
    return {file for file in files if not file.exists()}


def _write(file: Path, words: str) -> None:
    _beside(file).write_text(words, "utf-8")
    _beside(file).rename(file)


def _beside(file: Path) -> Path:
    return file.with_name(f".{file.name}")


@contextlib.asynccontextmanager
async def looking(peer: FolderPeer) -> AsyncIterator[ConformancePeer]:
    """Somebody stands before the folders."""

    async def watch() -> None:
        while True:
            await peer.look()
            await asyncio.sleep(_LOOK_S)

    watching = asyncio.create_task(watch(), name=f"{FAR_END}: reader of the sheets")
    try:
        yield peer
    finally:
        watching.cancel()
        await asyncio.wait([watching])


@contextlib.asynccontextmanager
async def sheets_in_a_folder() -> AsyncIterator[ConformancePeer]:
    """A folder, and a reader of plain text."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-sheets-") as folder:
        async with looking(FolderPeer(Path(folder))) as peer:
            yield peer
