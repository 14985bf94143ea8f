"""The receiver that is told of alarms: a real HTTP server of its own, and a real Alertmanager."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from fenghuo.model.alarm import AlarmPriority
from fenghuo.service.alarm_hook import CURSOR, AlarmHook
from fenghuo.service.settings_values import AlarmHookSettings
from fenghuo.store.tables import META
from tests.core.engine.alarmed import CATALOGUE, Kept, kept
from tests.peers.alarm_receiver import receiving
from tests.peers.alertmanager import Alertmanager
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.may_block("aiohttp reads the system's certificates when it is first used")


@asynccontextmanager
async def hooked(there: Kept, url: str, **changes: Any) -> AsyncIterator[AlarmHook]:
    plain = AlarmHookSettings(url, "fenghuo", "", Path("/"), None, frozenset(AlarmPriority), 0.0)
    settings = msgspec.structs.replace(plain, **changes)
    hook = AlarmHook(settings, there.store, there.clock, there.annunciator.catalogue.kinds, node="taicang", rest_s=0.01)
    task = asyncio.create_task(hook.run())
    try:
        yield hook
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def settled(there: Kept) -> None:
    """Until it has noted that everything so far was told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            row = await there.store.sound(META, CURSOR)
            if row is not None and int(row.value) == there.store.events.head:
                return
            await asyncio.sleep(0.005)


async def test_what_is_raised_and_what_is_over_is_told(tmp_path: Path) -> None:
    """With the catalogue's words and nothing of what the event says."""
    async with receiving() as receiver, kept(tmp_path) as there, hooked(there, receiver.url):
        await settled(there)
        await there.tell("alarm.store_full", "node", message="of Wang Wu, +8613800000001")
        await receiver.until(lambda: bool(receiver.told))
        await there.tell("store.has_space", "node")
        await receiver.until(lambda: len(receiver.told) > 1)
        assert [("alarm.store_full", "raised", "UNACKED"), ("alarm.store_full", "cleared", "RETURNED_UNACKED")] == receiver.told
        first = msgspec.json.decode(receiver.got[0][1])
        (alarm,) = first["alarms"]
        assert ("taicang", 1, "HIGH", "admin", None) == (
            first["node"],
            first["version"],
            alarm["priority"],
            alarm["owner"],
            alarm["cleared"],
        )
        assert CATALOGUE.kinds["alarm.store_full"].zh.title == alarm["zh"]["title"]
        assert b"Wang" not in b"".join(body for _, body in receiver.got)


async def test_it_is_signed_by_the_secret(tmp_path: Path) -> None:
    """HMAC-SHA-256 over the time and the body, in a header; without a secret there is none."""
    (tmp_path / "hook.secret").write_text("a secret of some length\n")
    async with receiving() as receiver, kept(tmp_path / "state") as there:
        await there.tell("alarm.store_full", "node")
        async with hooked(there, receiver.url, secret="hook.secret", base=tmp_path):
            await receiver.until(lambda: bool(receiver.got))
        headers, body = receiver.got[0]
        stamp, mark = (part.partition("=")[2] for part in headers["Fenghuo-Signature"].split(","))
        assert mark == hmac.new(b"a secret of some length", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert int(stamp) == int(there.clock.now)
        async with hooked(there, receiver.url):
            await receiver.until(lambda: len(receiver.got) > 1)
        assert "Fenghuo-Signature" not in receiver.got[1][0]


async def test_what_is_refused_is_told_again_until_it_is_taken(tmp_path: Path) -> None:
    """A refusal, a fault and a redirect, which is not followed, are all the same: it was not taken."""
    async with receiving() as receiver, kept(tmp_path) as there:
        receiver.answers.extend((503, 302, 403))
        async with hooked(there, receiver.url):
            await there.tell("alarm.store_full", "node")
            await receiver.until(lambda: bool(receiver.got))
        assert (3, 1) == (receiver.refused, len(receiver.told))


async def test_what_happened_while_the_receiver_was_away_is_told_as_it_is_by_then(tmp_path: Path) -> None:
    """Nothing piles up: an alarm that came and went is told once, that it is over."""
    async with receiving() as receiver, kept(tmp_path) as there:
        receiver.is_away = True
        async with hooked(there, receiver.url):
            await there.tell("alarm.store_full", "node")
            await receiver.until(lambda: receiver.refused > 0)
            await there.tell("store.has_space", "node")
            before = receiver.refused
            await receiver.until(lambda: receiver.refused > before + 1)  # the second of these was read after the end
            receiver.is_away = False
            await receiver.until(lambda: bool(receiver.got))
        assert [("alarm.store_full", "cleared", "RETURNED_UNACKED")] == receiver.told[:1]


async def test_a_restart_tells_what_was_told_to_nobody(tmp_path: Path) -> None:
    """Also that something is over that ended while nobody was there to tell it."""
    async with receiving() as receiver, kept(tmp_path) as there:
        async with hooked(there, receiver.url):
            await there.tell("alarm.store_full", "node")
            await there.tell("alarm.isolated", "road/a")
            await receiver.until(lambda: len(receiver.told) >= 2)
            await settled(there)
        receiver.got.clear()
        await there.tell("store.has_space", "node")
        await there.ack((await there.alarms())[0].id)
        async with hooked(there, receiver.url):
            await receiver.until(lambda: len(receiver.told) >= 2)
        assert {("alarm.store_full", "cleared", "NORMAL"), ("alarm.isolated", "raised", "UNACKED")} == set(receiver.told)


async def test_only_the_priorities_that_are_asked_for_are_told(tmp_path: Path) -> None:
    """What is of another class is left to the consoles."""
    async with receiving() as receiver, kept(tmp_path) as there:
        async with hooked(there, receiver.url, priorities=frozenset({AlarmPriority.HIGH})):
            await there.tell("alarm.isolated", "road/a")
            await there.tell("alarm.store_full", "node")
            await receiver.until(lambda: bool(receiver.told))
            await settled(there)
        assert {"alarm.store_full"} == {kind for kind, _, _ in receiver.told}


async def test_what_stands_is_told_again_after_the_time_that_is_set(tmp_path: Path) -> None:
    """A receiver that keeps nothing over its own restart learns of it anew."""
    async with receiving() as receiver, kept(tmp_path) as there:
        async with hooked(there, receiver.url, repeat_s=0.02):
            await there.tell("alarm.store_full", "node")
            await receiver.until(lambda: len(receiver.told) >= 3)
        assert {("alarm.store_full", "raised", "UNACKED")} == set(receiver.told)


@pytest.mark.peer
async def test_an_alertmanager_has_it_as_firing_and_then_as_over(tmp_path: Path) -> None:
    """It knows the alert again by its labels, and takes it from its list of active ones when it has ended."""
    async with Alertmanager(tmp_path) as peer, kept(tmp_path / "state") as there:
        there.clock.now = peer.now()
        async with hooked(there, f"{peer.url}/api/v2/alerts", form="alertmanager"), aiohttp.ClientSession() as session:
            await there.tell("alarm.store_full", "node", message="no room")
            (alert,) = await peer.until(session, lambda alerts: len(alerts) == 1)
            labels = {"alertname": "store_full", "job": "fenghuo", "node": "taicang", "subject": "node", "severity": "critical"}
            assert labels.items() <= alert["labels"].items()
            assert ("active", "The disk is full") == (alert["status"]["state"], alert["annotations"]["summary"])
            await there.tell("store.has_space", "node")
            await peer.until(session, lambda alerts: not alerts)
