"""The spool folder: a file that is put there is accepted, and then lies in accepted/ or refused/ with the reason beside it.

A file is taken when it is complete: renamed into the folder, or closed after writing. Names that begin with a dot or end in
.tmp or .part are left alone. Nothing is lost by a crash: a file is moved only after the commit, and one that was committed and
not yet moved is recognised as a duplicate at the next start.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from fenghuo.errors import Denied, FenghuoError, FormatError, KeyConflict, NotReady, Overloaded
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.plugin.ports import Hints
from fenghuo.service.folder_watch import FolderWatch

__all__ = ["Spool"]

T = TypeVar("T")
Accept = Callable[[bytes, Hints], Awaitable[Sequence[Accepted | Refused]]]
log = structlog.stdlib.get_logger("fenghuo.spool")

ACCEPTED = "accepted"
REFUSED = "refused"
UNFINISHED = (".tmp", ".part")
# As much as intake takes (wire-formats.md §1.3); a longer file is refused without being read.
LONGEST = 4 * 1024 * 1024
# A file this young at the start may still be written by somebody whose close we will hear; older ones nobody will close.
SETTLED_S = 2.0
# How long the folder rests after a fault of the disk or a full store, seconds; each file is tried again then.
REST_S = 30.0


class Found(msgspec.Struct, frozen=True):
    """A complete file and what lies in it; `raw` is None when it is too long."""

    path: Path
    raw: bytes | None


class Spool:
    """Watches `folder` and gives every file in it to `accept` as `source`. `settled_s`: see SETTLED_S."""

    def __init__(self, folder: Path, accept: Accept, *, source: str, settled_s: float = SETTLED_S, rest_s: float = REST_S) -> None:
        self._folder = folder
        self._accept = accept
        self._source = source
        self._settled_s = settled_s
        self._rest_s = rest_s
        self._is_down = False
        self._started = False

    async def run(self) -> None:
        """Take files until cancelled. No timer runs while nothing waits."""
        # One thread of its own: a hanging network folder must not stop the threads that others need.
        with ThreadPoolExecutor(1, thread_name_prefix="spool") as disk:
            while True:
                try:
                    await self._watch(disk)
                except OSError as error:
                    self._down(error)
                    await asyncio.sleep(self._rest_s)

    async def _watch(self, disk: ThreadPoolExecutor) -> None:
        """Until the folder goes away. Raises: OSError."""
        await _on(disk, self._prepare)
        # Before the first look, so that what comes in between is told.
        watch = FolderWatch(self._folder)
        try:
            self._up()
            while not watch.is_gone:
                rest_s = await self._sweep(disk)
                await _wait(watch, rest_s)
        finally:
            watch.close()

    async def _sweep(self, disk: ThreadPoolExecutor) -> float | None:
        """Take every complete file; seconds until the folder should be looked at again unasked, None for never."""
        is_first, self._started = not self._started, True
        young_s = self._settled_s if is_first else 0.0
        names, left = await _on(disk, lambda: _complete(self._folder, young_s))
        for name in names:
            found = await _on(disk, partial(_read, self._folder / name))
            if found is not None and (rest_s := await self._take(found, disk)) is not None:
                return rest_s
        if left:
            self._started = False
            return self._settled_s
        return None

    async def _take(self, found: Found, disk: ThreadPoolExecutor) -> float | None:
        """Accept one file and move it; seconds to rest when it cannot be accepted now."""
        name = found.path.name
        if found.raw is None:
            await self._refused(found.path, f"longer than {LONGEST} octets, which no message may be", disk)
            return None
        try:
            answers = await self._accept(found.raw, Hints(source=self._source))
        except (Overloaded, NotReady) as later:
            log.info("spool rests", cause=str(later), file=name)
            return later.retry_after_s
        except (Denied, FormatError, KeyConflict) as error:
            await self._refused(found.path, str(error), disk)
            return None
        except FenghuoError as error:
            # The store's trouble, not the file's: it stays and is tried again.
            log.warning("spool rests", cause=str(error), file=name)
            return self._rest_s
        except Exception as fault:  # a fault of ours at one file must not hold up those behind it, now and after each start
            log.error("spool file not understood", file=name, exc_info=fault)
            await self._refused(found.path, f"a fault of ours at this file ({type(fault).__name__}); the log has the trace", disk)
            return None
        await self._settle(found.path, answers, disk)
        return None

    async def _settle(self, path: Path, answers: Sequence[Accepted | Refused], disk: ThreadPoolExecutor) -> None:
        """To accepted/ only when every message of the file was; else a person reads in refused/ what became of each."""
        accepted = [answer for answer in answers if isinstance(answer, Accepted)]
        if len(accepted) < len(answers):
            await self._refused(path, "\n".join(_became(answers)), disk)
            return
        await _on(disk, lambda: _move(path, path.parent / ACCEPTED / f"{path.name}.{accepted[0].id}"))
        for one in accepted:
            log.info("spool file accepted", file=path.name, message=one.id, state=one.state)

    async def _refused(self, path: Path, reason: str, disk: ThreadPoolExecutor) -> None:
        await _on(disk, partial(_refuse, path, reason))
        log.warning("spool file refused", file=path.name, cause=reason)

    def _prepare(self) -> None:
        for folder in (self._folder, self._folder / ACCEPTED, self._folder / REFUSED):
            folder.mkdir(mode=0o770, parents=True, exist_ok=True)

    def _up(self) -> None:
        if self._is_down:
            log.info("spool folder is back", folder=str(self._folder))
        self._is_down = False

    def _down(self, error: OSError) -> None:
        if not self._is_down:
            log.error("spool folder cannot be used", folder=str(self._folder), cause=error.strerror or str(error))
        self._is_down = True


def _became(answers: Sequence[Accepted | Refused]) -> list[str]:
    """A line for each message of a file; its number in front where there are several."""
    lines = [f"accepted as {one.id}" if isinstance(one, Accepted) else _why(one) for one in answers]
    return [f"no. {place}: {line}" for place, line in enumerate(lines, 1)] if len(lines) > 1 else lines


def _why(refused: Refused) -> str:
    return refused.message + (f" (at {refused.where})" if refused.where else "")


async def _on(disk: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(disk, work)


async def _wait(watch: FolderWatch, rest_s: float | None) -> None:
    try:
        async with asyncio.timeout(rest_s):
            await watch.changed()
    except TimeoutError:
        return


def _complete(folder: Path, young_s: float) -> tuple[list[str], bool]:
    """Names of complete files, oldest first; and whether there are others that are too young to say."""
    found: list[tuple[int, str]] = []
    is_young = False
    newest = time.time() - young_s
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(UNFINISHED) or not entry.is_file(follow_symlinks=False):
                continue
            about = entry.stat(follow_symlinks=False)
            if young_s and about.st_mtime > newest:
                is_young = True
            else:
                found.append((about.st_mtime_ns, entry.name))
    return [name for _, name in sorted(found)], is_young


def _read(path: Path) -> Found | None:
    """The file, or None when it went away or is no plain file any more."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        raw = file.read(LONGEST + 1)
    return Found(path, raw if len(raw) <= LONGEST else None)


def _refuse(path: Path, reason: str) -> None:
    """Move a file to refused/ with the reason beside it; the reason first, so that no file is ever there without one."""
    target = _free(path.parent / REFUSED / path.name)
    target.with_name(f"{target.name}.txt").write_text(reason + "\n", encoding="utf-8")
    _move(path, target)


def _move(path: Path, target: Path) -> None:
    """Rename; a file that somebody took away meanwhile was accepted all the same."""
    try:
        path.rename(target)
    except FileNotFoundError:
        return


def _free(target: Path) -> Path:
    count = 1
    free = target
    while free.exists():
        count += 1
        free = target.with_name(f"{target.name}.{count}")
    return free
