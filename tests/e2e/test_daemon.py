"""The process itself: its signals, its service manager, its settings, its disk, and a start when nobody else is there yet."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.node import Node, OwnProcess, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(90)]

WANG = Person("wang", "+8613800000001")
LI = Person("li", callsign="BG4ABC")
RULES = orders("sms")
BOTH = orders("sms", "radio")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_logged(node: Node, words: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while words not in node.log.read_text():
            await asyncio.sleep(0.02)


async def get(node: Node, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}{path}") as answer:
        return answer.status, await answer.text()


async def run_serve(folder: Path) -> tuple[int, str]:
    """`fenghuo serve` that is expected to end by itself: (exit code, what it said)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fenghuo", "serve", "--config", str(folder / "fenghuo.toml"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_bad_settings_at_sighup_change_nothing(tmp_path: Path) -> None:
    """Each fault is logged, the old settings stay in force, and the daemon goes on delivering; good ones are taken over."""
    async with Smsc() as smsc, Node(tmp_path, channels={"sms": sms(smsc.port)}, persons=[WANG], rules=RULES) as node:
        await node.channels_up("sms")
        (tmp_path / "rules.toml").write_text(RULES.replace('"DEVICE"', '"DEVISE"'))
        os.kill(node.pid, signal.SIGHUP)
        await until_logged(node, "settings not changed")
        status, sent = await node.order("wang", "立即到岗")
        assert 202 == status
        assert "MET" == (await node.ended(sent["id"]))["objectives"][0]["state"]
        (tmp_path / "rules.toml").write_text(RULES)
        os.kill(node.pid, signal.SIGHUP)
        await until_logged(node, "settings changed")


async def test_sigterm_drains(tmp_path: Path) -> None:
    """Orders accepted before SIGTERM lose nothing by it, the exit code is 0, and the next start has nothing in doubt."""
    async with Smsc(delay_ms=200) as smsc, OwnProcess(tmp_path, channels={"sms": sms(smsc.port)}, persons=[WANG], rules=RULES) as node:
        await node.channels_up("sms")
        answers = await asyncio.gather(*(node.order("wang", f"命令{n:02d}号") for n in range(30)))
        assert {202} == {status for status, _ in answers}
        assert 0 == await node.kill(signal.SIGTERM)
        await node.start()
        assert "0 in doubt" in node.ready_line
        await smsc.wait_for(lambda: len(smsc.submits) >= 30)
        await node.until("queue.ls", lambda rows: not [row for row in rows if row["state"] in ("READY", "EMITTING")])
        assert 30 == len(smsc.submits)


async def test_it_starts_before_its_bearers(tmp_path: Path) -> None:
    """With neither SMS centre nor TNC there it is ready and accepts; each order goes out when its bearer appears."""
    port = free_port()
    async with Duo(baud=38400) as duo:
        await duo.near.kill()
        channels = {"sms": sms(port), "radio": radio(duo.near.port, reopen_max_s=1.0)}
        async with OwnProcess(tmp_path, channels=channels, persons=[WANG, LI], rules=BOTH) as node:
            answers = [await node.order(person.id, f"致{person.id}：立即到岗") for person in (WANG, LI)]
            assert [202, 202] == [status for status, _ in answers]
            await duo.near.restart()
            async with Smsc(port=port) as smsc:
                await smsc.wait_for(lambda: bool(smsc.submits), 20)
                heard = await duo.far.heard(lambda frame: "致li" in frame.text, timeout_s=20)
                assert ("8613800000001", "BG4ABC") == (smsc.submits[0].dst, heard.dest)


async def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """READY=1 once it serves, STOPPING=1 when it stops, RELOADING=1 before a reload."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        async with Node(tmp_path, channels={"sms": sms(free_port())}, persons=[WANG], rules=RULES) as node:
            os.kill(node.pid, signal.SIGHUP)
            said: list[str] = []
            while _states(said).count("READY=1") < 2:
                said += _datagrams(manager)
                await asyncio.sleep(0.01)
            assert 0 == await node.kill(signal.SIGTERM)
        said += _datagrams(manager)
    assert ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"] == _states(said)


def _states(said: Iterable[str]) -> list[str]:
    return [text.split("\n")[0] for text in said if text.startswith(("READY", "RELOADING", "STOPPING"))]


def _datagrams(manager: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield manager.recv(4096).decode()
        except BlockingIOError:
            return


async def test_health_and_metrics(tmp_path: Path) -> None:
    """/healthz says ready without a token, /metrics speaks the Prometheus text form from loopback."""
    async with Node(tmp_path, channels={"sms": sms(free_port())}, persons=[WANG], rules=RULES) as node:
        assert (200, '{"ready":true,"accepting":true}') == await get(node, "/healthz")
        status, text = await get(node, "/metrics")
        assert 200 == status
        assert "# TYPE fenghuo_" in text


async def test_bad_settings_are_all_listed(tmp_path: Path) -> None:
    """Three mistakes in one file are three lines and exit code 78."""
    channels = {"sms": sms(70000), "mms": {"type": "sms.mms", "settings": {}}}
    Node(tmp_path, channels=channels, persons=[WANG], rules=RULES, extra="[web2]\nlisten = 3\n")
    code, said = await run_serve(tmp_path)
    assert 78 == code, said
    assert 3 <= len([line for line in said.splitlines() if any(name in line for name in ("port", "mms", "web2"))]), said


async def test_one_daemon_for_one_state(tmp_path: Path) -> None:
    """A second daemon on the same state folder says so and ends; the first goes on."""
    async with Node(tmp_path, channels={"sms": sms(free_port())}, persons=[WANG], rules=RULES) as node:
        code, said = await run_serve(tmp_path)
        assert 0 != code
        assert "Traceback" not in said, said
        assert 202 == (await node.order("wang", "立即到岗"))[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MiB of its own, which only root can mount."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small file system here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_refuses_and_loses_nothing(small_disk: Path) -> None:
    """Full is 507; what was promised before is still there after a restart with room again, and is delivered."""
    async with Smsc() as smsc, Node(small_disk, channels={"sms": sms(smsc.port)}, persons=[WANG], rules=RULES) as node:
        await node.channels_up("sms")
        assert 202 == (await node.order("wang", "命令前号"))[0]
        ballast = small_disk / "ballast"
        with ballast.open("wb") as out:
            _fill(out.fileno())
        answers = {n: await _until_full(node, n) for n in range(3)}
        assert {0, 1, 2} == set(answers)
        promised = {name for names in answers.values() for name in names} | {"命令前号"}
        ballast.unlink()
        await node.restart()
        await node.channels_up("sms")
        assert 202 == (await node.order("wang", "命令后号"))[0]
        await smsc.wait_for(lambda: not _missing(promised | {"命令后号"}, smsc), 30)


async def _until_full(node: Node, batch: int) -> list[str]:
    """Send orders until one is refused because the disk is full; the names of those that were promised before it."""
    promised: list[str] = []
    for n in range(400):
        name = f"命令{batch}-{n:03d}号"
        status, answer = await node.order("wang", name + "转移" * 400)
        if status == 507:
            return promised
        assert 202 == status, answer
        promised.append(name)
    pytest.fail("the disk never got full")


def _missing(names: set[str], smsc: Smsc) -> set[str]:
    return {name for name in names if not any(name in submit.text for submit in smsc.submits)}


def _fill(descriptor: int) -> None:
    block = bytes(1 << 16)
    try:
        while True:
            os.write(descriptor, block)
    except OSError:
        return
