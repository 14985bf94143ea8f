"""The unit that is shipped, run by a real systemd: its start, its watchdog, its restarts, its reload and its stop."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.peers.service_manager import ServiceManager
from tests.peers.smsc import Smsc

pytestmark = [
    pytest.mark.peer,
    pytest.mark.e2e,
    pytest.mark.may_block,
    pytest.mark.timeout(180),
    pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace in which systemd believes that it runs takes root"),
]

UNITS = Path(__file__).resolve().parents[2] / "systemd"
WANG = Person("wang", "+8613800000001")
RULES = orders("sms")
# A manager of one user may not change accounts, folders of the system, or what a process may see: how well the unit is fenced is scored
# offline (tests/test_systemd.py), and everything else in it is as it is shipped.
NOT_FOR_A_USER = (
    "User=", "Group=", "WorkingDirectory=", "StateDirectory", "LogsDirectory", "RuntimeDirectory", "ConfigurationDirectory",
    "CapabilityBoundingSet=", "AmbientCapabilities=", "Protect", "Private", "RemoveIPC=", "KeyringMode=", "Restrict", "Lock",
    "MemoryDeny", "SystemCall", "Device", "IPAddress", "OOMScoreAdjust=", "Memory", "TasksMax=", "NoNewPrivileges=", "ProcSubset=",
    "Inaccessible", "CPUQuota=", "Nice=", "SocketUser=", "SocketGroup=",
)  # fmt: skip


def unit_for(node: Node, *, watchdog_s: int) -> str:
    """The unit as shipped, with this machine's paths and a watchdog that bites within a test."""
    here = {"/etc/fenghuo/fenghuo.toml": str(node.folder / "fenghuo.toml"), "WatchdogSec=30": f"WatchdogSec={watchdog_s}"}
    return shipped("fenghuo.service", {**here, "/opt/fenghuo/bin/python3": sys.executable, "multi-user.target": "default.target"})


def shipped(unit: str, here: Mapping[str, str]) -> str:
    """A unit's own lines, but for what a user's manager may not do; each text of `here` stands in it once and becomes another."""
    restart = ("Restart=", "RestartPrevent", "RestartSec=")
    lines = (UNITS / unit).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith(("#", *NOT_FOR_A_USER)) or line.startswith(restart))
    for shipped, ours in here.items():
        assert 1 == text.count(shipped), shipped
        text = text.replace(shipped, ours)
    return text


@asynccontextmanager
async def managed(folder: Path, smsc: Smsc, *, watchdog_s: int = 30) -> AsyncIterator[tuple[ServiceManager, Node]]:
    """A manager with our unit in it, not started, and the doors of the node that it will run."""
    (folder / "node").mkdir()
    node = Node(folder / "node", channels={"sms": sms(smsc.port)}, persons=[WANG], rules=RULES)
    async with ServiceManager(folder) as manager:
        (manager.units / "fenghuo.service").write_text(unit_for(node, watchdog_s=watchdog_s), encoding="utf-8")
        drop_in = manager.units / "fenghuo.service.d" / "journal.conf"  # there is no journal beside a manager of one user
        drop_in.parent.mkdir()
        drop_in.write_text(f"[Service]\nStandardOutput=append:{node.log}\nStandardError=append:{node.log}\n")
        assert (0, "") == await manager.ctl("daemon-reload")
        yield manager, node


async def order(node: Node, text: str) -> str:
    found = await node.ask("message.send", to=["wang"], text=text)
    return str(found["id"])


def words(smsc: Smsc) -> list[str]:
    """The order in each message that the centre took; what asks for an answer follows it."""
    return [one.text.split(" ")[0] for one in smsc.submits]


async def test_the_service_starts_reloads_outlives_its_channel_and_stops(tmp_path: Path) -> None:
    """`start` returns when it serves; a reload is waited for; a centre that dies restarts nothing; `stop` hands over what was promised."""
    async with Smsc() as smsc, managed(tmp_path, smsc) as (manager, node):
        assert (0, "") == await manager.ctl("start", "fenghuo")
        await node.ask("status")  # at once: whoever waited for the start finds the door open
        before = await manager.shown("fenghuo", "ActiveState", "SubState", "StatusText", "MainPID", "Type")
        assert ("active", "running", "notify") == (before["ActiveState"], before["SubState"], before["Type"])
        assert "就绪" in before["StatusText"]
        assert (0, "") == await manager.ctl("reload", "fenghuo")
        await node.channels_up("sms")
        await smsc.kill()
        await node.until("channel.ls", lambda rows: [row["health"] for row in rows] == ["down"])
        held = await order(node, "短信中心回来再发")
        await smsc.restart()
        await node.ended(held)
        assert (0, "") == await manager.ctl("stop", "fenghuo")
        after = await manager.shown("fenghuo", "ActiveState", "Result", "NRestarts", "ExecMainStatus")
        assert {"ActiveState": "inactive", "Result": "success", "NRestarts": "0", "ExecMainStatus": "0"} == after
        assert ["短信中心回来再发"] == words(smsc)


async def test_a_daemon_that_hangs_is_started_again_and_loses_nothing(tmp_path: Path) -> None:
    """It is stopped from outside, so that nothing in it moves: the watchdog ends it, the next life delivers what was promised."""
    async with Smsc() as smsc, managed(tmp_path, smsc, watchdog_s=2) as (manager, node):
        assert (0, "") == await manager.ctl("start", "fenghuo")
        await node.channels_up("sms")
        await smsc.kill()
        await node.until("channel.ls", lambda rows: [row["health"] for row in rows] == ["down"])
        held = await order(node, "卡死之后仍要送到")
        hung = int((await manager.shown("fenghuo", "MainPID"))["MainPID"])
        os.kill(hung, signal.SIGSTOP)
        await manager.until("fenghuo", "NRestarts", "1")
        await smsc.restart()
        await manager.until("fenghuo", "ActiveState", "active")
        assert hung != int((await manager.shown("fenghuo", "MainPID"))["MainPID"])
        await node.ended(held)
        assert ["卡死之后仍要送到"] == words(smsc)


async def test_bad_settings_are_not_tried_again_and_again(tmp_path: Path) -> None:
    """Exit code 78 is what the unit does not restart on: the failed start stays failed, with its sentence in the journal."""
    async with Smsc() as smsc, managed(tmp_path, smsc) as (manager, node):
        (node.folder / "rules.toml").write_text(RULES.replace('"DEVICE"', '"DEVISE"'))
        code, said = await manager.ctl("start", "fenghuo")
        assert 0 != code, said
        await manager.until("fenghuo", "ActiveState", "failed")
        after = await manager.shown("fenghuo", "ExecMainStatus", "NRestarts", "Result")
        assert {"ExecMainStatus": "78", "NRestarts": "0", "Result": "exit-code"} == after
        assert "DEVISE" in node.log.read_text()
