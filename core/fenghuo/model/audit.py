"""Who did something, as the audit names him."""

from __future__ import annotations

import msgspec

__all__ = ["SYSTEM", "By"]


class By(msgspec.Struct, frozen=True):
    """`actor`: the name of a person, program or part of ours; `role`: what it acted as; `door`: the way in that it came by."""

    actor: str
    role: str = ""
    door: str = ""


SYSTEM = By("fenghuo", "system")
"""What nobody asked for: timers, recovery, the daemon itself."""
