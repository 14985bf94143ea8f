"""A playback log of a whole county costs the disk its octets once, and is answered for when it is kept."""

from __future__ import annotations

import asyncio

import pytest

from fenghuo import Evidence, FormatError, Inbound, Token
from fenghuo.plugin.context import LoneNotes
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import MAX_STATES, Envelope, State
from fenghuo_broadcast.platform_plays import DONE, Plays
from fenghuo_broadcast.platform_reports import MOST_OCTETS, Reports
from tests.peers.platform_simulator import PLATFORM
from tests.plugins.broadcast_fakes import CENTRE, TOWN, settings_for
from tests.plugins.broadcast_values import COUNTY, NOW, programme

OTHERS = tuple(State(f"010332058500000002202611{number:06d}", DONE) for number in range(2000))


async def answered(raw: bytes, *states: State) -> tuple[int, list[Inbound]]:
    """What a report with our one broadcast among `states` is answered, and what the core got of it."""
    plays = Plays(LoneNotes(), COUNTY)
    await plays.load({}, NOW)
    ours = await plays.start(Token("first"), programme(), TOWN, NOW)
    reports = Reports(settings_for(1), plays)
    got: list[Inbound] = []

    async def opened(_raw: bytes) -> Envelope:
        return Envelope("1", "EBMBrdLog", PLATFORM, CENTRE, states=(*states, *(State(number, DONE) for number in ours.ebmids)))

    async def core() -> None:
        async for item in reports.inbound():
            got.append(item)
            await item.ack()

    async with asyncio.TaskGroup() as group:
        group.create_task(core())
        _, result = await reports.taken(opened, raw)
        reports.end()
    return result.code, got


async def test_the_octets_of_a_log_are_kept_once() -> None:
    """However many entries it has, and whichever of them is ours: 2,000 of 686 kB took 610 MB of the store, and were never accepted."""
    raw = b"x" * 686_000
    code, got = await answered(raw, *OTHERS)
    assert (1, [Evidence.AIRED]) == (code, [item.level for item in got])
    assert [raw] == [item.raw for item in got]


async def test_a_log_of_many_of_ours_names_its_octets_by_their_digest() -> None:
    """The first receipt has them; each other says of which packet it is."""
    raw = b"x" * 686_000
    code, (first, second) = await answered(raw, State(f"{COUNTY}202607155581", DONE))
    assert (1, raw) == (code, first.raw)
    assert second.raw.startswith(b"sha256 ")


async def test_a_report_beyond_what_the_core_takes_is_refused_with_a_sentence() -> None:
    """The platform hears it, and that it must send it in parts: nothing of it is half believed."""
    code, got = await answered(b"x" * (MOST_OCTETS + 1))
    assert (5, []) == (code, got)


def log(entries: int) -> bytes:
    """The envelope of a playback log."""
    entry = "<EBMBrdItem><EBM><EBMID>1</EBMID></EBM><BrdStateCode>3</BrdStateCode></EBMBrdItem>"
    return f"<EBD><EBDType>EBMBrdLog</EBDType><EBMBrdLog>{entry * entries}</EBMBrdLog></EBD>".encode()


def test_no_entry_of_a_log_is_dropped_in_silence() -> None:
    """Ours may be the last of them."""
    assert 2001 == len(ebd.read(log(2001)).states)
    with pytest.raises(FormatError, match="in parts"):
        ebd.read(log(MAX_STATES + 1))
