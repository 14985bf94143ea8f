"""Everything that simulates and tests. Stands on top, may break anything below, comes in by the plugin door."""

from __future__ import annotations
