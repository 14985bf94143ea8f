"""Where the lines of our own log go in a command: to stderr and only when somebody should act, since stdout is the answer."""

from __future__ import annotations

import logging
import sys

from fenghuo.service.logs import configure

__all__ = ["quiet_logs"]


def quiet_logs() -> None:
    """From now on log warnings and worse to stderr."""
    configure(sys.stderr, level=logging.WARNING)
