"""Receipts of a public: by the page's own name, by token, by the gateway's name, and faster than the page's outcome."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo.engine.page_store import Told
from fenghuo.model.delivery import (
    DeliveryState,
    ObjectiveState,
    Reached,
    Token,
)
from fenghuo.model.evidence import Evidence
from fenghuo.plugin.ports import Emission, Inbound, InboundKind
from tests.core.engine.house import House, opened
from tests.core.engine.public import (
    BULK,
    NEED_DEVICE,
    NORTH,
    SOUTH,
    SOUTH_AREA,
    alert,
    enrol,
    rows,
)


async def test_receipts_raise_what_is_known_of_each_person_and_never_lower_it(tmp_path: Path) -> None:
    """By our token or by the provider's name of the page; one person or many; also before the outcome, twice, and after the end."""
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)

        async def early(emission: Emission) -> None:
            await house.room.receipts.take("a", receipt(Evidence.DEVICE, SOUTH[0], token=emission.token))

        house.channel["a"].during = early
        await alert(house, "one", SOUTH_AREA)
        (page,) = await rows(house)
        assert (DeliveryState.AWAITING, 1) == (page.state, page.met)
        (sheet,) = house.channel["a"].pages
        for _ in range(2):
            await house.room.receipts.take("a", receipt(Evidence.DEVICE, *SOUTH[1:600], ref=sheet.ref))
        await house.room.receipts.take("a", receipt(Evidence.AIRED, SOUTH[1], ref=sheet.ref))
        await house.room.receipts.take("a", receipt(Evidence.DEVICE, "+8613900000000", ref=sheet.ref))
        await house.settle()
        (objective,) = await house.objectives()
        assert (ObjectiveState.OPEN, 600, Evidence.DEVICE) == (objective.state, objective.met, objective.evidence)
        await house.room.receipts.take("a", receipt(Evidence.DEVICE, *SOUTH[600:], token=sheet.token))
        await house.settle()
        assert [ObjectiveState.MET] == [row.state for row in await house.objectives()]
        await house.room.receipts.take("a", receipt(Evidence.HUMAN, SOUTH[9], token=sheet.token))
        await house.settle()
        (page,) = await rows(house)
        assert (DeliveryState.MET, Evidence.HUMAN, Evidence.DEVICE) == (page.state, Evidence(page.marks[9]), Evidence(page.marks[8]))


async def test_receipts_by_name_that_are_faster_than_the_outcome_of_their_page_count_when_it_names_them(tmp_path: Path) -> None:
    """Two people report, and one again, while the page is on the air: each has what it says, and it is told of each report once."""
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)

        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        await alert(house, "one", SOUTH_AREA)
        for person, level in ((0, Evidence.DEVICE), (1, Evidence.DEVICE), (1, Evidence.HUMAN)):
            await house.room.receipts.take("a", receipt(level, SOUTH[person], ref="a-page-0"))
        assert [] == await house.events("receipt.matched")
        gate.set()
        await house.settle()
        await understood(house)
        (page,) = await rows(house)
        assert (DeliveryState.AWAITING, 2) == (page.state, page.met)
        assert [Evidence.DEVICE, Evidence.HUMAN, Evidence.ACCEPTED] == [Evidence(mark) for mark in page.marks[:3]]
        assert ["DEVICE", "DEVICE", "HUMAN"] == [told["level"] for told in await house.events("receipt.matched")]


async def test_a_page_that_a_channel_had_to_cut_has_the_receipts_of_all_its_names(tmp_path: Path) -> None:
    """The far end takes fewer at once, and names each part: a report by the second name counts, before the outcome and after it."""
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        gate = asyncio.Event()

        async def slow(emission: Emission) -> None:
            await gate.wait()

        house.channel["a"].during = slow
        house.channel["a"].page_outcomes.append(Reached(Evidence.ACCEPTED, ("first", "second")))
        await alert(house, "one", SOUTH_AREA)
        await house.room.receipts.take("a", receipt(Evidence.DEVICE, SOUTH[500], ref="second"))
        gate.set()
        await house.settle()
        for place, name in ((0, "first"), (501, "second")):
            await house.room.receipts.take("a", receipt(Evidence.DEVICE, SOUTH[place], ref=name))
        await understood(house)
        assert [3] == [page.met for page in await rows(house)]


async def test_a_page_that_is_named_while_a_receipt_is_being_looked_up_has_it(tmp_path: Path) -> None:
    """The receipt found no page, and a delivery is searched for; the outcome names the page meanwhile, and will not come again."""
    async with opened(tmp_path, rules=NEED_DEVICE, a=BULK) as house:
        await enrol(house, NORTH, SOUTH)
        look, has_missed, is_named = house.room.receipts.on_page, asyncio.Event(), asyncio.Event()
        hearing: list[asyncio.Task[None]] = []

        async def slow(told: Told) -> bool:
            house.room.receipts.on_page = look
            found = await look(told)
            has_missed.set()
            await is_named.wait()
            return found

        async def early(emission: Emission) -> None:
            house.room.receipts.on_page = slow
            hearing.append(asyncio.create_task(house.room.receipts.take("a", receipt(Evidence.DEVICE, SOUTH[0], ref="a-page-0"))))
            await has_missed.wait()

        house.channel["a"].during = early
        await alert(house, "one", SOUTH_AREA)
        assert [Evidence.ACCEPTED] == [Evidence(page.marks[0]) for page in await rows(house)]
        is_named.set()
        await asyncio.wait(hearing)
        assert [Evidence.DEVICE] == [Evidence(page.marks[0]) for page in await rows(house)]


async def understood(house: House) -> None:
    """Everything heard is worked out."""
    while house.room.receipts.in_hand:
        await house.settle()


def receipt(level: Evidence, *addresses: str, token: str | None = None, ref: str = "") -> Inbound:
    """What a gateway reports of people on a page."""
    return Inbound(
        InboundKind.RECEIPT, b"raw", ack, "msisdn", ref=ref, token=Token(token) if token else None, level=level, addresses=addresses
    )


async def ack() -> None:
    """This gateway wants none."""
