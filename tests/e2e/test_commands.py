"""A siren behind a town without a clock, over the sealed link: it starts by a command that is proved to be live, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import events, sent, stands
from tests.peers.pager import Pager
from tests.plugins.link_stations import LIMIT_S, Air
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(150), pytest.mark.usefixtures("paging")]

SIREN, DESK = Person("siren", "+8613800000001"), Person("desk", screen="here")
RULES = """
[ladders.siren]
rungs = [ { channels = ["siren"] } ]
[ladders.here]
rungs = [ { channels = ["screen"] } ]
[[rules]]
name = "siren"
audience = { name = "siren", persons = ["siren"] }
needed = "AIRED"
ladder = "siren"
signatures = 0
continue = true
[[rules]]
name = "here"
audience = { name = "here", persons = ["desk"] }
needed = "HUMAN"
ladder = "here"
signatures = 0
"""


WORDS = ("第一次", "第二次", "被截获", "仅供阅读")


class Scene:
    """A centre and a town on one air, and what the town's siren was started with. The centre's orders are commands until told otherwise."""

    def __init__(self, folder: Path, air: Air, siren: Pager) -> None:
        down, up = folder / "centre", folder / "town"
        down.mkdir()
        up.mkdir()
        self.air, self.siren = air, siren
        link = head(down, air.port, [11], baud=9600, configure_tnc=False)
        link["settings"]["posts"][town(11)]["commands"] = True
        self.centre = Node(down, channels={"link": link}, persons=[Person("p1", callsign=town(11))], rules=orders("link", deadline_s=600))
        devices = {"siren": siren.channel(doubt="actuator")}
        far = endpoint(up, air.port, 11, baud=9600, configure_tnc=False)
        self.town = Endpoint(up, far, rules=RULES, persons=[SIREN, DESK], more=devices)
        _replace(self.town, "[node]", '[node]\nclock_quality = "freerun"')

    async def begin(self) -> None:
        await self.centre.start()
        await self.town.start()
        await self.centre.channels_up("link")
        await self.town.channels_up("link", "siren")

    async def end(self) -> None:
        await self.centre.close()
        await self.town.close()

    async def order(self, text: str) -> None:
        """Sent, at the town's disk, and on its screen. A post that was silent is tried again after half a minute, and to a centre that the
        machine keeps waiting for seconds it may seem so more than once."""
        await stands(self.centre, await sent(self.centre, "p1", text), "link", "MET", timeout_s=5 * LIMIT_S)
        await self.town.until("endpoint.ls", lambda rows: any(text in row["text"] for row in rows))

    async def jammed(self, text: str) -> bytes:
        """What the centre says of an order that nobody hears, and that it calls off."""
        self.air.is_deaf, before = True, len(self.air.octets)
        order = await sent(self.centre, "p1", text)
        await _until(lambda: len(self.air.octets) > before)
        recorded = self.air.octets[before:]
        await self.centre.ask("alert.cancel", id=order, reason="误发")
        return recorded

    async def played(self, count: int) -> list[str]:
        """What the siren was started with, once that is so many."""
        await _until(lambda: len(self.siren.pages) >= count)
        return [next(word for word in WORDS if word in page.text) for page in self.siren.pages]


async def test_a_siren_starts_by_a_live_command_and_by_no_copy_no_late_one_and_no_message(tmp_path: Path) -> None:
    """What was said once does nothing when it is played again. What was jammed and is played to a town that has lost the time is asked for
    its sender, who is gone: nothing starts. A mere message is shown, and a person hears that it may start nothing."""
    async with Air() as air, Pager("AIRED") as siren:
        scene = Scene(tmp_path, air, siren)
        try:
            await scene.begin()
            await scene.order("第一次")
            air.say(air.octets)
            await scene.order("第二次")
            assert ["第一次", "第二次"] == await scene.played(2)
            recorded = await scene.jammed("被截获")
            await scene.centre.kill()
            await scene.town.kill()
            air.is_deaf = False
            await scene.town.start()
            await scene.town.channels_up("link", "siren")
            said = air.said
            air.say(recorded)
            await _until(lambda: air.said > said)  # the town asks who is there
            _replace(scene.centre, '"commands" = true', '"commands" = false')
            await scene.centre.start()
            await scene.centre.channels_up("link")
            await scene.order("仅供阅读")
            barred = await events(scene.town, "alarm.not_commanded")
            assert (["第一次", "第二次"], ["post:BJ1CMD"]) == (await scene.played(2), [one["body"]["source"] for one in barred])
        finally:
            await scene.end()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


def _replace(node: Node, old: str, new: str) -> None:
    file = node.folder / "fenghuo.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
