"""The reader of the sheets whose eyes are programs of other authors: poppler for the words of the page, zbar for its code."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fenghuo import ConformancePeer
from fenghuo.formats.code_word import PREFIX
from fenghuo_runner.conformance import FolderPeer, looking
from tests.peers.paper import symbols, version, words

__all__ = ["readers"]

_EDGE = re.compile(r"^.*[0-9A-Z]{4}-[0-9A-Z]{4}\s+第[0-9]+页.*$\f?", re.MULTILINE)
_BY_NUMBER = re.compile(r"\[U\+([0-9A-F]{4,6})\]")


class Readers(FolderPeer):
    """As its parent, and reads the PDF alone, without head and foot of its pages. A character that the typeface lacks stands there by
    its number, and is read as it."""

    guests = 3

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.version = version()

    def read(self, sheet: Path) -> str:
        text = _EDGE.sub("", words(sheet)).replace("\f", "")
        return _BY_NUMBER.sub(lambda found: chr(int(found[1], 16)), text)

    def code(self, sheet: Path) -> str:
        (read,) = symbols(sheet)
        return read.removeprefix(PREFIX)


@contextlib.asynccontextmanager
async def readers() -> AsyncIterator[ConformancePeer]:
    """A folder, and both programs."""
    with tempfile.TemporaryDirectory(prefix="fenghuo-sheets-") as folder:
        async with looking(Readers(Path(folder))) as peer:
            yield peer
