"""One row of any table damaged while nobody was there: the start goes on without it, names it, and stops nothing but its message."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.cli.db_offline import examine
from fenghuo.engine import opening
from fenghuo.engine.intake import Submission
from fenghuo.engine.judging import Origin
from fenghuo.errors import NotFound, ReleaseNeeded
from fenghuo.model.alarm import Alarm, AlarmPriority, AlarmState
from fenghuo.model.delivery import Accepted
from fenghuo.model.evidence import Evidence
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.plugin.ports import Emission, InboundKind
from fenghuo.store import Tx
from fenghuo.store.disk import DATABASE
from fenghuo.store.records import (
    BlobRow,
    ChannelRow,
    CounterRow,
    DirectoryRow,
    FrameCounterRow,
    FrameWindowRow,
    MetaRow,
    ProvenRow,
    TimerRow,
    TransferInRow,
    TransferOutRow,
)
from fenghuo.store.records_commands import CommandRow, CommandState
from fenghuo.store.records_people import AccountRow, AccountState, BreakGlassRow, HandoverRow, SessionRow, ShiftRow
from fenghuo.store.records_release import DraftRow
from fenghuo.store.scrub import scrub
from fenghuo.store.tables import (
    ACCOUNT,
    ALARM,
    BLOB,
    BREAK_GLASS,
    CHANNEL,
    COMMAND,
    COUNTER,
    DIRECTORY,
    DRAFT,
    FRAME_COUNTER,
    FRAME_WINDOW,
    HANDOVER,
    META,
    PROVEN,
    SESSION,
    SHIFT,
    TABLES,
    TIMER,
    TRANSFER_IN,
    TRANSFER_OUT,
    Table,
)
from tests.core.engine.house import House, Mail, opened
from tests.core.engine.public import BULK, NORTH_AREA, PUBLIC_RULES, SOUTH_AREA, alert, cap, enrol, numbers
from tests.core.engine.values import NOW
from tests.core.store.rows import StillClock

RULES = PUBLIC_RULES + (
    """
[[rules]]
name = "signed"
match = { kind = ["Report"] }
audience = { name = "as addressed" }
needed = "DEVICE"
ladder = "both"
signatures = 2
"""
)
RULES = RULES.replace('kind = ["Dispatch", "Report"]', 'kind = ["Dispatch"]')
WORDS = ("held", "kept", "awaited", "in flight", "cut off", "after", "A1", "A2")
WANG, LI, HUANG = "+8613800000001", "+8613800000002", "+8613800000003"
REST = (
    (ALARM, Alarm(1, "alarm.no_rule", "message/1", Traffic.ACTUAL, AlarmPriority.HIGH, NOW, NOW, 1, AlarmState.UNACKED)),
    (ACCOUNT, AccountRow("anna", "Anna", ("operator",), (), AccountState.ACTIVE, NOW)),
    (SESSION, SessionRow("00", "anna", "Actual", "127.0.0.1", NOW, NOW, NOW + 60.0)),
    (SHIFT, ShiftRow("s", "anna", "duty_officer", "", (), NOW, NOW + 60.0)),
    (HANDOVER, HandoverRow("s", b"{}", "d", NOW)),
    (BREAK_GLASS, BreakGlassRow("b", NOW, "anna", "t", "r", "m")),
    (BLOB, BlobRow("h", 1, b"1")),
    (COMMAND, CommandRow("anna", "k", "d", CommandState.ANSWERED, "{}", NOW + 60.0)),
    (CHANNEL, ChannelRow("a", Admin.ENABLED, "anna", "", NOW)),
    (COUNTER, CounterRow("c", 1)),
    (DIRECTORY, DirectoryRow("d", NOW, b"", active=False)),
    (DRAFT, DraftRow("d", 1, "anna", "Actual", NOW, b"{}")),
    (FRAME_COUNTER, FrameCounterRow("lane", 1)),
    (FRAME_WINDOW, FrameWindowRow("lane", 1, b"\0" * 8)),
    (META, MetaRow("note", "1")),
    (PROVEN, ProvenRow("wang", "a", WANG, Evidence.DEVICE, NOW, 1.0, 0.0, NOW)),
    (TIMER, TimerRow(1, "k", 1, "wang", NOW, 1)),
    (TRANSFER_IN, TransferInRow(1, 2, 3, "lane", 1, Traffic.ACTUAL, 1, b"", NOW, b"", done=False, at=NOW)),
    (TRANSFER_OUT, TransferOutRow("link", 1, 2, "lane", "r", 1, Traffic.ACTUAL, Priority.P0, b"", 1, b"", NOW, NOW)),
)


async def _live_through(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A house with everything in it, which crashes: an alert held, orders in flight, awaited and ended, a public half told, an order that
    was cut off among its people."""
    async with opened(folder, rules=RULES, b=BULK) as house:
        await enrol(house, numbers(0, 40), numbers(5_000, 5))
        await house.order("wang", kind="Report", text="held")
        await house.order("li", key="k1", text="kept")
        await house.receipt(house.sent[-1])
        await house.order("huang", text="awaited")
        await alert(house, "A1", NORTH_AREA)
        await house.take(cap("A9", SOUTH_AREA, action="Cancel", ends="A8"), "anna")
        await house.take(b"<no/>")
        await house.hear("a", InboundKind.RECEIPT, ref="strange", level=Evidence.DEVICE, address="+8613899999999")
        await house.answer("a", "+8613899999998", "who is this")
        house.channel["a"].during = _for_ever
        house.channel["b"].during = _for_ever
        await house.order("wang", text="in flight")
        await alert(house, "A2", SOUTH_AREA)
        patch.setattr(opening, "CHUNK", 1)
        raw = msgspec.json.encode({"to": ["wang", "li", "huang"], "text": "cut off", "priority": "P2"})
        (answer,) = await house.room.intake.accept(Submission(raw, Origin("centre"), author="centre"))
        assert isinstance(answer, Accepted)
        house.room.loop.turn()
        await house.store.run(_add_the_rest)


def _add_the_rest(tx: Tx) -> None:
    rest: tuple[tuple[Table[Any], Any], ...] = REST
    for table, row in rest:
        tx.insert(table, row)


async def _for_ever(emission: Emission) -> None:
    await asyncio.Event().wait()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(_live_through(folder, patch))
    return folder


def spoil(folder: Path, name: str, place: int, column: str = "row_digest") -> None:
    """Change one field of the row at `place` of a table, at rest, as a disk would: nothing else notices."""
    with contextlib.closing(sqlite3.connect(folder / "state" / DATABASE)) as connection:
        key = ", ".join(f'"{part}"' for part in TABLES[name].key)
        order = "rowid" if name == "message" else key  # its ids are drawn
        (old, *where) = connection.execute(f'SELECT "{column}", {key} FROM "{name}" ORDER BY {order} LIMIT 1 OFFSET {place}').fetchone()
        match = " AND ".join(f'"{part}" = ?' for part in TABLES[name].key)
        connection.execute(f'UPDATE "{name}" SET "{column}" = ? WHERE {match}', (_altered(old), *where))
        connection.commit()


def _altered(value: Any) -> Any:
    match value:
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1]) if value else b"?"
        case str():
            return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "?"
        case None:
            return 1
        case _:
            return value + 1


STOPPED = {
    "message": {"awaited"},
    "objective": {"in flight"},
    "target": {"held"},
    "delivery": {"awaited"},
    "ref": {"awaited"},
    "roll": {"A2"},
    "fan_out": {"A2"},
    "page": {"A2"},
}
"""What does not reach its people when a row of it is damaged; of every other table whatever is lost is made again, or is history."""
AT = {"message": 2, "objective": 4, "delivery": 3, "ref": 1, "roll": 1, "fan_out": 1, "page": 1, "meta": 2}
"""Which row, in the order of the keys; elsewhere the first."""


IDENTITY = [("meta", 0), ("meta", 1), ("meta", 4)]
"""The names of the stream of events, of the node and of the store."""


@pytest.mark.parametrize(("table", "place"), [*((name, AT.get(name, 0)) for name in TABLES if name != "quarantine"), *IDENTITY])
def test_a_damaged_row_is_named_and_stops_its_message_alone(lived: Path, tmp_path: Path, table: str, place: int) -> None:
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    spoil(tmp_path, table, place)
    assert [finding for finding in examine(tmp_path / "state")["findings"] if table in finding]
    became, named = asyncio.run(goes_on(tmp_path))
    assert named == ({"account"} if table == "census" else {table})
    stopped = {word for word in WORDS if became.get(word) != ["MET"]}
    assert STOPPED.get(table, set()) == stopped


async def goes_on(folder: Path) -> tuple[dict[str, list[str]], set[str]]:
    """A start on it, and the next days: what is held is signed, receipts come, a new order goes; everything is looked at and ends.
    What became of the objectives of each message, and the tables that alarms name."""
    async with opened(folder, clock=StillClock(NOW + 1), rules=RULES, before=_new_names, b=BULK) as house:
        await house.order("li", text="after")
        assert "after" in house.sent[-1].text
        await house.receipt(house.sent[-1])
        with contextlib.suppress(NotFound, ReleaseNeeded):
            for actor in ("anna", "bert"):
                await house.room.release.sign(await _ident(house, "held"), actor)
        await house.settle()
        await house.hear("a", InboundKind.RECEIPT, ref="a-1", level=Evidence.DEVICE, address=HUANG)
        for _ in range(3):
            await house.later(70)
            await house.room.auditor.look()
            for mail in house.sent:
                await house.receipt(mail)
        for _ in range(3):
            await house.later(200_000)
            await house.room.auditor.look()
        await scrub(house.store, breath_s=0.0)
        await house.store.run(lambda tx: None)
        alarms = [*await house.events("alarm.row_damaged"), *await house.events("alarm.census")]
        return await _became(house), {alarm["table"] for alarm in alarms}


def _new_names(house: House) -> None:
    """The channel does not begin again with the references that it gave before the restart."""
    house.sent += [Mail("a", LI, "before", "", 1, f"old-{number}") for number in range(10)]


async def _ident(house: House, text: str) -> str:
    sql = "SELECT id FROM message WHERE CAST(raw AS TEXT) LIKE ?"
    return str(await house.store.scalar(sql, f"%{text}%"))


async def _became(house: House) -> dict[str, list[str]]:
    """By message, as the disk has it: also what no digest fits."""
    sql = "SELECT json_group_array(json_array(message, state)) FROM (SELECT * FROM objective ORDER BY id)"
    found: dict[str, list[str]] = {}
    for message, state in msgspec.json.decode(str(await house.store.scalar(sql))):
        text = await house.store.scalar("SELECT CAST(raw AS TEXT) FROM message WHERE id = ?", message)
        name = next((word for word in WORDS if f'"{word}"' in str(text) or f">{word}<" in str(text)), str(text))
        found.setdefault(name, []).append(state)
    return found
