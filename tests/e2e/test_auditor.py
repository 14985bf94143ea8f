"""The second code path through the running daemon: what nobody told the loop of is looked at all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, sent, stands
from tests.peers.pager import Pager
from tests.peers.site import install

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG, LI = Person("wang", "+8613800000001"), Person("li", "+8613800000002")
FORGETFUL = '''
"""A fault that nothing outside the process can cause: a channel is back, and the loop hears of none that waited for it."""
import asyncio
import pathlib

import msgspec

import fenghuo
from fenghuo.engine import auditor
from fenghuo.engine.apply import Apply

whom_it_concerns = Apply._on_channel


def of_nobody(self, name):
    is_usable = self._board.situation().channel[name].is_usable
    for holder in whom_it_concerns(self, name):
        if not is_usable:
            yield holder
        else:
            with pathlib.Path(__file__).with_name("forgotten").open("a") as book:
                book.write(f"{holder.target.recipient}\\n")


Apply._on_channel = of_nobody
auditor.EVERY_S = 2.0  # for the minute, which is nothing to wait for in a test


@fenghuo.hookimpl
def fenghuo_plugin():
    return fenghuo.PluginInfo("forgetful", "1.0")


class Settings(msgspec.Struct, frozen=True):
    pass


class Sees:
    def __init__(self, ctx):
        pass

    async def run(self):
        await asyncio.Event().wait()


@fenghuo.hookimpl
def fenghuo_sensor_types():
    return [fenghuo.SensorType("forgetful.nothing", Settings, Sees)]
'''
IN_THE_LOOP = '[sensors.nothing]\ntype = "forgetful.nothing"\nisolation = "loop"\n'
"""It does to the daemon what only a plugin can that an administrator lets in."""


async def test_what_is_held_for_a_channel_whose_return_nobody_told_leaves_by_the_auditors_look(tmp_path: Path) -> None:
    """Held for the channel, and a P0 whose last attempt is spent: each leaves once, and as either might rightly have waited, no alarm."""
    install(tmp_path / "site", "forgetful", FORGETFUL)
    async with (
        Pager() as pager,
        Node(tmp_path, channels={"pages": pager.channel()}, persons=[WANG, LI], rules=orders("pages"), extra=IN_THE_LOOP) as node,
    ):
        await node.channels_up("pages")
        await pager.down()
        await node.until("channel.ls", lambda rows: "down" == rows[0]["health"])
        held, spent = await sent(node, "wang", priority="P2"), await sent(node, "li", priority="P0")
        await stands(node, held, "pages", "HELD", "channel")
        await stands(node, spent, "pages", "HELD", "spent")
        called = await alarms(node)
        await pager.up()
        for message in (held, spent):
            await stands(node, message, "pages", "MET")
        assert [LI.msisdn, WANG.msisdn] == sorted((page.to for page in pager.pages), reverse=True)
        assert {"li", "wang"} == set((tmp_path / "site" / "forgotten").read_text().split()), "nobody told"
        assert called == await alarms(node)
