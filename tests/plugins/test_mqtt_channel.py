"""The channel at mosquitto: its own clients are the devices, and its log is the judge."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fenghuo import (
    AuthFailed,
    ConfigError,
    Evidence,
    InboundKind,
    NotReady,
    Permanent,
    PowerLevel,
    ProbeBudget,
    Reached,
    Scope,
    Transient,
    Unknown,
    Withdrawn,
)
from fenghuo_mqtt.channel import MqttChannel
from tests.peers.mosquitto import DURABLE, Mosquitto, Reader, write
from tests.plugins.mqtt_fakes import Authority, FakeContext, FakeJob, settings_for, started
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer

RULES = """\
user hq
topic write fenghuo/hq/out/#
topic read fenghuo/hq/receipt/+
topic read fenghuo/hq/answer/+
topic read fenghuo/hq/in/+
pattern read fenghuo/hq/out/%u
pattern write fenghuo/hq/receipt/%u
pattern write fenghuo/hq/in/%u
"""


async def test_one_recipient_is_told_in_order(tmp_path: Path) -> None:
    """Twenty messages arrive once each, numbered without a gap in one stream, each with its name, its expiry and where to answer."""
    async with Mosquitto(tmp_path) as broker, Reader(broker, "fenghuo/hq/out/+", name="van1") as van, started(broker) as (channel, _, _):
        for count in range(20):
            outcome = await channel.send(FakeJob("van1", f"第{count}条", token=f"t-{count}"))
            assert Reached(Evidence.ACCEPTED, (f"van1/t-{count}",)) == outcome
        await van.until(lambda: len(van.read) >= 20, "they arrive")
        assert [(count + 1, f"t-{count}", f"第{count}条") for count in range(20)] == [
            (read.json["seq"], read.json["id"], read.json["message"]["text"]) for read in van.read
        ]
        assert 1 == len({read.json["stream"] for read in van.read})
        first = van.read[0]
        assert (1, 0, "fenghuo/hq/out/van1") == (first.qos, first.retain, first.topic)
        assert (3600, "t-0") == (first.properties["message-expiry-interval"], first.properties["correlation-data"])
        assert "fenghuo/hq/receipt/van1" == first.json["receipt_to"] == first.properties["response-topic"]


async def test_what_devices_say_comes_in_and_is_acknowledged_after_the_commit(tmp_path: Path) -> None:
    """A receipt, an answer and a report; the broker has no PUBACK for them before the core has kept them."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (_, _, ear):
        ear.deaf = True
        await write(broker, "fenghuo/hq/receipt/van1", '{"id": "t-1", "level": "device"}')
        await write(broker, "fenghuo/hq/answer/van1", "收到")
        await write(broker, "fenghuo/hq/in/van1", "{}")
        await ear.until(lambda heard: len(heard) == 3)
        assert [InboundKind.RECEIPT, InboundKind.ANSWER, InboundKind.MESSAGE] == [inbound.kind for inbound in ear.heard]
        assert 0 == broker.acknowledged("fenghuo-hq")
        for inbound in ear.heard:
            await inbound.ack()
        await broker.wait_for(lambda: broker.acknowledged("fenghuo-hq") == 3, "they are acknowledged")


async def test_a_retained_command_is_refused_now_and_after_a_restart(tmp_path: Path) -> None:
    """It is told as retained while we listen, and again to a new subscription; it never becomes a message."""
    async with Mosquitto(tmp_path) as broker:
        async with started(broker) as (_, _, ear):
            await write(broker, "fenghuo/hq/in/van1", "{}", retain=True)
            await ear.until(lambda heard: len(heard) == 1)
        async with started(broker, client_id="another") as (_, _, later):
            await later.until(lambda heard: len(heard) == 1)
        assert [(InboundKind.REFUSED, "", None)] * 2 == [(one.kind, one.ref, one.level) for one in (*ear.heard, *later.heard)]
        assert 1 == broker.acknowledged("fenghuo-hq")


async def test_a_device_that_is_away_gets_it_when_it_comes_back(tmp_path: Path) -> None:
    """Its session is at the broker: ACCEPTED now, read later, across a killed broker that saves each change."""
    async with Mosquitto(tmp_path, settings=DURABLE) as broker:
        async with Reader(broker, "fenghuo/hq/out/van1", name="van1", persistent=True) as van:
            pass
        async with started(broker) as (channel, ctx, _):
            assert isinstance(await channel.send(FakeJob("van1")), Reached)
            await broker.stop()
            await broker.start()
            await van.start()
            await van.until(lambda: bool(van.read), "it is read at last")
            await van.stop()
            await ctx.until(3)
        assert ["t-1"] == [read.json["id"] for read in van.read]


async def test_nobody_who_listens_is_no_success(tmp_path: Path) -> None:
    """The broker has thrown it away: that is no ACCEPTED, and is the recipient's own trouble."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (channel, _, _):
        assert Transient(Scope.RECIPIENT, "nobody-subscribed", 30.0) == await channel.send(FakeJob("van9"))


async def test_a_broker_killed_in_the_middle_leaves_it_in_doubt(tmp_path: Path) -> None:
    """Unknown, told once as down; the copy goes out under the same id over the next connection."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (channel, ctx, _):
        broker.pause()
        job = FakeJob("van1")
        sending = asyncio.create_task(channel.send(job))
        while not job.begun:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # what is published is handed to the connection in the same step
        await broker.restart()
        assert Unknown("link-lost") == await sending
        await ctx.until(3)
        assert [True, False, True] == [up for up, _ in ctx.told]
        async with Reader(broker, "fenghuo/hq/out/van1", name="van1") as van:
            assert isinstance(await channel.send(FakeJob("van1")), Reached)
            await van.until(lambda: bool(van.read), "the copy is read")
            assert ["t-1"] == [read.json["id"] for read in van.read]


async def test_without_a_connection_no_licence_is_asked_for(tmp_path: Path) -> None:
    """Nothing has left, and it is the channel's trouble."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (channel, ctx, _):
        await broker.kill()
        await ctx.until(2)
        job = FakeJob("van1")
        assert Transient(Scope.CHANNEL, "not-connected") == await channel.send(job)
        assert 0 == job.begun


async def test_asleep_it_says_nothing_and_what_came_is_there_afterwards(tmp_path: Path) -> None:
    """Good-bye at the broker, no ping after it, down with its reason; awake again, the receipt that waited comes in."""
    async with Mosquitto(tmp_path) as broker, started(broker, keepalive_s=1) as (channel, ctx, ear):
        await channel.set_power(PowerLevel.LISTEN)
        await broker.wait_for(lambda: any("fenghuo-hq disconnected" in line for line in broker.log), "it has gone")
        assert (False, "asleep to save power") == ctx.told[-1]
        pings = sum("PINGREQ" in line for line in broker.log)
        await write(broker, "fenghuo/hq/receipt/van1", '{"id": "t-1", "level": "human"}')
        await asyncio.sleep(1.2)  # a ping would be due by now
        assert pings == sum("PINGREQ" in line for line in broker.log)
        assert Transient(Scope.CHANNEL, "not-connected") == await channel.send(FakeJob("van1"))
        await channel.set_power(PowerLevel.FULL)
        await ear.until(lambda heard: bool(heard))
        assert Evidence.HUMAN is ear.heard[0].level


async def test_certificates_say_who_is_who(tmp_path: Path) -> None:
    """mTLS with access rules by the name in each certificate: ours may tell everybody, van1 confirms for itself and not for van2."""
    county = Authority(tmp_path)
    county.issue("localhost")
    certificate, key = county.issue("hq")
    county.issue("van1")
    (tmp_path / "acl").write_text(RULES)
    listener = (
        f"cafile {tmp_path}/county.pem",
        f"certfile {tmp_path}/localhost.crt",
        f"keyfile {tmp_path}/localhost.key",
        "require_certificate true",
        "use_identity_as_username true",
    )
    files = {"ca": county.pem, "cert": certificate, "key": key}
    tls = {"plain": False, "ca_file": "ca", "cert_file": "cert", "key_file": "key"}
    van1 = ("--cafile", f"{tmp_path}/county.pem", "--cert", f"{tmp_path}/van1.crt", "--key", f"{tmp_path}/van1.key")
    receipt = '{"id": "t-1", "level": "device"}'
    async with (
        Mosquitto(tmp_path, settings=(f"acl_file {tmp_path}/acl",), listener=listener, anonymous=False) as broker,
        Reader(broker, "fenghuo/hq/out/van1", name="van1", options=van1) as van,
        started(broker, files=files, **tls) as (channel, _, ear),
    ):
        assert isinstance(await channel.send(FakeJob("van1")), Reached)
        await van.until(lambda: bool(van.read), "it is read")
        await write(broker, "fenghuo/hq/receipt/van2", receipt, options=van1)
        await write(broker, "fenghuo/hq/receipt/van1", receipt, options=van1)
        await ear.until(lambda heard: bool(heard))
        assert ["van1/t-1"] == [inbound.ref for inbound in ear.heard]


async def test_a_broker_that_is_not_ours_is_not_spoken_to(tmp_path: Path) -> None:
    """Its certificate is signed by somebody else: not ready, with the reason, and not a word to it."""
    county, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    stranger.issue("localhost")
    listener = (f"certfile {tmp_path}/localhost.crt", f"keyfile {tmp_path}/localhost.key")
    async with Mosquitto(tmp_path, settings=(), listener=listener) as broker:
        channel = MqttChannel(FakeContext(settings_for(broker, plain=False, ca_file="ca"), {"ca": county.pem}))
        with pytest.raises(NotReady, match="CERTIFICATE_VERIFY_FAILED"):
            await channel.start()
        assert not any("connected from" in line for line in broker.log)


async def test_a_broker_that_shuts_the_door_is_told_with_what_it_may_want(tmp_path: Path) -> None:
    """Without a certificate where it wants one, and without TLS where it speaks nothing else."""
    county = Authority(tmp_path)
    county.issue("localhost")
    listener = (
        f"cafile {tmp_path}/county.pem",
        f"certfile {tmp_path}/localhost.crt",
        f"keyfile {tmp_path}/localhost.key",
        "require_certificate true",
    )
    async with Mosquitto(tmp_path, settings=(), listener=listener) as broker:
        with pytest.raises(NotReady, match="it may want a certificate of ours"):
            await MqttChannel(FakeContext(settings_for(broker, plain=False, ca_file="ca"), {"ca": county.pem})).start()
        with pytest.raises(NotReady, match="it may want TLS"):
            await MqttChannel(FakeContext(settings_for(broker))).start()


async def test_a_wrong_password_is_told_as_such(tmp_path: Path) -> None:
    """Trying again with the same one will not help."""
    async with Mosquitto(tmp_path, settings=(), anonymous=False) as broker:
        channel = MqttChannel(FakeContext(settings_for(broker, username="hq", password_file="p"), {"p": "wrong"}))
        with pytest.raises(AuthFailed, match="refused the connection"):
            await channel.start()


async def test_a_key_of_another_certificate_is_told_by_name(tmp_path: Path) -> None:
    """Nothing is opened, and the sentence names the two keys of the settings."""
    county = Authority(tmp_path)
    files = {"ca": county.pem, "cert": county.issue("hq")[0], "key": county.issue("van1")[1]}
    settings = {"plain": False, "ca_file": "ca", "cert_file": "cert", "key_file": "key"}
    broker = Mosquitto(tmp_path)
    with pytest.raises(ConfigError, match="cert_file and key_file do not belong together"):
        await MqttChannel(FakeContext(settings_for(broker, **settings), files)).start()


async def test_bad_names_and_long_messages_are_nobody_elses_trouble(tmp_path: Path) -> None:
    """Refused before a licence, in the scope of the recipient and of the message."""
    async with Mosquitto(tmp_path) as broker, started(broker, max_octets=2000) as (channel, _, _):
        jobs = FakeJob("van/+"), FakeJob("van1", size=2001)
        assert [Permanent(Scope.RECIPIENT, "not-a-name"), Permanent(Scope.MESSAGE, "too-long")] == [await channel.send(job) for job in jobs]
        assert [0, 0] == [job.begun for job in jobs]


async def test_a_message_that_the_broker_would_not_take_costs_no_connection(tmp_path: Path) -> None:
    """Its limit is known from the start: the message fails by itself, and the session stays."""
    async with Mosquitto(tmp_path, settings=("max_packet_size 1000",)) as broker, started(broker) as (channel, ctx, _):
        assert Permanent(Scope.MESSAGE, "too-long") == await channel.send(FakeJob("van1", "火" * 400))
        assert [True] == [up for up, _ in ctx.told]
        assert (await channel.probe(ProbeBudget(timeout_s=PATIENCE_S))).answered


async def test_a_window_wider_than_the_broker_s_waits_for_a_place(tmp_path: Path) -> None:
    """mosquitto takes 20 at once unless it is told otherwise: all 60 go, none is refused, and the connection stays."""
    async with (
        Mosquitto(tmp_path) as broker,
        Reader(broker, "fenghuo/hq/out/#", name="devices") as devices,
        started(broker, window=60) as (channel, ctx, _),
    ):
        outcomes = await asyncio.gather(*(channel.send(FakeJob(f"van{n}", token=f"t-{n}")) for n in range(60)))
        assert [Evidence.ACCEPTED] * 60 == [outcome.level for outcome in outcomes if isinstance(outcome, Reached)]
        await devices.until(lambda: len(devices.read) == 60, "all are read")
        assert [True] == [up for up, _ in ctx.told]


async def test_no_place_in_time_is_a_matter_of_the_message_alone(tmp_path: Path) -> None:
    """The broker takes one at once and is slow: what waited in vain was never begun, and the channel is not called unconnected."""
    async with (
        Mosquitto(tmp_path, settings=("max_inflight_messages 1",)) as broker,
        Reader(broker, "fenghuo/hq/out/#", name="devices"),
        started(broker) as (channel, ctx, _),
    ):
        broker.pause()
        slow = asyncio.create_task(channel.send(FakeJob("van1")))
        await asyncio.sleep(0)
        job = FakeJob("van2", token="t-2", left_s=2.2)
        assert Transient(Scope.MESSAGE, "window-full", 5.0) == await channel.send(job)
        assert 0 == job.begun
        broker.resume()
        assert isinstance(await slow, Reached)
        assert [True] == [up for up, _ in ctx.told]


async def test_a_refused_licence_passes_through(tmp_path: Path) -> None:
    """Nothing is published."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (channel, _, _):
        with pytest.raises(Withdrawn):
            await channel.send(FakeJob("van1", denied=Withdrawn("met")))
        assert not any("Received PUBLISH" in line for line in broker.log)


async def test_a_probe_is_answered_by_the_broker(tmp_path: Path) -> None:
    """With the time it took; a broker that is silent is a link error."""
    async with Mosquitto(tmp_path) as broker, started(broker) as (channel, _, _):
        result = await channel.probe(ProbeBudget(timeout_s=PATIENCE_S))
        assert result.answered
        assert result.round_trip_s is not None
        assert result.round_trip_s < PATIENCE_S
