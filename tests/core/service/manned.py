"""The desk over a whole engine: real verbs, a real store, channels that answer what a test tells them to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fenghuo_narrowband
import fenghuo_sms
from fenghuo.engine.judging import Origin
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.desk import Desk, Holder
from fenghuo.service.desk_messages import MessageVerbs
from fenghuo.service.desk_outages import OutageVerbs
from fenghuo.service.desk_plans import PlanVerbs
from fenghuo.service.desk_preview import PreviewVerbs
from fenghuo.service.desk_proven import ProvenVerbs
from fenghuo.service.desk_queue import QueueVerbs
from fenghuo.service.desk_reads import screen_reads
from fenghuo.service.desk_release import ReleaseVerbs
from fenghuo.service.desk_sheets import SheetVerbs
from fenghuo.service.desk_state import About, StateVerbs
from fenghuo.service.directory import DirectoryKeeper
from fenghuo.service.guard import Guard
from fenghuo.service.power import PowerWatch
from fenghuo.service.secrets import Secret
from tests.core.engine.house import House, opened
from tests.core.engine.values import NOW

__all__ = ["FEED", "Manned", "cap", "manned"]

FEED = "<feed>{}</feed>"
HOLDERS = {
    "met": ("source",),
    "duty": ("operator", "viewer"),
    "anna": ("releaser",),
    "bert": ("releaser",),
    "chief": ("operator", "releaser"),
    "root": ("admin",),
    "clerk": ("auditor",),
}


class Manned:
    """A house with a desk in front of it. `ready` and `metrics` are what the daemon would say of itself."""

    def __init__(self, house: House, host: PluginHost) -> None:
        self.house = house
        self.desk = Desk()
        self.desk.guard = Guard(house.store, house.office)
        self.keeper = DirectoryKeeper(house.office, house.room.facts, house.store, host)
        self.is_ready = True
        self.power = PowerWatch(house.store, house.office.clock)
        room = house.room
        messages = MessageVerbs(self.desk, room.intake, house.store)
        messages.board = room.board
        plans = PlanVerbs(self.desk, room, house.store)
        preview = PreviewVerbs(self.desk, house.office, house.store, board=room.board, renderers=host.renderers)
        sheets = SheetVerbs(room, house.store)
        about = About("0.1.0", NOW, lambda: self.is_ready, lambda: "fenghuo_up 1\n", lambda: {"power": self.power.view()})
        self.state = state = StateVerbs(room, house.store, keeper=self.keeper, host=host, about=about)
        self.release = ReleaseVerbs(self.desk, room, house.store, messages)
        self.desk.add(self.release.verbs())
        state.topics["release"] = self.release.waiting
        messages.plan, messages.outlook = plans.explain, plans.outlook
        proven = ProvenVerbs(room, house.store, messages.send)
        for verbs in (messages.verbs(), preview.verbs(), plans.verbs(), QueueVerbs(room.decisions).verbs(), state.verbs(), proven.verbs()):
            self.desk.add(verbs)
        self.desk.add(sheets.verbs())
        self.desk.add(screen_reads(self.desk, room, house.store, self.keeper.inventory))
        self.outages = OutageVerbs(self.desk, room)
        self.desk.add(self.outages.verbs())
        holders = [(Secret(f"{name}-secret"), Holder(name, rights, Origin(name))) for name, rights in HOLDERS.items()]
        self.desk.hold(holders)

    async def do(self, verb: str, who: str = "duty", **args: Any) -> Any:
        """A verb in somebody's name, and everything that follows from it at once."""
        answer = await self.desk.do(self.desk.actor(f"{who}-secret", "test"), verb, args)
        await self.house.settle()
        return answer

    async def sign(self, ident: str, signer: str, who: str = "duty") -> Any:
        """A signature by the token of somebody who has looked at what waits a moment before."""
        shown = await self.do("alert.review", who, id=ident, token=f"{signer}-secret")
        return await self.do("alert.sign", who, id=ident, token=f"{signer}-secret", envelope=shown["envelope"])


@asynccontextmanager
async def manned(folder: Path, **house: Any) -> AsyncIterator[Manned]:
    """A manned desk on the state in `folder`."""
    async with opened(folder, **house) as there:
        yield Manned(there, load_plugins([fenghuo_sms, fenghuo_narrowband]))


def cap(
    identifier: str = "A-1", *, code: str = "320585109", name: str = "mca", sender: str = "met@example.org", action: str = "Alert"
) -> str:
    """A CAP alert for one area, sent at the moment at which the tests' clock stands."""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>{sender}</sender>
<sent>1970-01-12T13:46:40-00:00</sent><status>Actual</status><msgType>{action}</msgType><scope>Public</scope>
<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty><expires>1970-01-12T19:46:40-00:00</expires><headline>暴雨橙色预警</headline><description>立即转移</description>
<area><areaDesc>双凤镇</areaDesc><geocode><valueName>{name}</valueName><value>{code}</value></geocode></area></info></alert>"""
