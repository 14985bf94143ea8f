"""Every change of the schema, numbered; none is ever edited after a release."""

from __future__ import annotations

import msgspec

from fenghuo.store.migrations import (
    m0001_first,
    m0002_audit,
    m0003_link,
    m0004_fan_out,
    m0005_roster,
    m0006_proven,
    m0007_link_keys,
    m0008_people,
    m0009_duty,
    m0010_release,
    m0011_commands,
    m0012_alarms,
)

__all__ = ["MIGRATIONS", "Migration"]


class Migration(msgspec.Struct, frozen=True):
    """The statements that lead from schema `number` - 1 to `number`. `rewritten`: tables whose rows need a new digest."""

    number: int
    title: str
    statements: tuple[str, ...]
    rewritten: tuple[str, ...] = ()


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "first schema", m0001_first.STATEMENTS),
    Migration(2, "audit", m0002_audit.STATEMENTS),
    Migration(3, "narrow link", m0003_link.STATEMENTS),
    Migration(4, "fan-outs to a public", m0004_fan_out.STATEMENTS),
    Migration(5, "rosters", m0005_roster.STATEMENTS),
    Migration(6, "proven paths", m0006_proven.STATEMENTS),
    Migration(7, "transfers by channel and key", m0007_link_keys.STATEMENTS, rewritten=("transfer_out",)),
    Migration(8, "accounts and sessions", m0008_people.STATEMENTS),
    Migration(9, "duty", m0009_duty.STATEMENTS, rewritten=("account",)),
    Migration(10, "release", m0010_release.STATEMENTS, rewritten=("release",)),
    Migration(11, "commands with a key", m0011_commands.STATEMENTS),
    Migration(12, "alarms", m0012_alarms.STATEMENTS),
)
