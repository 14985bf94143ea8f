"""What planning may know, frozen: the same call with another Situation answers `route explain`, `whatif` and the real thing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

import msgspec

from fenghuo.clock import ClockQuality
from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic

__all__ = ["Admin", "ChannelView", "Health", "Situation"]


class Admin(StrEnum):
    """Administrative state of a channel instance, kept apart from its health (ITU-T X.731). INHIBITED by a mode; STANDBY until a mode
    enables it; SILENT by a mode for all that is no P0."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    INHIBITED = "inhibited"
    STANDBY = "standby"
    SILENT = "silent"


class Health(StrEnum):
    """Operational state. SUSPECT at the first channel-scope failure; PROBATION is UP again, but only for a few."""

    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    PROBATION = "probation"
    UNKNOWN = "unknown"


class ChannelView(msgspec.Struct, frozen=True):
    """A channel instance as planning sees it. Times in seconds, fee in fen (¥0.01) a message, airtime in seconds a message.

    `doubt`: what to do after a crash or timeout: idempotent, queryable, opaque or actuator (delivery.md, At least once);
    `start_within_s`: how long after the release of a message an actuator may start because of it without a person's word,
    None: whenever;
    `refire_after_s`: when an actuator in doubt starts once more by itself, None: a person decides; `ungraded`: why it carries P2 to P4
    only, empty where it may carry everything. `reach`: the chance that it gets a message to a recipient while it works and its risk
    groups stand; `scarce`: P3 and P4 wait for another way rather than use it; `unsteady`: it was left a moment
    ago, and is no first choice while a steady way may do; `no_way`: addresses
    that nobody gets to now by what the channel needs, with why; `weight`: of alternates that are equally well, the heavier goes first.
    """

    name: str
    type: str
    admin: Admin
    health: Health
    evidence_max: Evidence
    risk_groups: tuple[str, ...]
    medium: str
    traffic: tuple[Traffic, ...]
    address_kinds: tuple[str, ...]
    form: str
    doubt: str = "opaque"
    latency_q50_s: float = 1.0
    latency_q95_s: float = 30.0
    airtime_s: float = 0.0
    fee_fen: float = 0.0
    backlog_s: float = 0.0
    concurrency: int = 1
    repeat_safe: bool = False
    batch: bool = False
    refire_after_s: float | None = None
    start_within_s: float | None = None
    ungraded: str = ""
    reach: float = 0.95
    scarce: bool = False
    unsteady: bool = False
    weight: float = 1.0
    no_way: Mapping[str, str] = {}

    @property
    def is_usable(self) -> bool:
        """Enabled and not known to be down."""
        return self.admin is Admin.ENABLED and self.health is not Health.DOWN

    def gets_to(self, address: str) -> bool:
        """Usable, and somebody gets there by what it needs."""
        return self.is_usable and address not in self.no_way


class Situation(msgspec.Struct, frozen=True, dict=True):
    """Channels, directory digest, clock and epoch at one moment; `at`: UTC seconds. `availability`: of risk groups, by name, where the
    settings say it; `proven`: recipient → channel → chance that this way works, where evidence says more than the settings; `aside`: what
    is found by its name and is no way to people. Neither `at` nor `proven`, which every receipt changes, nor `aside` is part of the
    digest."""

    at: float
    channels: tuple[ChannelView, ...]
    directory: str = ""
    clock_quality: ClockQuality = ClockQuality.NTP
    node: str = "local"
    epoch: int = 1
    availability: dict[str, float] = {}
    proven: Mapping[str, Mapping[str, float]] = {}
    aside: tuple[ChannelView, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex, first 16) of what lasts."""
        return hashlib.sha256(msgspec.msgpack.encode(msgspec.structs.replace(self, at=0.0, proven={}, aside=()))).hexdigest()[:16]

    @cached_property
    def channel(self) -> dict[str, ChannelView]:
        return {view.name: view for view in (*self.channels, *self.aside)}
