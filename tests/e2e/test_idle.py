"""What the daemon costs while nothing happens, and how soon it is there."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.node import OwnProcess, Person, orders, radio, sms
from tests.peers.direwolf import Duo
from tests.peers.smsc import Smsc
from tests.scale import TIMEOUT_SCALE

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.alone, pytest.mark.may_block, pytest.mark.timeout(90)]

WATCHED_S = 8.0
SETTLED_S = 3.0
WAKE_UPS_PER_S = 1.0
START_S = 0.5
RULES = orders("sms", "radio", deadline_s=300)


def wake_ups(pid: int) -> dict[str, int]:
    """Voluntary context switches of each thread of a process, by "name/id"."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        found[f"{fields['Name'].strip()}/{task.name}"] = int(fields["voluntary_ctxt_switches"])
    return found


async def test_an_idle_daemon_sleeps(tmp_path: Path) -> None:
    """With SMPP and KISS connected and nothing to do, all threads together wake up at most once a second."""
    async with Smsc() as smsc, Duo(baud=38400) as duo:
        channels = {"sms": sms(smsc.port), "radio": radio(duo.near.port)}
        async with OwnProcess(tmp_path, channels=channels, persons=[Person("wang", "+8613800000001", "BG4ABC")], rules=RULES) as node:
            await node.channels_up("sms", "radio")
            started = sum(wake_ups(node.pid).values())
            assert 202 == (await node.order("wang", "立即到岗"))[0]
            await smsc.wait_for(lambda: bool(smsc.acks))
            assert started < sum(wake_ups(node.pid).values()), "this kernel counts no wake-ups"
            await asyncio.sleep(SETTLED_S)
            before = wake_ups(node.pid)
            await asyncio.sleep(WATCHED_S)
            after = wake_ups(node.pid)
    woken = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    print(f"wake-ups in {WATCHED_S:g} s: {sum(woken.values())} {woken}")
    assert sum(woken.values()) <= WATCHED_S * WAKE_UPS_PER_S, woken


async def test_the_daemon_is_there_soon(tmp_path: Path) -> None:
    """From the start of the process to its ready line: the figure is printed; only a slip of several times over fails."""
    async with OwnProcess(tmp_path, channels={"sms": sms(9)}, persons=[Person("wang", "+8613800000001")], rules=orders("sms")) as node:
        taken = []
        for _ in range(5):
            await node.kill()
            began = time.monotonic()
            await node.start()
            taken.append(time.monotonic() - began)
        print(f"start: {min(taken):.2f} s at best, {sorted(taken)[2]:.2f} s in the middle; {node.ready_line}")
        assert min(taken) <= 4 * START_S * TIMEOUT_SCALE
