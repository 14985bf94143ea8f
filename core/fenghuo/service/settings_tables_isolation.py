"""Where the code of an instance runs, as the keys of its table say it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

__all__ = ["Isolation", "MemoryMib", "ProcessorPercent"]

Isolation = Annotated[
    Literal["loop", "process", "unit"] | None,
    Meta(
        description="Where its code runs: in the loop of the daemon, in a process of its own, where it hurts nobody else, or in a systemd"
        " unit of its own. By default in the loop for what came with Fenghuo, and in a process for everything else."
    ),
]
MemoryMib = Annotated[int, Meta(ge=128, le=16384, description="In a process of its own: its address space, MiB; more is refused to it.")]
ProcessorPercent = Annotated[
    int,
    Meta(
        ge=1,
        le=100,
        description="In a process of its own: percent of one processor; whoever uses more for 10 s is ended. At 100 nobody looks.",
    ),
]
