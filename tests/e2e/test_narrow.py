"""The narrow link on the air: daemons over half-duplex TNCs in one real-time ether that loses frames. Judged by the far end's doors and
by the air's own count of seconds."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.link import Endpoint, endpoint, head, relay, town
from tests.e2e.node import Node, Person, orders
from tests.peers.ether import Ether
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.e2e, pytest.mark.peer]

ORDER = "各镇区两小时内报沿江人员转移人数，零报告也要报。"
NOISE = 12_000
# How loud the others are when about a fifth of all frames drowns in that noise (measured with direwolf 1.6). A hundredth more or less
# changes that by an eighth, so that the gain follows the loss that the modems' own logs tell.
FIFTH = {1200: 0.26, 9600: 0.3755}
LOST, AT_LEAST, AT_MOST = 0.18, 0.15, 0.21
ATTEMPTS = 3
GIVES, MOST = 0.15, 0.008


@contextlib.asynccontextmanager
async def pair(folder: Path, ether: Ether) -> AsyncIterator[tuple[Node, Endpoint]]:
    """A centre and a town, over the two TNCs of an ether."""
    down, up = folder / "centre", folder / "town"
    for place in (down, up):
        place.mkdir(parents=True)
    channels = {"link": head(down, ether.tncs["CMD"].port, [11], baud=ether.baud)}
    centre = Node(down, channels=channels, persons=[Person("p1", callsign=town(11))], rules=orders("link", deadline_s=3600))
    async with centre, Endpoint(up, endpoint(up, ether.tncs["T11"].port, 11, baud=ether.baud)) as far:
        await centre.channels_up("link")
        await far.channels_up("link")
        yield centre, far


def texts(count: int, seed: int) -> list[str]:
    """Texts that no dictionary shortens, so that each makes a frame of about 300 octets."""
    chance = random.Random(seed)
    hanzi = [chr(code) for code in range(0x4E00, 0x9000)]
    return ["".join(chance.choice(hanzi) for _ in range(131)) for _ in range(count)]


async def drowning(ether: Ether, *calls: str, most: float = MOST) -> None:
    """Hold the share of frames (of these callsigns) that are lost, until cancelled. `most`: how far the gain may go from where it began."""
    usual = ether.gain
    while True:
        await asyncio.sleep(0.5)
        if ether.sent() >= 20:
            ether.tune(usual + max(-most, min(most, GIVES * (ether.lost(*calls) - LOST))))


async def exchange(folder: Path, ether: Ether, count: int, *, limit_s: float) -> float:
    """So many messages each way at once; the seconds on the air until both ends hold all of them. Fails if one is shown twice."""
    down, up = texts(count, 1), texts(count, 2)
    async with pair(folder, ether) as (centre, place):
        since = ether.now()
        for order, report in zip(down, up, strict=True):
            await centre.order("person:p1", order, priority="P2")
            await place.ask("message.send", to=["person:up"], text=report, kind="Report")
        done = {"timeout_s": limit_s / TIMEOUT_SCALE}
        await centre.until("queue.ls", lambda rows: not rows, **done)
        await place.until("queue.ls", lambda rows: not [row for row in rows if row["channel"] == "link"], **done)
        await asyncio.sleep(1.0)  # the last receipt is on the air
        seconds = ether.seconds(since)
        shown = await place.until("endpoint.ls", lambda rows: len(rows) >= count, limit=500)
        came = [row["headline"] for row in await centre.ask("message.ls", limit=1000) if row["kind"] == "Report"]
        assert sorted(down) == sorted(row["headline"] for row in shown)
        assert [1] * count == [place.printed().count(text) for text in down]
        assert sorted(up) == sorted(came)
    return seconds


async def without_loss(folder: Path, baud: int) -> float:
    """Seconds on the air for a message each way when none is lost."""
    async with Ether(["CMD", "T11"], baud=baud) as clear:
        return await exchange(folder, clear, 4, limit_s=120) / 4


async def with_loss(folder: Path, count: int, baud: int) -> tuple[float, float]:
    """The same when a fifth is lost, and what share was."""
    async with Ether(["CMD", "T11"], baud=baud, noise=NOISE, gain=FIFTH[baud]) as noisy:
        hand = asyncio.create_task(drowning(noisy))
        try:
            spent = await exchange(folder, noisy, count, limit_s=count * 30) / count
        finally:
            hand.cancel()
            await asyncio.wait([hand])
        return spent, noisy.lost()


async def compared(folder: Path, count: int, baud: int) -> None:
    """Against the same without loss: fails if the air is used for more than 1.6 times as long. Chance loses frames in bursts: a run in
    which it was not about a fifth is not the one that is asked for, and is made again. One that costs more is not thrown away: the
    messages of another are added to it, and all are judged together."""
    least, first = await asyncio.gather(without_loss(folder / "clear", baud), with_loss(folder / "noisy", count, baud))
    runs = [first]
    while len(runs) < ATTEMPTS and not is_cheap(runs, least):
        print(f"{runs[-1][1]:.1%} of the frames were lost at {runs[-1][0]:.2f} s each: another run")
        runs.append(await with_loss(folder / f"noisy{len(runs)}", count, baud))
    said = ", ".join(f"{spent:.2f} s on the air for each, {lost:.1%} of the frames lost" for spent, lost in runs)
    print(f"{said}; {least:.2f} s without loss")
    assert is_cheap(runs, least), said


def is_cheap(runs: Sequence[tuple[float, float]], least: float) -> bool:
    """Whether the runs in which about a fifth was lost cost at most 1.6 times the least, all their messages together. One in which more was
    lost, and that cost no more all the same, shows more than is asked."""
    spent = [spent for spent, lost in runs if AT_LEAST < lost and (lost < AT_MOST or spent <= 1.6 * least)]
    return bool(spent) and sum(spent) / len(spent) <= 1.6 * least


@pytest.mark.timeout(400)
async def test_messages_both_ways_through_noise_arrive_once_and_cost_little_more(tmp_path: Path) -> None:
    """20 messages of 300 octets each way while about a fifth of the frames is lost: all, once, for at most 1.6 times the air."""
    await compared(tmp_path, 20, 9600)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_hundred_messages_both_ways_at_the_speed_of_packet_radio(tmp_path: Path) -> None:
    """The same at 1,200 bit/s, with a hundred each way."""
    await compared(tmp_path, 100, 1200)


@pytest.mark.timeout(120)
async def test_an_urgent_order_waits_for_one_frame_behind_a_thousand_routine_ones(tmp_path: Path) -> None:
    """1,000 P4 are queued to the same town: behind the frame that is on the air the next one of the centre's is the P0."""
    async with Ether(["CMD", "T11"], baud=9600) as ether, pair(tmp_path, ether) as (centre, place):
        for start in range(0, 1000, 50):
            batch = [centre.order("person:p1", f"例行通报第{number}号。", priority="P4") for number in range(start, start + 50)]
            await asyncio.gather(*batch)
        await place.until("endpoint.ls", lambda rows: len(rows) >= 2)
        before: list[int] = []
        for number in range(5):
            since = ether.now()
            _, order = await centre.order("person:p1", f"立即转移{number}", priority="P0")
            await centre.ended(order["id"], timeout_s=30)
            until = ether.now()
            ours = [spell for spell in ether.spells(since) if spell.name == "CMD" and spell.begin < until]
            before.append(len(ours) - 1)
        assert len(await centre.ask("queue.ls", limit=1000)) > 900, "the queue was gone before anything urgent came"
    assert sorted(before)[2] <= 1, f"the centre was on the air {before} times before its P0 had arrived"


async def called(
    folder: Path, ether: Ether, towns: Sequence[int], *, deadline_s: float
) -> tuple[Node, list[Endpoint], contextlib.AsyncExitStack]:
    """A centre and the towns of a group, all up."""
    stack = contextlib.AsyncExitStack()
    down = folder / "centre"
    down.mkdir()
    channel = head(down, ether.tncs["CMD"].port, towns, baud=ether.baud, is_called=True)
    persons = [Person(f"p{code}", callsign=town(code)) for code in towns]
    centre = Node(down, channels={"link": channel}, persons=persons, rules=orders("link", deadline_s=int(deadline_s)))
    places = []
    for code in towns:
        place = folder / f"town{code}"
        place.mkdir()
        settings = endpoint(place, ether.tncs[f"T{code}"].port, code, baud=ether.baud, members=towns)
        places.append(Endpoint(place, settings))
    await up_together(stack, [centre, *places])
    return centre, places, stack


async def up_together(stack: contextlib.AsyncExitStack, nodes: Sequence[Node]) -> None:
    """Start daemons side by side, until their links are up."""
    for node in nodes:
        node.ready_within_s *= 2
    await asyncio.gather(*(stack.enter_async_context(node) for node in nodes))
    await asyncio.gather(*(node.channels_up("link", timeout_s=30) for node in nodes))


async def at_device(centre: Node, order: str) -> int:
    """How many of an order's people have it on a disk at the far end."""
    deliveries = [one for objective in (await centre.shown(order))["objectives"] for one in objective["deliveries"]]
    return sum(one["evidence"] in ("DEVICE", "HUMAN", "DONE") for one in deliveries)


async def one_call(ether: Ether, centre: Node, places: Sequence[Endpoint], towns: Sequence[int]) -> None:
    """One order to all towns; fails unless all but one have it in 45 s, all in 180 s, and nobody spoke while another did."""
    since = ether.now()
    _, order = await centre.order([f"person:p{code}" for code in towns], ORDER, priority="P1")
    nearly = await reached(centre, order["id"], len(towns) - 1, since=since, limit_s=45)
    every = await reached(centre, order["id"], len(towns), since=since, limit_s=180)
    await asyncio.sleep(1.0)  # the last answer is on the air
    spells = ether.spells(since)
    assert [1] * len(towns) == [place.printed().count(ORDER) for place in places]
    together = sum(spell.together_s for spell in spells)
    line = " ".join(f"{spell.name} {spell.begin - since:.1f}-{spell.end - since:.1f}" for spell in spells)
    said = f"all but one after {nearly:.1f} s, all after {every:.1f} s, {together:.2f} s of collision: {line}"
    print(said)
    assert together == 0, said


async def deaths_in_a_call(ether: Ether, centre: Node, places: Sequence[Endpoint], towns: Sequence[int]) -> None:
    """In the next call the second town loses its TNC and the third its daemon: all have it in the end, each shows and prints it once."""
    since, text = ether.now(), f"第二令：{ORDER}"
    _, order = await centre.order([f"person:p{code}" for code in towns], text, priority="P1")
    await centre.until("queue.ls", lambda rows: len([row for row in rows if row["state"] == "EMITTING"]) == len(towns))
    await ether.tncs[f"T{towns[1]}"].kill()
    await asyncio.gather(places[2].restart(), asyncio.sleep(8.0))
    await ether.tncs[f"T{towns[1]}"].start()
    every = await reached(centre, order["id"], len(towns), since=since, limit_s=180)
    print(f"with a TNC and a daemon killed in mid-call all after {every:.1f} s")
    for place in places:
        await place.until("endpoint.ls", lambda rows: [row["evidence"] for row in rows] == ["DEVICE"] * 2)
    assert [1] * len(towns) == [place.printed().count(text) for place in places]


async def reached(centre: Node, order: str, count: int, *, since: float, limit_s: float) -> float:
    """Seconds since `since` until so many have it at DEVICE."""
    async with asyncio.timeout(limit_s * TIMEOUT_SCALE):
        while await at_device(centre, order) < count:
            await asyncio.sleep(0.1)
    return Ether.now() - since


@pytest.mark.timeout(240)
async def test_three_towns_answer_a_call_in_turn_and_who_dies_in_the_next_is_reached_after_it(tmp_path: Path) -> None:
    """Four daemons, four half-duplex TNCs at 1,200 bit/s: a call, three answers in their slots, no collision. In the next call one town
    loses its TNC, another its daemon: both hold the order in the end, once; so does the third."""
    towns = [11, 12, 13]
    async with Ether(["CMD", *(f"T{code}" for code in towns)], baud=1200) as ether:
        centre, places, stack = await called(tmp_path, ether, towns, deadline_s=180)
        async with stack:
            await one_call(ether, centre, places, towns)
            await deaths_in_a_call(ether, centre, places, towns)


ON = """
[ladders.on]
[[ladders.on.rungs]]
channels = ["down"]
[[rules]]
name = "on"
audience = { name = "villages", persons = ["v21", "v22"] }
needed = "HUMAN"
deadline_s = 600
ladder = "on"
"""


@contextlib.asynccontextmanager
async def two_hops(folder: Path, upper: Ether, lower: Ether) -> AsyncIterator[tuple[Node, list[Endpoint]]]:
    """A centre, a town that passes on, and two villages that the centre cannot hear; the lower hop in the other suite."""
    places = {name: folder / name for name in ("centre", "town", "v21", "v22")}
    for place in places.values():
        place.mkdir()
    villages, calls = [21, 22], [town(21), town(22)]
    persons = [Person(f"v{code}", callsign=town(code)) for code in villages]
    down = head(places["centre"], upper.tncs["CMD"].port, [11])
    down["settings"]["posts"][town(11)] |= {"relays": True, "behind": calls}
    up = endpoint(places["town"], upper.tncs["T11"].port, 11)
    up["settings"]["posts"]["BJ1CMD"]["behind"] = calls
    on = relay(places["town"], lower.tncs["T11"].port, 11, villages, suite="gm")
    async with contextlib.AsyncExitStack() as stack:
        centre = Node(places["centre"], channels={"link": down}, persons=persons, rules=orders("link", needed="HUMAN", deadline_s=600))
        ends = [Endpoint(places["town"], up, rules=ON, persons=persons, more={"down": on})]
        for code in villages:
            link = endpoint(places[f"v{code}"], lower.tncs[f"V{code}"].port, code, members=villages, above=11, suite="gm")
            ends.append(Endpoint(places[f"v{code}"], link, above=town(11)))
        await up_together(stack, [centre, *ends])
        await ends[0].channels_up("down", timeout_s=30)
        yield centre, ends


async def at_level(centre: Node, order: str, level: str) -> list[dict[str, Any]]:
    """An order's deliveries, once all of them have this evidence."""
    view = await centre.until(
        "message.show",
        lambda view: {one["evidence"] for objective in view["objectives"] for one in objective["deliveries"]} == {level},
        timeout_s=40,
        id=order,
    )
    return [one for objective in view["objectives"] for one in objective["deliveries"]]


@pytest.mark.timeout(120)
async def test_a_town_passes_a_call_on_and_says_in_one_receipt_who_has_it(tmp_path: Path) -> None:
    """Centre to town to two villages, who answer in slots: RELAYED, then DEVICE of both in one frame, then HUMAN of both in another."""
    async with (
        Ether(["CMD", "T11"]) as upper,
        Ether(["T11", "V21", "V22"]) as lower,
        two_hops(tmp_path, upper, lower) as (centre, (_, *villages)),
    ):
        since = upper.now()
        _, order = await centre.order(["person:v21", "person:v22"], ORDER, priority="P1")
        deliveries = await at_level(centre, order["id"], "DEVICE")
        assert ["reached RELAYED"] * 2 == [one["attempts"][0]["outcome"] for one in deliveries]
        await asyncio.sleep(1.0)  # the last receipt is on the air
        by_town = [spell for spell in upper.spells(since) if spell.name == "T11"]
        assert 2 == len(by_town), "more than its own receipt and the villages' together"
        for village in villages:
            (row,) = await village.ask("endpoint.ls")
            assert 1 == village.printed().count(ORDER)
            assert "link" == (await village.ask("endpoint.ack", id=str(row["number"])))["told"]
        await at_level(centre, order["id"], "HUMAN")
        (objective,) = (await centre.ended(order["id"]))["objectives"]
        assert "MET" == objective["state"]


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_one_order_to_ten_towns_is_one_call_that_they_answer_in_turn(tmp_path: Path) -> None:
    """Eleven daemons, eleven TNCs: nine of ten at DEVICE within 45 s, all within 180 s, no collision. In the next call one town loses its
    TNC, another its daemon: all have it in the end, each once."""
    towns = list(range(11, 21))
    async with Ether(["CMD", *(f"T{code}" for code in towns)], baud=1200) as ether:
        centre, places, stack = await called(tmp_path, ether, towns, deadline_s=180)
        async with stack:
            await one_call(ether, centre, places, towns)
            await deaths_in_a_call(ether, centre, places, towns)
