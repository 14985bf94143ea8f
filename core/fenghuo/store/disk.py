"""The folder of a store: durable small files, the lock that keeps a second process out, free space and the ballast."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from fenghuo.errors import CannotCreate, StoreInUse

__all__ = ["DATABASE", "MARKER", "FolderLock", "Space", "boot_id", "free_octets", "make_folder", "sync_file", "sync_folder", "write_file"]

DATABASE = "fenghuo.sqlite"

# Says that there was a store, and which: a folder that lost its database must not start again as if it were new.
MARKER = "store.id"


def boot_id() -> str:
    """Names this start of the machine, within which monotonic times compare. Source: random(4), boot_id."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a new file whose name was never synced is gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create `folder` for its owner alone, and make that durable. Raises: CannotCreate."""
    if folder.is_dir():
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise CannotCreate(f"the folder {folder} cannot be made: {exc.strerror}") from exc
    sync_folder(folder.parent)


def write_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Replace `path`: after a crash it holds the old bytes or the new ones, never a part (reliability.md §2)."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(path)
    sync_folder(path.parent)


def free_octets(folder: Path) -> int:
    """What the disk under `folder` has room for."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


class FolderLock:
    """The right to write in a folder: one process at a time, given back by the kernel when that process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises: StoreInUse: another process has it."""
        self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise StoreInUse(f"the store in {folder} is in use by another process") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give it back, also where a child of ours that is on its way to its own program still has a copy of the descriptor. Idempotent."""
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = -1


class Space:
    """Whether the disk has room for a new promise, and a reserve to keep the old ones when it has not.

    `min_free`: octets that must stay free; `ballast`: octets of a file that is given up when the disk is full, so that states
    and audit can still be written, and made again when there is room for both.
    """

    def __init__(self, folder: Path, *, min_free: int, ballast: int, free: Callable[[Path], int] | None = None) -> None:
        """`free`: octets free under a folder, where not the real disk is asked."""
        self._folder = folder
        self._free_in = free or free_octets
        self._file = folder / "ballast"
        self._min_free = min_free
        self._ballast = ballast

    @property
    def is_short(self) -> bool:
        """Less than `min_free` octets are free."""
        return self._free_in(self._folder) < self._min_free

    @property
    def has_ballast(self) -> bool:
        """The reserve is there."""
        return self._ballast == 0 or self._file.exists()

    def drop_ballast(self) -> bool:
        """Give the reserve up; whether there was any."""
        if self._ballast == 0 or not self._file.exists():
            return False
        self._file.unlink()
        return True

    def keep_ballast(self) -> bool:
        """Make the reserve if there is room for it beside `min_free`; whether it is there now."""
        if self.has_ballast:
            return True
        if self._free_in(self._folder) < self._min_free + self._ballast:
            return False
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._ballast)
        except OSError:
            self._file.unlink()
            return False
        finally:
            os.close(descriptor)
        return True
