"""Loudspeakers through the running daemon in a network of its own, judged by what GStreamer recorded there."""

from __future__ import annotations

import array
import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from fenghuo.formats.wording import BEIJING
from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import standing, stands
from tests.peers.rtp import GROUP, PORT, clock, gstreamer, namespace, recorded_s
from tests.scale import TIMEOUT_SCALE
from tests.soonest import soonest

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.may_block("starts programs"), pytest.mark.timeout(60)]

# Speaks each sentence as a tone, an urgent one (急) higher than others, so that a recording shows who was heard when.
VOICE = """
import math, struct, sys, wave
text = sys.stdin.buffer.read().decode()
hertz = 1600 if "急" in text else 400
made = wave.open(sys.stdout.buffer, "wb"); made.setnchannels(1); made.setsampwidth(2); made.setframerate(8000)
made.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(6.2832 * hertz * at / 8000))) for at in range(len(text) * 500)))
made.close()
"""
SILENT_WITHIN_S = 0.2 * TIMEOUT_SCALE
CALL_S = 8 * 500 / 8000
"""请注意，请注意。"""


@pytest.fixture
async def inside() -> AsyncIterator[tuple[str, ...]]:
    async with namespace() as words:
        yield words


def node(folder: Path) -> Node:
    """A centre with the loudspeakers of one village."""
    settings = {
        "speakers": [f"{GROUP}:{PORT}"],
        "interface": "127.0.0.1",
        "hops": 1,
        "voice_command": [sys.executable, "-I", "-S", "-c", VOICE],
        "monitor_interface": "127.0.0.1",
        "quiet_hours": [],
        "armed": datetime.now(BEIJING).isoformat(timespec="seconds"),
    }
    speakers = {"type": "broadcast.rtp", "settings": settings}
    made = Node(folder, channels={"village": speakers}, persons=[Person("town")], rules=orders("village", needed="AIRED"))
    with (folder / "people" / "contacts.csv").open("a", encoding="utf-8") as contacts:
        contacts.write(f"town,loudspeaker,{GROUP}:{PORT},1,\n")
    return made


def pitch(samples: bytes, at_s: float) -> str:
    """What is heard at a moment of a recording: nothing, a low or a high tone."""
    heard = array.array("h", samples[int(at_s * 16000) // 2 * 2 : int((at_s + 0.05) * 16000) // 2 * 2])
    if not heard or max(map(abs, heard)) < 2000:
        return "silence"
    turns = sum(before < 0 <= after for before, after in itertools.pairwise(heard))
    return "high" if turns / 0.05 > 1000 else "low"


async def said(centre: Node, text: str, **fields: str) -> str:
    """The id of an order. By the control socket: the web port lies in the other network."""
    answer = await centre.ask("message.send", to=["person:town"], text=text, **fields)
    ident: str = answer["id"]
    return ident


async def test_a_message_is_heard_in_its_own_length_and_aired(tmp_path: Path, inside: tuple[str, ...]) -> None:
    """To 50 ms, over the wire of a network of its own."""
    centre = node(tmp_path)
    try:
        async with gstreamer(tmp_path / "heard.wav", inside):
            await centre.start(under=inside)
            message = await said(centre, "立即转移", priority="P1")
            assert {"village": ("MET", "", "AIRED")} == standing(await centre.ended(message))
            await asyncio.sleep(0.3)
    finally:
        await centre.close()
    text_s = len("立即转移。") * 500 / 8000
    assert CALL_S + text_s == pytest.approx(recorded_s(tmp_path / "heard.wav")[0], abs=0.05)


async def test_a_cancelled_message_is_silent_a_fifth_of_a_second_later(tmp_path: Path, inside: tuple[str, ...]) -> None:
    """What was cut off is not said again; that it is over is."""
    centre = node(tmp_path)

    async def silent_after_s() -> float:
        async with clock(inside) as packets:
            message = await said(centre, "立即转移，不要返回，不要返回，不要返回，不要返回", priority="P1")
            await asyncio.sleep(1.0)
            began = time.monotonic()
            cancelled = await centre.ask("alert.cancel", id=message, reason="险情排除")
            assert {"village": ("MET", "", "AIRED")} == standing(await centre.ended(cancelled["id"]))
        first, second = dict.fromkeys(source for _, source in packets)
        assert min(at for at, source in packets if source == second) > began
        return max(at for at, source in packets if source == first) - began

    try:
        await centre.start(under=inside)
        assert await soonest(silent_after_s, within_s=SILENT_WITHIN_S) <= SILENT_WITHIN_S
    finally:
        await centre.close()


@pytest.mark.soak
async def test_an_urgent_message_passes_and_what_it_interrupted_goes_on(tmp_path: Path, inside: tuple[str, ...]) -> None:
    """Low, high, and low again; and both are aired."""
    centre = node(tmp_path)
    try:
        async with gstreamer(tmp_path / "heard.wav", inside):
            await centre.start(under=inside)
            slow = await said(centre, "通知全村清扫道路清扫道路", priority="P3")
            await asyncio.sleep(1.2)
            urgent = await said(centre, "急急", priority="P0")
            for message in (urgent, slow):
                assert {"village": ("MET", "", "AIRED")} == standing(await centre.ended(message))
            await asyncio.sleep(0.3)
    finally:
        await centre.close()
    seconds, samples = recorded_s(tmp_path / "heard.wav")
    heard = [pitch(samples, at / 10) for at in range(int(seconds * 10))]
    order = [tone for tone, before in zip(heard, [None, *heard], strict=False) if tone not in (before, "silence")]
    assert ["low", "high", "low"] == order, heard


@pytest.mark.soak
async def test_a_daemon_killed_while_it_speaks_does_not_begin_again(tmp_path: Path, inside: tuple[str, ...]) -> None:
    """Nobody knows how much of it was heard: a person decides."""
    centre = node(tmp_path)
    try:
        async with gstreamer(tmp_path / "heard.wav", inside):
            await centre.start(under=inside)
            message = await said(centre, "立即转移，不要返回，不要返回，不要返回，不要返回", priority="P0")
            await asyncio.sleep(1.2)
            await centre.kill()
            await centre.start(under=inside)
            await stands(centre, message, "village", "IN_DOUBT")
            await asyncio.sleep(1.0)
            await stands(centre, message, "village", "IN_DOUBT")
    finally:
        await centre.close()
    assert recorded_s(tmp_path / "heard.wav")[0] < 2.5
