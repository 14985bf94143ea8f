"""A mosquitto for the conformance kit, with a site whose devices are mosquitto's own clients: nobody here wrote what they speak."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import msgspec

from fenghuo import Ability, Arrival, ConformancePeer, Meter, Word
from fenghuo.far_end import FAR_END
from fenghuo_vsat.conformance import FEN_PER_MEGABYTE, RATE_KBIT, WATTS, over_ip
from fenghuo_vsat.mqtt_settings import MqttSettings

__all__ = ["BrokerPeer", "mosquitto"]

PASSWORD = "k1t-5atellite"
_ACCOUNT, _SITE, _PASSWORD_FILE = "hq", "site", "mqtt-password"
_PROGRAM = "/usr/sbin/mosquitto"
_START_S = 10.0
_PING, _PUBACK = 2, 4
"""Octets. Source: MQTT 5 §3.12, §3.4: without a reason code."""
_CONFIGURATION = """\
user root
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/accounts
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
max_inflight_messages 1000
max_queued_messages 10000
log_dest stderr
log_type all
"""
_RULES = f"""\
user {_ACCOUNT}
topic deny kit/+/out/barred
topic write kit/+/out/#
topic read kit/+/receipt/+
topic read kit/+/answer/+
user {_SITE}
topic read kit/+/out/#
topic write kit/+/receipt/+
"""


class _Message(msgspec.Struct, frozen=True):
    text: str


class _Envelope(msgspec.Struct, frozen=True):
    id: str
    receipt_to: str
    message: _Message


class _Read(msgspec.Struct, frozen=True):
    topic: str
    payload: str


class BrokerPeer(ConformancePeer):
    """The broker at `port`; each check has a client of its own name there. Its own access rules refuse one device."""

    abilities = frozenset({Ability.REPORT, Ability.FAILED, Ability.UNKNOWN, Ability.MANGLED, Ability.HASTY, Ability.ACKS})
    secrets = MappingProxyType({_PASSWORD_FILE: PASSWORD})
    bad_address = "barred"

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__()
        self.port = port
        self._folder = folder
        self._clients = itertools.count(1)
        self._receipts: dict[str, str] = {}
        self._is_hasty = False
        self._beside = 0
        self._news = asyncio.Event()
        self._said: list[str] = []
        self._ends: list[tuple[asyncio.subprocess.Process, asyncio.Task[None]]] = []
        self._starter = ThreadPoolExecutor(1)

    def settings(self, port: int) -> MqttSettings:
        return MqttSettings(
            host="127.0.0.1",
            port=port,
            source="127.0.0.1",
            root="kit",
            node=f"n{next(self._clients)}",
            username=_ACCOUNT,
            password_file=_PASSWORD_FILE,
            plain=True,
            keepalive_s=1,
            connect_s=1.0,
            attempt_s=1.0,
            reconnect_most_s=0.5,
            receipt_q95_s=4.0,
            rate_kbit=RATE_KBIT,
            watts_transmit=WATTS,
            fen_per_megabyte=FEN_PER_MEGABYTE,
        )

    def address(self, number: int) -> str:
        return f"t{number}"

    def meter(self, heard: int) -> Meter:
        """Without the pings and the acknowledgements of receipts, of which the broker keeps count."""
        return Meter(octets=heard - self._beside)

    def spent(self, before: Meter, after: Meter) -> Meter:
        return over_ip(before, after)

    async def say(self, word: Word, about: Arrival) -> None:
        level = b"failed" if word is Word.FAILED else b"device"
        ref = b"00000000-never" if word is Word.UNKNOWN else about.token.encode()
        payload = b'{"id":"%b","level":"%b"}' % (b"\xff" + ref[::-1] if word is Word.MANGLED else ref, level)
        command = ["mosquitto_pub", *self._account(), "-t", self._receipts[about.address], "-s"]
        # To start a program reads files, which the kit would take for the channel's doing.
        await asyncio.get_running_loop().run_in_executor(
            self._starter, lambda: subprocess.run(command, input=payload, timeout=_START_S, check=True)
        )

    async def be_hasty(self, *, on: bool) -> None:
        self._is_hasty = on

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The broker and the site's reader, until the end."""
        try:
            await self._run(_PROGRAM, "-c", str(self._folder / "mosquitto.conf"), ear=self._hear_broker)
            await self._until("running")
            reader = ("mosquitto_sub", *self._account(), "-i", "site", "-F", "%j", "-t", "kit/+/out/#")
            await self._run(*reader, ear=self._hear_site)
            await self._until("Sending SUBACK to site")
            await asyncio.get_running_loop().run_in_executor(self._starter, os.getpid)  # its thread is there before anybody counts
            yield
        finally:
            self._starter.shutdown(wait=False)
            for process, ear in self._ends:
                if process.returncode is None:
                    os.kill(process.pid, signal.SIGKILL)
                await process.wait()
                await ear

    async def _run(self, *command: str, ear: Callable[[asyncio.StreamReader], Awaitable[None]]) -> None:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert process.stdout is not None

        async def hear(stream: asyncio.StreamReader) -> None:
            await ear(stream)

        self._ends.append((process, asyncio.create_task(hear(process.stdout), name=f"{FAR_END} {command[0]}")))

    async def _until(self, word: str) -> None:
        async with asyncio.timeout(_START_S):
            while not any(word in line for line in self._said):
                self._news.clear()
                await self._news.wait()

    async def _hear_broker(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            text = line.decode("utf-8", "replace").rstrip()
            self.version = f"mosquitto {text.rpartition('version ')[2].split()[0]}" if "mosquitto version" in text else self.version
            self.acknowledged += "Received PUBACK from fenghuo-" in text
            self._beside += _PING * ("Received PINGREQ from fenghuo-" in text) + _PUBACK * ("Received PUBACK from fenghuo-" in text)
            self._said.append(text)
            self._news.set()

    async def _hear_site(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            read = msgspec.json.decode(line, type=_Read)
            sent = msgspec.json.decode(read.payload, type=_Envelope)
            recipient = read.topic.rpartition("/")[2]
            self._receipts[recipient] = sent.receipt_to
            arrival = Arrival(recipient, sent.message.text, token=sent.id, ref=sent.id)
            if self._is_hasty:
                await self.say(Word.REPORT, arrival)
            self.arrivals.append(arrival)

    def _account(self) -> tuple[str, ...]:
        return ("-V", "mqttv5", "-h", "127.0.0.1", "-p", str(self.port), "-u", _SITE, "-P", PASSWORD, "-q", "1")


@contextlib.asynccontextmanager
async def mosquitto() -> AsyncIterator[ConformancePeer]:
    """A broker with accounts and access rules, in a folder that goes with it."""
    if not shutil.which(_PROGRAM) or not shutil.which("mosquitto_sub"):
        raise RuntimeError("mosquitto and mosquitto-clients are not installed; the kit needs both for vsat.mqtt")
    with tempfile.TemporaryDirectory(prefix="fenghuo-mosquitto-") as name:
        folder, port = Path(name), _free_port()
        (folder / "mosquitto.conf").write_text(_CONFIGURATION.format(port=port, folder=folder))
        (folder / "acl").write_text(_RULES)
        (folder / "accounts").write_text(f"{_ACCOUNT}:{PASSWORD}\n{_SITE}:{PASSWORD}\n")
        hashing = await asyncio.create_subprocess_exec("mosquitto_passwd", "-U", str(folder / "accounts"))
        await hashing.wait()
        peer = BrokerPeer(folder, port)
        async with peer.running():
            yield peer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
