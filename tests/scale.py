"""The one constant by which every deadline in the tests is stretched on a slow machine."""

from __future__ import annotations

import os

__all__ = ["TIMEOUT_SCALE"]

# 1.0 is a machine of two cores with nothing else to do. FENGHUO_TIMEOUT_SCALE=3 makes every wait three times as patient.
TIMEOUT_SCALE = float(os.environ.get("FENGHUO_TIMEOUT_SCALE", "1"))
