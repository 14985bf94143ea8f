"""The core's side of the port for MQTT, as small as it can be: a context, a job, an ear; certificates as a county would make them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fenghuo import Denied, Estimate, Priority, Rendition, Token, Traffic
from fenghuo.clock import Clock, SystemClock
from fenghuo_mqtt.channel import MqttChannel
from fenghuo_mqtt.settings import MqttSettings
from tests.peers.mosquitto import Mosquitto
from tests.plugins.ear import Ear
from tests.plugins.unasked import Unasked
from tests.scale import TIMEOUT_SCALE

__all__ = ["Authority", "Ear", "FakeContext", "FakeJob", "settings_for", "started"]

PATIENCE_S = 40.0 * TIMEOUT_SCALE


def settings_for(broker: Mosquitto, **more: Any) -> MqttSettings:
    base: dict[str, Any] = {"plain": True, "connect_s": 3.0, "answer_s": 2.0, "reconnect_most_s": 0.3} | more
    return MqttSettings(host=broker.host, port=broker.port, node="hq", **base)


@dataclass
class FakeContext(Unasked):
    """A channel context that remembers what was said of health. `files`: what ctx.secret() answers."""

    settings: MqttSettings
    files: dict[str, str] = field(default_factory=dict)
    name: str = "mqtt-a"
    clock: Clock = field(default_factory=SystemClock)
    random: random.Random = field(default_factory=lambda: random.Random(1))
    log: structlog.stdlib.BoundLogger = field(default_factory=structlog.stdlib.get_logger)
    told: list[tuple[bool, str]] = field(default_factory=list)
    link: Any = None
    notes: Any = None
    blobs: Any = None

    def strained(self, reason: str) -> None:
        """Nobody here is told."""

    def secret(self, path: str) -> str:
        return self.files[path]

    def health(self, up: bool, reason: str) -> None:
        self.told.append((up, reason))

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.told) < count:
                await asyncio.sleep(0.01)


@dataclass
class FakeEmission:
    """A licence to emit."""

    payload: Rendition
    token: Token
    n: int = 1
    validity_s: float = 3600.0
    number: int = 17

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        """Nobody is more urgent."""


class FakeJob:
    """One delivery; `begun` counts the licences that were opened."""

    is_last = False

    def __init__(
        self, address: str, text: str = "转移", *, token: str = "t-1", denied: Denied | None = None, left_s: float = 20.0, size: int = 0
    ) -> None:
        self.address = address
        self.address_kind = "mqtt"
        self.priority = Priority.P0
        self.traffic = Traffic.ACTUAL
        self.size = size or len(text.encode())
        self.deadline = SystemClock().monotonic() + left_s
        self.begun = 0
        self._emission = FakeEmission(Rendition("json", text, b'{"text":"%b"}' % text.encode(), "application/json"), Token(token))
        self._denied = denied

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[FakeEmission]:
        self.begun += 1
        if self._denied is not None:
            raise self._denied
        yield self._emission


@contextlib.asynccontextmanager
async def started(
    broker: Mosquitto, *, files: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[tuple[MqttChannel, FakeContext, Ear]]:
    """A channel that is connected, and an ear at it."""
    ctx = FakeContext(settings_for(broker, **settings), files or {})
    channel = MqttChannel(ctx)
    await channel.start()
    ear = Ear(channel)
    try:
        yield channel, ctx, ear
    finally:
        await channel.stop(ctx.clock.monotonic() + 1.0)
        await ear.end()


class Authority:
    """Whoever signs certificates here; everything it makes is PEM and lies in `folder` too."""

    def __init__(self, folder: Path, name: str = "county") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = self._signed(self._name, self._key.public_key(), is_authority=True)
        (folder / f"{name}.pem").write_text(self.pem)

    def issue(self, name: str) -> tuple[str, str]:
        """A certificate for 127.0.0.1 under this name, and its key; NAME.crt and NAME.key in the folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), is_authority=False)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        (self._folder / f"{name}.crt").write_text(certificate)
        (self._folder / f"{name}.key").write_text(private)
        return certificate, private

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool) -> str:
        now = datetime.datetime.now(datetime.UTC)
        places = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(places, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return built.public_bytes(serialization.Encoding.PEM).decode()
