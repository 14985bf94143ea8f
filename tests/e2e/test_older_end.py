"""A centre and a town of an older release, two daemons over two TNCs: what the town does not take is never shown as delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, endpoint, head, town
from tests.e2e.node import Node, Person, orders
from tests.peers.direwolf import Duo

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.timeout(90)]

OLDER = """
import fenghuo.formats.compact_text as texts
import fenghuo.formats.compact_words as words
from fenghuo.errors import FrameError

dictionary, text = words.dictionary, texts.TextReader.text

def older(number):
    if number:
        raise FrameError(f"dictionary {number} is not known here", code="unknown-dictionary")
    return dictionary(number)

def read(reader):
    said = text(reader)
    if "涵洞" in said:
        raise FrameError("not read here", code="bad-text")
    return said

words.dictionary, texts.TextReader.text = older, read
"""
"""As `sitecustomize` of the town: it has dictionary 0 alone, and there is one word that it cannot read."""


def outcomes(shown: dict[str, Any]) -> list[str | None]:
    """What became of each emission of a message."""
    deliveries = [delivery for objective in shown["objectives"] for delivery in objective["deliveries"]]
    return [attempt.get("outcome") for delivery in deliveries for attempt in delivery["attempts"]]


async def test_an_older_town_is_told_in_words_that_it_has_and_what_it_cannot_read_has_failed(tmp_path: Path) -> None:
    """The first order is on its screen once and at DEVICE; the second is on no screen, at no evidence, and alarmed at the centre."""
    down, up, old = tmp_path / "centre", tmp_path / "town", tmp_path / "old"
    for folder in (down, up, old):
        folder.mkdir()
    (old / "sitecustomize.py").write_text(OLDER, encoding="utf-8")
    async with Duo(baud=9600) as duo:
        await duo.far.stop()
        channels = {"link": head(down, duo.near.port, [11], baud=9600, configure_tnc=False)}
        centre = Node(down, channels=channels, persons=[Person("p1", callsign=town(11))], rules=orders("link", needed="DEVICE"))
        place = Endpoint(up, endpoint(up, duo.far.tnc.port, 11, baud=9600, configure_tnc=False))
        async with centre:
            try:
                await place.start(under=("env", f"PYTHONPATH={old}"))
                await centre.channels_up("link")
                await place.channels_up("link")
                _, order = await centre.order("person:p1", "沿江人员立即转移", priority="P0")
                (objective,) = (await centre.ended(order["id"], timeout_s=30))["objectives"]
                assert ("MET", "DEVICE") == (objective["state"], objective["evidence"])
                _, other = await centre.order("person:p1", "经涵洞撤离", priority="P0")
                await centre.until("log.read", lambda read: "alarm.far_end_refused" in str(read), after=0, limit=1000)
                shown = await centre.until("message.show", lambda shown: outcomes(shown) != [None], id=other["id"])
                assert (["permanent message unreadable"], "STORED") == (outcomes(shown), shown["objectives"][0]["evidence"])
                assert ["沿江人员立即转移"] == [row["text"].partition(" ")[0] for row in await place.ask("endpoint.ls")]
            finally:
                await place.close()
