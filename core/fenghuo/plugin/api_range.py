"""Which plugin API this build speaks, and whether a plugin was written for it."""

from __future__ import annotations

import re

__all__ = ["API_VERSION", "PluginError", "check_api"]

API_VERSION = (1, 0)
"""The plugin API this build speaks; a plugin names the range it was written for in PluginInfo.api."""


class PluginError(Exception):
    """One plugin's fault on its way to the list of faults."""


RANGE = re.compile(r"(>=|<=|==|<|>)\s*(\d+)(?:\.(\d+))?")


def check_api(wanted: str) -> None:
    """Raises: PluginError unless API_VERSION lies in a range such as `>=1,<2`."""
    for part in wanted.split(","):
        match = RANGE.fullmatch(part.strip())
        if match is None:
            raise PluginError(f"its API range {wanted!r} cannot be read; write it as '>=1,<2'")
        bound = (int(match[2]), int(match[3] or 0))
        if not _holds(match[1], bound):
            ours = ".".join(map(str, API_VERSION))
            raise PluginError(f"it was written for plugin API {wanted}; this build speaks {ours}")


def _holds(sign: str, bound: tuple[int, int]) -> bool:
    match sign:
        case ">=":
            return bound <= API_VERSION
        case "<=":
            return bound >= API_VERSION
        case "<":
            return bound > API_VERSION
        case ">":
            return bound < API_VERSION
        case _:
            return bound == API_VERSION
