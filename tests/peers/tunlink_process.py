"""A link between two network namespaces, as a process: real IP packets from one TUN device to the other, with delay, rate, loss and a
finite queue. Root and /dev/net/tun are all it needs of the kernel.

stdin: one JSON object a line, {"loss": 100, "delay_ms": 300} changes what it names; each is answered.
stdout: one JSON object a line: {"up": {...}, "down": {...}}, the counters after that change. Counters of a direction: packets and octets
that were offered, that passed, and packets lost on the way and turned away by the queue.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import dataclasses
import fcntl
import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x1, 0x1000
CLONE_NEWNET = 0x40000000
LARGEST = 65535


@dataclasses.dataclass(slots=True)
class Terms:
    """What the link is like now. `delay_ms`: one way; `loss`: per cent of packets; `queue`: packets that may wait for their turn."""

    delay_ms: float
    rate_kbit: float
    loss: float
    queue: int


@dataclasses.dataclass(slots=True)
class Counted:
    """One direction."""

    offered: int = 0
    offered_octets: int = 0
    passed: int = 0
    passed_octets: int = 0
    lost: int = 0
    refused: int = 0


class Direction:
    """Packets from one device to the other."""

    def __init__(self, source: int, target: int, terms: Terms, chance: random.Random) -> None:
        self.counted = Counted()
        self._source, self._target = source, target
        self._terms = terms
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._free_at = 0.0
        self._waiting = 0
        self._loop.add_reader(source, self._read)

    def _read(self) -> None:
        while True:
            try:
                packet = os.read(self._source, LARGEST)
            except BlockingIOError:
                return
            self._take(packet)

    def _take(self, packet: bytes) -> None:
        self.counted.offered += 1
        self.counted.offered_octets += len(packet)
        if self._waiting >= self._terms.queue:
            self.counted.refused += 1
            return
        self._waiting += 1
        self._free_at = max(self._free_at, self._loop.time()) + len(packet) * 8 / (self._terms.rate_kbit * 1000)
        self._loop.call_at(self._free_at, self._depart, packet)

    def _depart(self, packet: bytes) -> None:
        self._waiting -= 1
        if self._chance.random() * 100 < self._terms.loss:
            self.counted.lost += 1
            return
        self._loop.call_later(self._terms.delay_ms / 1000, self._arrive, packet)

    def _arrive(self, packet: bytes) -> None:
        try:
            os.write(self._target, packet)
        except OSError:  # the far device is down
            self.counted.lost += 1
            return
        self.counted.passed += 1
        self.counted.passed_octets += len(packet)


def device_in(namespace: str, name: str, *, mine: str, other: str, mtu: int) -> int:
    """A TUN device in a namespace, up and with its addresses; its descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)
    for words in (
        ("link", "set", name, "addrgenmode", "none"),  # no router is asked for: each octet on the link is the test's own
        ("addr", "add", mine, "peer", other, "dev", name),
        ("link", "set", name, "mtu", str(mtu), "up"),
    ):
        subprocess.run(["ip", "-n", namespace, *words], check=True)
    return device


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("near")
    parser.add_argument("far")
    parser.add_argument("--name", default="sat0")
    parser.add_argument("--net", default="10.99.0")
    parser.add_argument("--delay-ms", type=float, default=300)
    parser.add_argument("--rate-kbit", type=float, default=128)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--queue", type=int, default=50)
    parser.add_argument("--mtu", type=int, default=1400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    terms = Terms(given.delay_ms, given.rate_kbit, given.loss, given.queue)
    near_ip, far_ip = f"{given.net}.1", f"{given.net}.2"
    near = device_in(given.near, given.name, mine=near_ip, other=far_ip, mtu=given.mtu)
    far = device_in(given.far, given.name, mine=far_ip, other=near_ip, mtu=given.mtu)
    chance = random.Random(given.seed)
    up, down = Direction(near, far, terms, chance), Direction(far, near, terms, chance)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while True:
        sys.stdout.write(json.dumps({"up": dataclasses.asdict(up.counted), "down": dataclasses.asdict(down.counted)}) + "\n")
        sys.stdout.flush()
        line = await orders.readline()
        if not line:
            return
        for name, value in json.loads(line).items():
            setattr(terms, name, value)


if __name__ == "__main__":
    assert Path("/dev/net/tun").exists(), "/dev/net/tun is not there"
    asyncio.run(main())
