"""RabbitMQ as a yardstick: a durable queue, persistent messages, publisher confirms, a consumer that acknowledges each message."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractRobustConnection

from bench.ports import free_port, until_open
from bench.pump import MARK, Volley, fire

__all__ = ["RabbitClassic", "RabbitQuorum"]

QUEUE = "bench"
PADDING = b"x" * 1000
UNACKED = 200
START_S = 240.0
"""5 s on a machine of its own; a busy one has been seen to take more than 90."""
PLAIN_LAUNCHER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""The one on PATH insists on a user of its own."""


class RabbitQuorum:
    """A node with its data, name, ports and epmd apart from any other on this machine; ended by its process group."""

    name = "rabbitmq quorum"
    kind = "quorum"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._got: dict[int, float] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._connections: list[AbstractRobustConnection] = []
        self._out: AbstractChannel | None = None

    @property
    def pid(self) -> int:
        """Of the launcher, below which the Erlang machine runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        port = free_port()
        (self._folder / "plugins").write_text("[].")
        with (self._folder / "out").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                PLAIN_LAUNCHER if Path(PLAIN_LAUNCHER).exists() else shutil.which("rabbitmq-server") or "rabbitmq-server",
                env=self._environment(port),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await until_open(port, START_S)
        publishing, consuming = await self._connect(port), await self._connect(port)
        self._connections = [publishing, consuming]
        self._out = await publishing.channel(publisher_confirms=True)
        channel = await consuming.channel()
        await channel.set_qos(UNACKED)
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": self.kind})
        await queue.consume(self._take)

    async def volley(self, first: int, count: int, *, in_flight: int, rate: float = 0.0) -> Volley:
        return await fire(self._send, self._got, first=first, count=count, in_flight=in_flight, rate=rate)

    async def stop(self) -> None:
        for connection in self._connections:
            try:
                async with asyncio.timeout(5):
                    await connection.close()
            except TimeoutError:
                continue
        if self._process is not None and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session: the launcher and the Erlang machine, nothing else
            await self._process.wait()
        self._end_epmd()

    def _environment(self, port: int) -> dict[str, str]:
        folder = str(self._folder)
        return {
            **os.environ,
            "HOME": folder,
            "RABBITMQ_NODENAME": f"bench{os.getpid()}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
        }

    async def _connect(self, port: int) -> AbstractRobustConnection:
        """It listens before it lets anybody in."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                return await aio_pika.connect_robust(f"amqp://guest:guest@127.0.0.1:{port}/")
            except (aio_pika.exceptions.AMQPError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        at = time.monotonic()
        found = MARK.search(message.body)
        if found is not None:
            self._got.setdefault(int(found.group(1)), at)
        await message.ack()

    async def _send(self, number: int) -> bool:
        assert self._out is not None
        message = aio_pika.Message(b"fh%dx" % number + PADDING, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self._out.default_exchange.publish(message, routing_key=QUEUE)
        return True

    def _end_epmd(self) -> None:
        """The port mapper that Erlang leaves behind runs in a session of its own; it is known by the home we gave it."""
        for entry in Path("/proc").iterdir():
            try:
                is_ours = entry.name.isdigit() and f"HOME={self._folder}\0".encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if is_ours:
                os.kill(int(entry.name), signal.SIGKILL)


class RabbitClassic(RabbitQuorum):
    """The same with a durable queue of the classic kind."""

    name = "rabbitmq classic"
    kind = "classic"
