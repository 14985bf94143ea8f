"""The tray of the duty desk over a whole engine: the channel of the console lays an order there, and it goes the way of every delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.engine.channels import Instance
from fenghuo.errors import FormatError, NotFound
from fenghuo.model.delivery import DeliveryState
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.ports import Actor
from fenghuo.service.desk_watch import join_watch
from fenghuo.service.settings_values import WatchSettings
from fenghuo_console import DeskSettings, desk_capabilities
from fenghuo_console.desk_channel import DeskChannel
from fenghuo_console.watch import Order, Watch
from tests.core.service.manned import Manned, manned
from tests.scale import PATIENCE_S

RULES = """
[ladders.desk]
[[ladders.desk.rungs]]
channels = ["d"]
[[ladders.desk.rungs]]
channels = ["a"]
[[rules]]
name = "orders"
match = {{ kind = ["Dispatch"] }}
audience = {{ name = "as addressed" }}
needed = "{}"
deadline_s = 300
ladder = "desk"
"""
HERE: dict[str, Any] = {"console": "aaaa", "armed": True, "sound": True, "visible": True}
DOOR = Actor("console", ("door",), "console")


class Watched:
    """A desk, its tray, and the channel `d` before the channel `a` for short messages."""

    def __init__(self, there: Manned) -> None:
        self.there, self.house = there, there.house
        self.watch = Watch()
        room = self.house.room
        self.room = join_watch(there.desk, room, self.house.store, WatchSettings())
        self.channel = DeskChannel(
            HostedChannelContext("d", DeskSettings(), self.house.clock, str, self._health, open_shared=lambda name, make: self.watch)
        )
        caps = msgspec.structs.replace(desk_capabilities(DeskSettings()), form="sms")
        room.board.add(Instance("d", "console", caps, address_kinds=("msisdn",), channel=lambda: self.channel))

    def _health(self, up: bool, reason: str) -> None:
        (self.house.up if up else self.house.down)("d")

    async def lay(self, order: Order) -> None:
        await self.there.desk.do(DOOR, "tray.lay", {"emission": order.token, "text": order.text})

    async def sit(self, **change: Any) -> None:
        """What a front does when a console has said how it stands."""
        answer = await self.there.do("watch.report", **{**HERE, **change})
        self.watch.stands(answer["armed"])
        await self.settle()

    async def see(self, ident: int, *, tone: bool = True) -> bool:
        """What a front does when a console has drawn a row."""
        said = await self.there.do("watch.seen", console="aaaa", path=f"tray/{ident}", tone=tone)
        if said["heard"]:
            self.watch.noticed(said["channel"], said["token"])
        await self.settle()
        return bool(said["heard"])

    async def order(self, to: str, text: str = "到岗") -> None:
        await self.house.order(to, text=text)
        await self.house.later(1.0)  # a channel that is back begins with one at a time
        await self.settle()

    async def do(self, verb: str, **args: Any) -> Any:
        answer = await self.there.do(verb, **args)
        await self.settle()
        return answer

    async def settle(self) -> None:
        """Until nothing is in flight, and all that was heard is understood."""
        await self.house.settle()
        while self.house.room.queues.in_flight or self.house.room.receipts.in_hand:
            await self.house.settle()
        await self.house.settle()

    @property
    def tray(self) -> dict[str, dict[str, Any]]:
        return dict(self.room.topics["tray"]())

    async def hear(self) -> None:
        """What the core does with the ear of a channel, until cancelled."""
        async for inbound in self.channel.inbound():
            await self.house.room.receipts.take("d", inbound)

    async def stands(self) -> list[tuple[str, str, str]]:
        return [(one.channel, one.state.value, one.evidence.name) for one in await self.house.deliveries()]


@asynccontextmanager
async def watched(folder: Path, *, needed: str = "HUMAN", clock: Any = None) -> AsyncIterator[Watched]:
    async with manned(folder, rules=RULES.format(needed), clock=clock) as there, asyncio.timeout(PATIENCE_S):
        here = Watched(there)
        await here.channel.start()
        here.watch.serve(here.lay)
        tasks: list[asyncio.Future[None]] = [asyncio.ensure_future(here.room.works["tray"]()), asyncio.ensure_future(here.hear())]
        await here.house.settle()
        try:
            yield here
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await here.channel.stop(0.0)


async def test_an_order_is_drawn_and_read_at_the_desk_and_no_short_message_leaves(tmp_path: Path) -> None:
    """ACCEPTED as it lies there, DEVICE when an armed console has drawn and sounded it, HUMAN by a person; then the tray is empty."""
    async with watched(tmp_path) as here:
        await here.sit()
        await here.order("wang", text="到岗")
        assert [("d", "AWAITING", "ACCEPTED"), ("a", "HELD", "STORED")] == await here.stands()
        ((path, slip),) = here.tray.items()
        assert ("到岗#101", "wang", "", "HUMAN") == (slip["text"], slip["to"], slip["seen_by"], slip["needed"])
        assert not await here.see(slip["id"], tone=False)
        assert await here.see(slip["id"])
        assert (("d", "AWAITING", "DEVICE"), "duty") == ((await here.stands())[0], here.tray[path]["seen_by"])
        acked = await here.do("tray.ack", id=slip["id"], text="马上")
        assert {"id": slip["id"], "message": slip["message"], "number": slip["number"], "level": "HUMAN"} == acked
        assert [("d", "MET", "HUMAN"), ("a", "CANCELLED", "STORED")] == await here.stands()
        assert ({}, []) == (here.tray, here.house.sent)
        with pytest.raises(NotFound, match="somebody has it already"):
            await here.do("tray.ack", id=slip["id"])
        assert [{"reason": "acked", "by": "duty"}] == await here.house.events("tray.left")


async def test_where_nobody_is_armed_the_next_rung_goes_at_once(tmp_path: Path) -> None:
    """Also when the last one leaves; whoever comes back finds the desk a way again."""
    async with watched(tmp_path) as here:
        await here.order("wang", text="一")
        assert [("d", "HELD", "STORED"), ("a", "AWAITING", "ACCEPTED")] == await here.stands()
        assert {} == here.tray
        await here.sit()
        await here.order("huang", text="二")
        assert ["二#102"] == [slip["text"] for slip in here.tray.values()]
        await here.sit(visible=False)
        await here.order("li", text="三")
        assert ["一#101", "三#103"] == [mail.text for mail in here.house.sent]


async def test_what_a_machine_has_shown_still_lies_there_for_a_person(tmp_path: Path) -> None:
    """An order that asks for DEVICE is met when it is drawn, and leaves the tray when somebody has read it; one that asks for DONE stays
    until somebody says that it is done."""
    async with watched(tmp_path, needed="DEVICE") as here:
        await here.sit()
        await here.order("wang")
        (slip,) = here.tray.values()
        await here.see(slip["id"])
        assert ("d", "MET", "DEVICE") == (await here.stands())[0]
        assert 1 == len(here.tray)
        await here.do("tray.ack", id=slip["id"])
        assert {} == here.tray
    async with watched(tmp_path / "done", needed="DONE") as here:
        await here.sit()
        await here.order("wang")
        (slip,) = here.tray.values()
        await here.do("tray.ack", id=slip["id"])
        assert ["duty"] == [one["acked_by"] for one in await here.do("tray.ls")]
        await here.do("tray.ack", id=slip["id"], done=True)
        assert ({}, ("d", "MET", "DONE")) == (here.tray, (await here.stands())[0])


async def test_what_is_over_leaves_the_tray(tmp_path: Path) -> None:
    """Called off, or answered by another way; an order that was laid is laid again after a restart, and lies there once."""
    async with watched(tmp_path) as here:
        await here.sit()
        await here.order("wang", text="一")
        await here.order("huang", text="二")
        first, second = here.tray.values()
        await here.do("alert.cancel", id=first["message"], reason="误发")
        await here.house.answer("a", "+8613800000003", f"收到#{second['number']:04d}")
        assert {"一#101", "二#102"}.isdisjoint(slip["text"] for slip in here.tray.values())
        for slip in list(here.tray.values()):  # the word that it is called off asks to be read as well
            await here.do("tray.ack", id=slip["id"])
        await here.order("li", text="三")
        clock = here.house.clock
    async with watched(tmp_path, clock=clock) as here:
        while not here.tray:
            await here.settle()
        assert ["三#104"] == [slip["text"] for slip in here.tray.values()]
        ((_, slip),) = here.tray.items()
        (delivery,) = [one for one in await here.house.deliveries() if one.id == slip["id"]]
        assert delivery.state in {DeliveryState.AWAITING, DeliveryState.HELD, DeliveryState.READY}
        clock.now += 100_000.0
        while here.tray:
            await here.house.store.run(lambda tx: tx.event("clock.jumped", "node"))
            await here.house.settle()


async def test_only_the_door_lays_what_was_sent(tmp_path: Path) -> None:
    """And nothing that nobody sent; what is no slip is no argument."""
    async with watched(tmp_path) as here:
        with pytest.raises(NotFound, match="nothing was sent"):
            await here.there.desk.do(DOOR, "tray.lay", {"emission": "of-nothing", "text": "x"})
        lay = partial(here.do, "tray.ack")
        for bad in ({"id": "x"}, {"id": 1, "text": "x" * 501}, {}):
            with pytest.raises(FormatError):
                await lay(**bad)
