"""The audit of a running daemon: a record for each command, and an alarm at the next start when somebody cut its end off."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
from pathlib import Path

import msgspec
import pytest

from fenghuo.store.disk import DATABASE
from fenghuo.store.tables import AUDIT, CENSUS
from tests.e2e.node import Node, Person, orders, sms
from tests.peers.smsc import Smsc
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.peer, pytest.mark.may_block("the test writes settings and reads the stopped store itself")]
WANG = Person("wang", msisdn="+8613800000001")


def cut_off(folder: Path, *, keep: int) -> None:
    """What somebody does who may write the file and knows its census."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as intruder:
        intruder.execute("DELETE FROM audit WHERE seq > ?", (keep,))
        census = CENSUS.decode(intruder.execute(CENSUS.get_sql, ("audit",)).fetchone())
        intruder.execute(CENSUS.update_sql, CENSUS.update_values(CENSUS.encode(msgspec.structs.replace(census, rows=keep))))
        intruder.commit()


def deeds(folder: Path) -> list[tuple[str, str, str]]:
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as reader:
        rows = [AUDIT.decode(raw) for raw in reader.execute(f"{AUDIT.select_sql} ORDER BY seq")]
    return [(row.actor, row.door, row.action) for row in rows]


async def verified(node: Node) -> tuple[int | None, str]:
    """`fenghuo log verify` as a person calls it."""
    words = ("-m", "fenghuo", "log", "verify", "--config", str(node.folder / "fenghuo.toml"))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_a_cut_off_audit_is_alarmed_at_the_next_start(tmp_path: Path) -> None:
    """Order, refused command, stop: all recorded. Two records less: exit 1 and an alarm that a person sees."""
    second = f'[audit]\nheads = ["file:{tmp_path / "second.heads"}"]\n'
    async with Smsc() as smsc, Node(tmp_path, channels={"sms": sms(smsc.port)}, persons=[WANG], rules=orders("sms"), extra=second) as node:
        assert 202 == (await node.order("wang", "撤离到沙溪中学"))[0]
        assert 403 == (await node.post("/api/v1/messages", {"to": ["wang"], "text": "x"}, who="anna"))[0]
        assert 0 == (await verified(node))[0]
        await node.kill(signal.SIGTERM)
        found = await asyncio.to_thread(deeds, tmp_path / "state")
        assert [("operator", "http", "accept"), ("anna", "http", "deny")] == [deed for deed in found if deed[1] == "http"]
        assert ("fenghuo", "", "stop") == found[-1]
        await asyncio.to_thread(cut_off, tmp_path / "state", keep=len(found) - 2)
        await node.start()
        events = await node.until("log.read", lambda page: any(event["type"] == "alarm.audit" for event in page["events"]))
        assert any("cut off" in str(event["body"]) for event in events["events"])
        code, words = await verified(node)
        assert 1 == code
        assert "the chain does NOT hold" in words
