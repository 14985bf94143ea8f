"""The core without a device, and a channel with one in a unit of its own, as they are shipped, run by a real systemd; with a credential."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.e2e.test_modems import modems
from tests.e2e.test_service import shipped
from tests.peers.atmodem import AtModem
from tests.peers.service_manager import ServiceManager
from tests.peers.smsc import Smsc

pytestmark = [
    pytest.mark.peer,
    pytest.mark.e2e,
    pytest.mark.may_block,
    pytest.mark.timeout(180),
    pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace in which systemd believes that it runs takes root"),
]

WANG = Person("wang", "+8613800000001")
CORE, SERIAL = "fenghuo-core.service", "fenghuo-serial@modem"


def written(manager: ServiceManager, node: Node, unit: str, here: dict[str, str], *drop_in: str) -> None:
    """A shipped unit with this machine's paths; there is no journal beside a manager of one user."""
    (manager.units / unit).write_text(shipped(unit, here), encoding="utf-8")
    if unit.endswith(".service"):
        folder = manager.units / f"{unit}.d"
        folder.mkdir()
        output = (f"StandardOutput=append:{node.log}", f"StandardError=append:{node.log}")
        (folder / "here.conf").write_text("\n".join(("[Service]", *output, *drop_in)))


@asynccontextmanager
async def both(folder: Path, smsc: Smsc, link: Path) -> AsyncIterator[tuple[ServiceManager, Node]]:
    """The manager with all three units in it, the core started and the line to the modem open."""
    sockets, secret = folder / "lines", folder / "smsc.secret"
    secret.write_text("opened")
    (folder / "node").mkdir()
    channels = {"modem": {**modems(link), "isolation": "unit"}, "sms": sms(smsc.port, password_file="credential:smsc.password")}
    extra = f'[plugins]\nunits = "{sockets}"\n'
    node = Node(folder / "node", channels=channels, persons=[WANG], rules=orders("modem"), extra=extra)
    async with ServiceManager(folder) as manager:
        python = {"/opt/fenghuo/bin/python3": sys.executable}
        settings = {"/etc/fenghuo/fenghuo.toml": str(node.folder / "fenghuo.toml"), "multi-user.target": "default.target"}
        written(manager, node, CORE, {**python, **settings}, f"LoadCredential=smsc.password:{secret}")
        written(manager, node, "fenghuo-serial@.service", {**python, "WatchdogSec=8": "WatchdogSec=2"})
        written(manager, node, "fenghuo-serial@.socket", {"/run/fenghuo-units": str(sockets)})
        assert (0, "") == await manager.ctl("daemon-reload")
        assert (0, "") == await manager.ctl("start", f"{SERIAL}.socket", CORE)
        await node.channels_up("modem", "sms")
        yield manager, node


async def process_of(manager: ServiceManager, unit: str) -> int:
    return int((await manager.shown(unit, "MainPID"))["MainPID"])


def has_open(process: int, device: Path) -> bool:
    """Whether a process has the device open."""
    return any(os.path.realpath(link) == os.path.realpath(device) for link in Path(f"/proc/{process}/fd").iterdir())


async def test_a_modem_in_a_unit_of_its_own_serves_a_core_without_devices(tmp_path: Path) -> None:
    """The order leaves by it, the report comes back by it; the core has a credential and no device, the unit a device. Hung, the unit is
    killed by systemd and called anew by the core, which nobody has to start again."""
    link = tmp_path / "modem-line"
    async with AtModem(link) as modem, Smsc(password="opened") as smsc, both(tmp_path, smsc, link) as (manager, node):
        core, host = await process_of(manager, CORE), await process_of(manager, f"{SERIAL}.service")
        assert (False, True) == (has_open(core, link), has_open(host, link))
        for text in ("立即到岗", "立即转移"):
            sent = await node.ask("message.send", to=["wang"], text=text)
            ended = await node.ended(str(sent["id"]))
            first = ended["objectives"][0]["deliveries"][0]
            assert ("MET", "modem", "DEVICE") == (ended["objectives"][0]["state"], first["channel"], first["evidence"])
            assert text in "".join(modem.texts())
            if host:
                os.kill(host, signal.SIGSTOP)
                await node.until("channel.ls", lambda rows: "up" != {row["name"]: row["health"] for row in rows}["modem"])
                await node.channels_up("modem", "sms")
                assert host != await process_of(manager, f"{SERIAL}.service")
                host = 0
        assert core == await process_of(manager, CORE)
        assert [] == smsc.submits
        assert (0, "") == await manager.ctl("stop", CORE, f"{SERIAL}.socket")
