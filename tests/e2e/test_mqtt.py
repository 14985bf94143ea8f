"""A broker's PUBACK is not durable, and our own store is: five orders through a broker that forgets them, judged by what it read."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.e2e.node import Node, Person, orders
from tests.peers.mosquitto import Mosquitto, Reader, write

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

FORGETFUL = ("persistence true", "persistence_location {folder}/", "autosave_interval 1800")
"""As mosquitto comes: what an offline device has queued is in memory for half an hour."""
TEXTS = [f"第{count}批群众转移" for count in range(5)]


def mqtt(broker: Mosquitto) -> dict[str, Any]:
    settings = {"host": broker.host, "port": broker.port, "node": "hq", "plain": True, "answer_s": 2.0, "reports": "trusted"}
    return {"type": "mqtt.topic", "settings": {**settings, "reconnect_most_s": 0.5, "receipt_q95_s": 2.0}}


def node_with_a_van(folder: Path, broker: Mosquitto) -> Node:
    node = Node(folder, channels={"mqtt": mqtt(broker)}, persons=[Person("van")], rules=orders("mqtt"))
    with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write("van,mqtt,van1,1,\n")
    return node


@contextlib.asynccontextmanager
async def confirming(broker: Mosquitto, van: Reader) -> AsyncIterator[None]:
    """The device says of everything it reads that it is here."""

    def has(count: int) -> bool:
        return len(van.read) > count

    async def confirm() -> None:
        for told in itertools.count():
            await van.until(partial(has, told), "something is read", timeout_s=60)
            envelope = van.read[told].json
            await write(broker, envelope["receipt_to"], msgspec.json.encode({"id": envelope["id"], "level": "device"}))

    confirming = asyncio.create_task(confirm(), name="device")
    try:
        yield
    finally:
        confirming.cancel()
        await asyncio.wait([confirming])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
async def test_a_broker_that_forgets_loses_nothing_of_ours(how: signal.Signals, tmp_path: Path) -> None:
    """Five orders to a device that is away; the broker and then the daemon are ended in the outage. Each is read, and is one by its id."""
    (tmp_path / "broker").mkdir()
    async with Mosquitto(tmp_path / "broker", settings=FORGETFUL) as broker:
        van = Reader(broker, "fenghuo/hq/out/van1", name="van1", persistent=True)
        async with van:
            pass
        async with node_with_a_van(tmp_path, broker) as node:
            await node.channels_up("mqtt")
            sent = [(await node.order("van", text, priority="P1"))[1]["id"] for text in TEXTS]
            await broker.wait_for(lambda: sum("Received PUBLISH from fenghuo-hq" in line for line in broker.log) >= len(TEXTS), "all taken")
            await (broker.kill() if how is signal.SIGKILL else broker.stop())
            await node.restart()
            await broker.start()
            async with van, confirming(broker, van):
                ended = [await node.ended(message, timeout_s=40) for message in sent]
        assert ["MET"] * 5 == [view["objectives"][0]["state"] for view in ended]
        first_copies = {read.json["id"]: read.json["message"]["text"] for read in van.read}
        assert len(TEXTS) == len(first_copies)
        assert sorted(TEXTS) == sorted(text for text in TEXTS if any(text in shown for shown in first_copies.values()))


async def test_a_report_of_a_device_comes_in_and_a_retained_command_does_not(tmp_path: Path) -> None:
    """An order by a device is taken as by it, once though it comes twice; a retained one is told to whoever watches, and no more."""
    (tmp_path / "broker").mkdir()
    async with Mosquitto(tmp_path / "broker") as broker, node_with_a_van(tmp_path, broker) as node:
        await node.channels_up("mqtt")
        order = {"to": ["person:van"], "text": "水位上涨", "priority": "P2"}
        named = ("-D", "publish", "correlation-data", "report-1", "-D", "publish", "content-type", "application/json")
        for _ in range(2):
            assert 0 == await write(broker, "fenghuo/hq/in/van1", msgspec.json.encode(order), options=named)
        assert 0 == await write(broker, "fenghuo/hq/in/van1", msgspec.json.encode({**order, "text": "水位下降"}), retain=True)

        def is_told(page: dict[str, Any]) -> bool:
            return any(event["type"] == "alarm.inbound_refused" for event in page["events"])

        events = (await node.until("log.read", is_told, limit=1000))["events"]
        (refused,) = (event["body"] for event in events if event["type"] == "alarm.inbound_refused")
        assert ("mqtt", "van1", True) == (refused["channel"], refused["address"], "retained" in refused["message"])
        assert ["水位上涨"] == [row["headline"] or row["text"] for row in await node.ask("message.ls")]
