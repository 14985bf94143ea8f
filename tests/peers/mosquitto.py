"""mosquitto as a process, and the readers and writers that come with it: an MQTT 5 broker and clients of which nobody here wrote a line.

Started as root, mosquitto becomes another user and has no right to its own database any more: `user root` keeps it what it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from tests.scale import PATIENCE_S, TIMEOUT_SCALE
from tests.signals import send

__all__ = ["Mosquitto", "Read", "Reader", "write"]

START_S = 40.0 * TIMEOUT_SCALE
DURABLE = ("persistence true", "persistence_location {folder}/", "autosave_interval 1", "autosave_on_changes true")
"""As durable as mosquitto can be told to be: saved after every change. It is not fsynced all the same."""


class Read(msgspec.Struct, frozen=True):
    """A message as mosquitto_sub has read it."""

    topic: str
    payload: str
    qos: int = 0
    retain: int = 0
    properties: dict[str, Any] = {}

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.payload)


_read = msgspec.json.Decoder(Read)


class Mosquitto:
    """`async with Mosquitto(folder) as broker`: listens on `port` of `host`, the same after kill() and restart().

    `settings`: lines for its configuration, with {folder} for its own folder; `listener`: lines of its listener (TLS); `prefix`: what it is
    started with, for example `ip netns exec NAME`. `log`: everything that it has printed, across restarts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Sequence[str] = DURABLE,
        listener: Sequence[str] = (),
        anonymous: bool = True,
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.host = host
        self.port = free_port()
        self.log: list[str] = []
        self.prefix = tuple(prefix)
        lines = ["user root", "log_dest stderr", "log_type all", *(line.format(folder=folder) for line in settings)]
        lines += [f"listener {self.port} {host}", *listener, f"allow_anonymous {str(anonymous).lower()}"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._process: asyncio.subprocess.Process | None = None
        self._ear: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.kill()

    @property
    def version(self) -> str:
        """As it prints it."""
        return next((line.partition("mosquitto version ")[2].split()[0] for line in self.log if "mosquitto version" in line), "?")

    async def start(self) -> None:
        """Run it until it serves."""
        began = len(self.log)
        self._process = await asyncio.create_subprocess_exec(
            *self.prefix,
            "/usr/sbin/mosquitto",
            "-c",
            str(self.folder / "mosquitto.conf"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._ear = asyncio.create_task(self._listen(self._process), name="mosquitto log")
        await self.wait_for(lambda: any(line.endswith("running") for line in self.log[began:]), "mosquitto runs", timeout_s=START_S)

    async def kill(self) -> None:
        """SIGKILL, as by a power cut, with everything on the disk as it was; idempotent."""
        await self._stop(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM: it says good-bye and saves."""
        await self._stop(signal.SIGTERM)

    async def restart(self) -> None:
        """kill() and start()."""
        await self.kill()
        await self.start()

    def pause(self) -> None:
        """Stop it in its tracks: connected, and silent."""
        assert self._process is not None
        send(self._process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on with everything that came meanwhile."""
        assert self._process is not None
        send(self._process, signal.SIGCONT)

    async def wait_for(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 40.0) -> None:
        """Return as soon as it holds; asked again after whatever the broker prints."""
        try:
            async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as late:
            raise TimeoutError(f"{what}: not in time; the broker says {self.log[-10:]}") from late

    def acknowledged(self, client: str) -> int:
        """How many PUBACKs a client has sent to the broker, by its log."""
        return sum(f"Received PUBACK from {client} " in line for line in self.log)

    async def _stop(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        ear, self._ear = self._ear, None
        if process is not None and ear is not None:
            send(process, signal.SIGCONT)
            send(process, how)
            await process.wait()
            await ear

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.log.append(re.sub(r"^\d+: ", "", line.decode("utf-8", "replace").rstrip()))
            self._news.set()


class Reader:
    """mosquitto_sub with a session of its own: `read` is everything it was given. `persistent`: the broker queues for it while it is away.

    `options`: further arguments, for example its account or its certificate.
    """

    def __init__(self, broker: Mosquitto, *topics: str, name: str, persistent: bool = False, options: Sequence[str] = ()) -> None:
        self.read: list[Read] = []
        self.name = name
        self._broker = broker
        self._arguments = ["-V", "mqttv5", "-h", broker.host, "-p", str(broker.port), "-i", name, "-q", "1", "-F", "%j", *options]
        self._arguments += ["-c", "-x", "3600"] if persistent else []
        self._arguments += [word for topic in topics for word in ("-t", topic)]
        self._process: asyncio.subprocess.Process | None = None
        self._ear: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connect and subscribe; returns when the broker has answered the subscription."""
        before = self._subscriptions()
        self._process = await asyncio.create_subprocess_exec(
            *self._broker.prefix, "mosquitto_sub", *self._arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        self._ear = asyncio.create_task(self._listen(self._process), name="mosquitto_sub")
        await self._broker.wait_for(lambda: self._subscriptions() > before, f"{self.name} is subscribed")

    async def stop(self) -> None:
        """Leave, as a device that is switched off; idempotent."""
        process, self._process = self._process, None
        ear, self._ear = self._ear, None
        if process is not None and ear is not None:
            send(process, signal.SIGKILL)
            await process.wait()
            await ear

    async def until(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 40.0) -> None:
        """Return as soon as it holds; asked again after whatever was read."""
        try:
            async with asyncio.timeout(timeout_s * TIMEOUT_SCALE):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as late:
            raise TimeoutError(f"{what}: not in time; {self.name} has {self.read}") from late

    def _subscriptions(self) -> int:
        return sum(f"Sending SUBACK to {self.name}" in line for line in self._broker.log)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self.read.append(_read.decode(line))
            self._news.set()


async def write(
    broker: Mosquitto, topic: str, payload: str | bytes, *, name: str = "", retain: bool = False, options: Sequence[str] = ()
) -> int:
    """Publish by mosquitto_pub with QoS 1; its exit code, 0 when the broker took it."""
    words = ["-V", "mqttv5", "-h", broker.host, "-p", str(broker.port), "-q", "1", "-t", topic, "-s", *options]
    words += ["-i", name] if name else []
    words += ["-r"] if retain else []
    process = await asyncio.create_subprocess_exec(
        *broker.prefix,
        "mosquitto_pub",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(process.communicate(payload if isinstance(payload, bytes) else payload.encode()), PATIENCE_S)
    assert process.returncode is not None
    return process.returncode


def free_port() -> int:
    """A port nobody listens on, below the ephemeral ones, so that it is still free after a restart."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
