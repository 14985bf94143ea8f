"""What a message is and how it may travel: kind, action, traffic, priority."""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = ["Action", "Kind", "Priority", "Traffic"]


class Kind(StrEnum):
    """Alert (预警), Dispatch order (调度指令), Report (信息报送), Reply (回执)."""

    ALERT = "Alert"
    DISPATCH = "Dispatch"
    REPORT = "Report"
    REPLY = "Reply"


class Action(StrEnum):
    """What a message does to what was said before. Source: CAP 1.2 §3.2.1, msgType; NEW is CAP's "Alert"."""

    NEW = "New"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Traffic(StrEnum):
    """Whether it is real. A channel instance is bound to the traffic it may carry. Source: EDXL-DE 2.0, DistributionStatus."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"


class Priority(IntEnum):
    """P0 特提 life safety, P1 特急, P2 加急, P3 平急, P4 routine. A smaller number goes first."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4

    @classmethod
    def parse(cls, text: str) -> Priority:
        """`P1` or `p1` as a Priority. Raises: ValueError with a sentence."""
        try:
            return cls[text.strip().upper()]
        except KeyError:
            raise ValueError(f"priority {text!r} is not one of P0, P1, P2, P3, P4") from None
