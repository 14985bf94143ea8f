"""A tap between a modem's sound output and whoever hears it: it counts every sample that is keyed, which nobody under test can improve."""

from __future__ import annotations

import os
import threading
from pathlib import Path

__all__ = ["SampleTap"]

_OCTETS_A_SAMPLE = 2
_MOST = 65536
STOP_S = 3.0


class SampleTap:
    """Reads the FIFO `source`, which it makes, and hands all of it on to `sink`, which is there. A modem without anything to send writes
    nothing, so that its samples are its seconds from key down to key up, preamble and tail included."""

    def __init__(self, source: Path, sink: Path) -> None:
        self.octets = 0
        self._is_over = False
        os.mkfifo(source)
        self._ends = os.open(source, os.O_RDWR), os.open(sink, os.O_RDWR)  # read-write: never an end of file
        self._thread = threading.Thread(target=self._pass_on, name="far end: sample tap", daemon=True)
        self._thread.start()

    def seconds(self, rate: int) -> float:
        """Of sound so far, at so many samples a second."""
        return self.octets / _OCTETS_A_SAMPLE / rate

    def stop(self) -> None:
        """Nothing is handed on any more; idempotent."""
        if not self._is_over:
            self._is_over = True
            os.write(self._ends[0], b"\0\0")  # it wakes up for the last time
            self._thread.join(STOP_S)
            for end in self._ends:
                os.close(end)

    def _pass_on(self) -> None:
        source, sink = self._ends
        while (octets := os.read(source, _MOST)) and not self._is_over:
            self.octets += len(octets)
            os.write(sink, octets)
