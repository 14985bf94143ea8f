"""The volume that the log of a simulated daemon lies on: it takes lines until it is full, and again when there is room."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from fenghuo.rig.world.log import EPOCH
from fenghuo.service import logs
from fenghuo.service.log_ring import LogRing

__all__ = ["LogVolume"]


class LogVolume:
    """`ring`: what the daemon logs to. `time`: virtual seconds, set when a run begins."""

    def __init__(self) -> None:
        self.is_full = False
        self.time: Callable[[], float] = float
        self.ring = LogRing(self._put, wall=lambda: EPOCH + self.time(), monotonic=lambda: self.time(), most=100)

    @contextmanager
    def takes_logs(self) -> Iterator[None]:
        """Everything that is logged meanwhile goes here, and nowhere else."""
        before = structlog.get_config()
        logs.configure(self.ring, as_json=True)
        try:
            yield
        finally:
            structlog.configure(**before)

    def _put(self, octets: bytes) -> int:
        """What is written can be forgotten: nobody reads it. Raises: OSError."""
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(octets)
