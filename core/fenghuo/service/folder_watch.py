"""Linux tells when a file in a folder is complete: inotify by the C library, so that an idle spool wakes nobody.

Source: inotify(7).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from pathlib import Path

__all__ = ["FolderWatch"]

IN_CLOSE_WRITE = 0x8
IN_MOVED_TO = 0x80
IN_DELETE_SELF = 0x400
IN_MOVE_SELF = 0x800
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x01000000
WANTED = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED
HEAD = struct.Struct("iIII")
"""wd, mask, cookie, length of the name that follows."""

# Room for many events at once: each is at most 16 + NAME_MAX + 1 octets.
BUFFER = 64 * 1024


class FolderWatch:
    """Wakes whoever awaits changed() when a file was completed in `folder` or moved into it. Closed by close()."""

    def __init__(self, folder: Path) -> None:
        """Begin to watch. Raises: OSError when the folder is not there or the kernel has no watch left."""
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            _checked(libc.inotify_add_watch(self._descriptor, os.fsencode(folder), WANTED))
        except OSError:
            os.close(self._descriptor)
            raise
        self._changed = asyncio.Event()
        self._is_gone = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    @property
    def is_gone(self) -> bool:
        """The folder itself was moved or removed: nothing more will be told of it."""
        return self._is_gone

    async def changed(self) -> None:
        """Return once something was completed since the last call. Several changes are told as one."""
        await self._changed.wait()
        self._changed.clear()

    def close(self) -> None:
        """Stop watching. Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)

    def _read(self) -> None:
        try:
            raw = os.read(self._descriptor, BUFFER)
        except BlockingIOError:
            return
        at = 0
        while at < len(raw):
            _, mask, _, length = HEAD.unpack_from(raw, at)
            self._is_gone = self._is_gone or bool(mask & GONE)
            at += HEAD.size + length
        # An overflow of the kernel's queue needs no care of its own: whoever is woken looks at the whole folder.
        self._changed.set()


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
