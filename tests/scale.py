"""The constants by which every deadline in the tests is stretched on a slow machine, and how long a test waits for others at all."""

from __future__ import annotations

import os

__all__ = ["PATIENCE_S", "TIMEOUT_SCALE"]

# 1.0 is a machine of two cores with nothing else to do. FENGHUO_TIMEOUT_SCALE=3 makes every wait three times as patient.
TIMEOUT_SCALE = float(os.environ.get("FENGHUO_TIMEOUT_SCALE", "1"))

# How long a test waits for what another process or thread does at once. It ends when the thing happens, so that only a failure takes
# so long; shorter, and a machine that is busy for ten seconds is taken for a fault.
PATIENCE_S = 40.0 * TIMEOUT_SCALE
