"""A session at mosquitto: what is published, kept, acknowledged and refused, judged by the broker's log and by mosquitto's own clients."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fenghuo.errors import LinkError
from fenghuo_adapters.mqtt_session import Answer, Login, MqttSession, NotPublished, Place, Publication, Terms
from tests.peers.mosquitto import Mosquitto, Reader, write
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer


class Told:
    """The owner of a session: what it was told, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.news = asyncio.Event()

    def connected(self) -> None:
        self.words.append("connected")
        self.news.set()

    def lost(self, reason: str) -> None:
        self.words.append(f"lost: {reason}")
        self.news.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.words) < count:
                self.news.clear()
                await self.news.wait()


def terms(broker: Mosquitto, **changes: object) -> Terms:
    made = Terms(
        Place(broker.host, broker.port),
        Login("fenghuo-hq", keepalive_s=6),
        topics=("fenghuo/hq/in/#",),
        connect_s=3.0,
        answer_s=2.0,
        reconnect_most_s=0.5,
    )
    return msgspec.structs.replace(made, **changes)


@contextlib.asynccontextmanager
async def session(broker: Mosquitto, told: Told | None = None, **changes: object) -> AsyncIterator[MqttSession]:
    made = MqttSession(terms(broker, **changes), told or Told(), random.Random(1))
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def publish(made: MqttSession, topic: str, payload: str, **properties: object) -> Answer:
    async with made.slot(within_s=2.0) as slot:
        return await slot.publish(msgspec.structs.replace(Publication(topic, payload.encode()), **properties), within_s=3.0)


async def test_what_is_published_is_read_with_its_properties(tmp_path: Path) -> None:
    """mosquitto_sub has the text, QoS 1, the expiry and the correlation; the answer says that somebody is subscribed."""
    async with Mosquitto(tmp_path) as broker, Reader(broker, "fenghuo/hq/out/+", name="van1") as van, session(broker) as made:
        answer = await publish(
            made, "fenghuo/hq/out/van1", "红旗镇立即转移", expiry_s=600, correlation=b"token-1", content_type="text/plain"
        )
        await van.until(lambda: bool(van.read), "it is read")
        assert (True, True) == (answer.is_taken, answer.has_subscriber)
        (read,) = van.read
        assert ("fenghuo/hq/out/van1", "红旗镇立即转移", 1, 0) == (read.topic, read.payload, read.qos, read.retain)
        assert 600 == read.properties["message-expiry-interval"]
        assert "token-1" == read.properties["correlation-data"]


async def test_a_topic_without_a_reader_is_told(tmp_path: Path) -> None:
    """A broker takes what nobody has subscribed to, and throws it away; its answer says so."""
    async with Mosquitto(tmp_path) as broker, session(broker) as made:
        answer = await publish(made, "fenghuo/hq/out/nobody", "x")
        assert (True, False) == (answer.is_taken, answer.has_subscriber)


async def test_nothing_is_acknowledged_before_it_is_kept(tmp_path: Path) -> None:
    """The broker has no PUBACK for what has come in until acknowledge() is called, and then has it in the order of arrival."""
    async with Mosquitto(tmp_path) as broker, session(broker) as made:
        for text in ("一", "二"):
            assert 0 == await write(broker, "fenghuo/hq/in/van1", text)
        first, second = await made.receive(), await made.receive()
        assert first is not None
        assert second is not None
        second.acknowledge()
        await made.ask(within_s=2.0)
        assert 0 == broker.acknowledged("fenghuo-hq")
        first.acknowledge()
        await broker.wait_for(lambda: broker.acknowledged("fenghuo-hq") == 2, "both are acknowledged")


async def test_what_was_not_kept_comes_again_after_a_crash(tmp_path: Path) -> None:
    """A session that ended before it acknowledged is given the same message by its next connection, as a duplicate."""
    async with Mosquitto(tmp_path) as broker:
        async with session(broker) as made:
            await write(broker, "fenghuo/hq/in/van1", "收到")
            arrived = await made.receive()
            assert arrived is not None
            assert not arrived.duplicate
        async with session(broker) as again:
            arrived = await again.receive()
            assert arrived is not None
            assert ("收到".encode(), True) == (arrived.payload, arrived.duplicate)
            arrived.acknowledge()


async def test_what_could_not_be_kept_for_long_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk may have space again: only a new connection makes a broker send once more what nobody acknowledged."""
    monkeypatch.setattr("fenghuo_adapters.mqtt_session.HELD_S", 0.2)
    told = Told()
    async with Mosquitto(tmp_path) as broker, session(broker, told) as made:
        await write(broker, "fenghuo/hq/in/van1", "收到")
        assert await made.receive() is not None
        again = await made.receive()
        assert again is not None
        assert ("收到".encode(), True) == (again.payload, again.duplicate)
        again.acknowledge()
        assert "could not be kept for 0.2 s" in told.words[1]


async def test_a_killed_broker_is_found_again(tmp_path: Path) -> None:
    """A publication that it had not answered raises; the loss is told once; the next one goes over a new connection, and is subscribed."""
    told = Told()
    async with Mosquitto(tmp_path) as broker, session(broker, told) as made:
        broker.pause()
        under_way = asyncio.create_task(publish(made, "fenghuo/hq/out/van1", "x"))
        await asyncio.sleep(0)
        await broker.restart()
        with pytest.raises(Exception, match="lost"):
            await under_way
        await told.until(3)
        assert ["connected", "lost", "connected"] == [word.partition(":")[0] for word in told.words]
        await write(broker, "fenghuo/hq/in/van1", "y")
        arrived = await made.receive()
        assert arrived is not None
        assert b"y" == arrived.payload


async def test_who_waits_for_a_place_when_the_connection_is_lost_gets_one_at_the_next(tmp_path: Path) -> None:
    """Each connection has places of its own; what the old one held is free."""
    told = Told()
    async with Mosquitto(tmp_path) as broker, session(broker, told, window=1) as made:
        async with made.slot(within_s=1.0):
            waiting = asyncio.create_task(publish(made, "fenghuo/hq/out/van1", "x"))
            await asyncio.sleep(0)
            await broker.restart()
            await told.until(3)
            assert (await publish(made, "fenghuo/hq/out/van1", "y")).is_taken
        assert (await waiting).is_taken


async def test_a_broker_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    """No PUBACK within the time given: the connection is thrown away, and nothing is published until there is a new one."""
    told = Told()
    async with Mosquitto(tmp_path) as broker, session(broker, told) as made:
        broker.pause()
        with pytest.raises(Exception, match="no PUBACK"):
            async with made.slot(within_s=1.0) as slot:
                await slot.publish(Publication("fenghuo/hq/out/van1", b"x"), within_s=0.2)
        await told.until(2)
        with pytest.raises(NotPublished):
            await publish(made, "fenghuo/hq/out/van1", "x")
        broker.resume()


async def test_a_sleeping_session_says_nothing_and_misses_nothing(tmp_path: Path) -> None:
    """No connection while it sleeps; what came meanwhile is there when it has woken."""
    told = Told()
    async with Mosquitto(tmp_path) as broker, session(broker, told) as made:
        await made.sleep()
        await broker.wait_for(lambda: any("DISCONNECT from fenghuo-hq" in line for line in broker.log), "it says good-bye")
        with pytest.raises(NotPublished, match="asleep"):
            await publish(made, "fenghuo/hq/out/van1", "x")
        await write(broker, "fenghuo/hq/in/van1", "醒来")
        made.wake()
        arrived = await made.receive()
        assert arrived is not None
        assert "醒来".encode() == arrived.payload


async def test_it_dials_from_the_address_it_is_bound_to(tmp_path: Path) -> None:
    """The broker sees the address of the interface that was asked for."""
    async with Mosquitto(tmp_path) as broker, session(broker, place=Place(broker.host, broker.port, address="127.0.0.7")):
        assert any("New connection from 127.0.0.7" in line for line in broker.log)


async def test_a_message_larger_than_we_take_never_comes_and_does_not_come_again(tmp_path: Path) -> None:
    """The broker drops our copy of it, at this connection as at the next, and gives us what came behind it."""
    login = Login("fenghuo-hq", most_octets=4096)
    async with Mosquitto(tmp_path) as broker:
        for _ in range(2):
            async with session(broker, login=login) as made:
                assert 0 == await write(broker, "fenghuo/hq/in/van1", "x" * 5000)
                assert 0 == await write(broker, "fenghuo/hq/in/van1", "收到")
                arrived = await made.receive()
                assert arrived is not None
                assert "收到".encode() == arrived.payload
                arrived.acknowledge()


def test_what_lies_unkept_is_bounded_in_octets() -> None:
    """However small the packets are, 256 of them; however large, 32 MiB."""
    assert [256, 32, 8] == [Login("x", most_octets=most).unacknowledged for most in (4096, 1_048_576, 4_194_304)]


async def test_an_idle_session_is_kept_alive_and_notices_silence(tmp_path: Path) -> None:
    """A ping within each keepalive, and the end of the connection when the broker answers none."""
    told = Told()
    login = Login("fenghuo-hq", keepalive_s=1)
    async with Mosquitto(tmp_path) as broker, session(broker, told, login=login):
        await broker.wait_for(lambda: any("PINGREQ from fenghuo-hq" in line for line in broker.log), "it pings")
        broker.pause()
        await told.until(2)
        assert "lost" in told.words[1]
        broker.resume()


@pytest.mark.parametrize("noise", [b"", b"\xff" * 64, b"\x40\x02\x00", b"\x32\xff\xff\xff\x7f", b"\x90\x03\x00\x01\x00\x87"], ids=repr)
async def test_whatever_a_broker_says_ends_the_connection_and_not_the_loop(noise: bytes) -> None:
    """Octets that are no packet, half of one, or an answer to nothing: connected again, or never let in; nothing else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"\x20\x03\x00\x00\x00" + noise)  # CONNACK: come in
        await asyncio.sleep(0.05)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    place = Place("127.0.0.1", server.sockets[0].getsockname()[1])
    told = Told()
    made = MqttSession(Terms(place, Login("fenghuo-hq"), connect_s=0.5, reconnect_most_s=0.05), told, random.Random(1))
    try:
        with contextlib.suppress(LinkError):
            await made.open()
            await told.until(3)
            assert "lost" == told.words[1].partition(":")[0]
    finally:
        await made.close()
        server.close()
        await server.wait_closed()
