"""An alarm: an event that needs a person's action within a stated time, and what has been done about it.

Source: ANSI/ISA-18.2-2016 §5.4 (states of an alarm); console.md §4.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from fenghuo.model.traffic import Traffic

__all__ = ["Alarm", "AlarmPriority", "AlarmState", "Held"]


class AlarmPriority(StrEnum):
    """紧急, 重要, 一般: how soon a person must act. Not a message's P0 to P4, and never made from one."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class AlarmState(StrEnum):
    """正常, 未确认, 已确认, 恢复未确认, 搁置, 设计抑制, 停用."""

    NORMAL = "NORMAL"
    UNACKED = "UNACKED"
    ACKED = "ACKED"
    RETURNED_UNACKED = "RETURNED_UNACKED"
    SHELVED = "SHELVED"
    SUPPRESSED = "SUPPRESSED"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


class Held(StrEnum):
    """What keeps an alarm from calling: nothing, a person for a while (搁置), a person until a person says otherwise (停用), or the design
    (设计抑制: it is of an exercise or a test)."""

    NOT = ""
    SHELVED = "shelved"
    OUT_OF_SERVICE = "out_of_service"
    BY_DESIGN = "by_design"


class Alarm(msgspec.Struct, frozen=True):
    """One life of an alarm, from the event that raises it until it has returned and was acknowledged. All times are UTC seconds, 0: not.

    `id`: the seq of the event that began it; `kind`, `subject`: that event's; `event`: the seq of the newest that raised it
    or told after a start that it stands; `stands`: its
    condition holds; `is_acked`: its newest call was acknowledged; `raised_at`: it first called a person, `called_at`: it last did; `count`:
    how often it was raised; `delayed_until`: the end of its on-delay (before it has called) or off-delay (after); `flood`: the first alarm
    of the flood that it came in, 0: in none; `rev`: the seq of the event that tells of its newest change, with `changed_by`, `changed_at`.
    `held_by`, `held_why`, `held_second`, `held_at`, `held_until`: who keeps it from calling; while `held` is NOT they say who has asked
    for that, for `held_for_s` seconds, and until when that waits for a second person.
    """

    id: int
    kind: str
    subject: str
    traffic: Traffic
    priority: AlarmPriority
    began_at: float
    last_at: float
    event: int
    state: AlarmState = AlarmState.NORMAL
    rev: int = 0
    changed_by: str = ""
    changed_at: float = 0.0
    count: int = 1
    stands: bool = True
    is_acked: bool = False
    is_over: bool = False
    raised_at: float = 0.0
    called_at: float = 0.0
    respond_by: float = 0.0
    returned_at: float = 0.0
    delayed_until: float = 0.0
    flood: int = 0
    acked_by: str = ""
    acked_at: float = 0.0
    comment: str = ""
    held: Held = Held.NOT
    held_by: str = ""
    held_why: str = ""
    held_second: str = ""
    held_for_s: float = 0.0
    held_at: float = 0.0
    held_until: float = 0.0

    @property
    def has_called(self) -> bool:
        """Whether it got as far as a person; one that ends within its on-delay never does."""
        return self.raised_at > 0.0
