"""The command line against the real daemon: the shapes that scripts rely on, the spool, the log, and exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import Node, Person, orders, sms
from tests.scale import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60)]

RULES = orders("sms")
CHANNEL_KEYS = {"name", "type", "admin", "health", "evidence_max", "risk_groups", "medium", "queued"}
STATUS_KEYS = {"version", "since", "ready", "channels", "queued", "open_objectives", "clock_quality"}
SUBMIT_KEYS = {"id", "revision", "state", "verdicts", "repairs"}
SHOW_KEYS = {"id", "kind", "traffic", "priority", "state", "objectives"}
OBJECTIVE_KEYS = {"audience", "needed", "evidence", "state", "deadline", "deliveries"}
DELIVERY_KEYS = {"recipient", "channel", "state", "evidence", "attempts"}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A daemon whose one SMS centre is not there: orders are kept and wait."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        persons = [Person("wang", "+8613800000001")]
        channels = {"sms": sms(closed.getsockname()[1])}
        extra = '[intake]\nspool = "spool"\n[tokens.spool]\nfile = "state/spool.token"\ngenerate = true\nrights = ["source"]\n'
        async with Node(tmp_path, channels=channels, persons=persons, rules=RULES, extra=extra) as node:
            yield node


async def fenghuo(node: Node, *words: str, stdin: bytes = b"") -> tuple[int, str]:
    """Run the command as a shell would; (exit code, stdout)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fenghuo",
        "--config",
        str(node.folder / "fenghuo.toml"),
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, _ = await process.communicate(stdin)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def answer(node: Node, *words: str) -> Any:
    code, out = await fenghuo(node, *words, "--json")
    assert code == 0, out
    return json.loads(out)


async def test_the_shapes_that_scripts_rely_on(node: Node) -> None:
    """status, channel ls, send and alert show have at least the keys that are promised, from the daemon to the screen."""
    assert set(await answer(node, "status")) >= STATUS_KEYS
    (channel,) = await answer(node, "channel", "ls")
    assert set(channel) >= CHANNEL_KEYS
    sent = await answer(node, "send", "--to", "person:wang", "--text", "撤离", "--prio", "P1")
    assert set(sent) >= SUBMIT_KEYS
    await node.until("message.show", lambda shown: shown["objectives"] and shown["objectives"][0]["deliveries"], id=sent["id"])
    shown = await answer(node, "alert", "show", sent["id"])
    assert set(shown) >= SHOW_KEYS
    assert set(shown["objectives"][0]) >= OBJECTIVE_KEYS
    assert set(shown["objectives"][0]["deliveries"][0]) >= DELIVERY_KEYS
    forms = {form["form"]: form for form in (await answer(node, "alert", "preview", sent["id"]))["forms"]}
    assert (f"撤离 收到请回复 收到#{shown['number']:04d}", "撤离。") == (forms["sms"]["text"], forms["loudspeaker"]["text"][-3:])
    (cost,) = forms["sms"]["channels"]
    assert ("sms", None, "the channel is not started") == (cost["channel"], cost["parts"], cost["why_not"][:26])


async def test_a_refused_alert_and_a_wait_in_vain(node: Node) -> None:
    """A DOCTYPE ends with 65, a wait without an SMS centre with 1, a cancelled channel with 0."""
    code, out = await fenghuo(node, "alert", "submit", "-", "--json", stdin=b"<!DOCTYPE a><a/>")
    assert (code, json.loads(out)["state"]) == (65, "refused")
    assert (await fenghuo(node, "send", "--to", "person:wang", "--text", "x", "--wait", "0.5"))[0] == 1
    assert (await answer(node, "channel", "disable", "sms", "--reason", "test"))["admin"] == "disabled"


async def test_the_log_goes_on_from_its_cursor(node: Node) -> None:
    """What is read after the last cursor is exactly what came since."""
    await answer(node, "send", "--to", "person:wang", "--text", "one")
    _, out = await fenghuo(node, "log", "--jsonl")
    cursor = json.loads(out.splitlines()[-1])["cursor"]
    sent = await answer(node, "send", "--to", "person:wang", "--text", "two")
    _, out = await fenghuo(node, "log", "--jsonl", "--after-cursor", cursor)
    seen = [json.loads(line) for line in out.splitlines()]
    assert f"message/{sent['id']}" in {event["subject"] for event in seen if event["type"] == "message.accepted"}
    assert [event["seq"] for event in seen] == list(range(seen[0]["seq"], seen[0]["seq"] + len(seen)))


async def test_the_spool_folder_is_a_way_in(node: Node) -> None:
    """A file put into the spool folder lies in accepted/ or refused/ a moment later."""
    (node.folder / "spool" / ".new").write_bytes(b"<!DOCTYPE a><a/>")
    (node.folder / "spool" / ".new").rename(node.folder / "spool" / "bad.xml")
    async with asyncio.timeout(PATIENCE_S):
        while not (node.folder / "spool" / "refused" / "bad.xml").exists():
            await asyncio.sleep(0.02)
    assert (node.folder / "spool" / "refused" / "bad.xml.txt").read_text()


async def test_a_backup_can_be_checked_and_restored(node: Node) -> None:
    """A backup of the running daemon is restored with the daemon stopped, and it serves again from there."""
    kept = await answer(node, "send", "--to", "person:wang", "--text", "kept")
    await answer(node, "db", "backup", str(node.folder / "backup.sqlite"))
    assert (await fenghuo(node, "db", "fsck"))[0] == 75
    lost = await answer(node, "send", "--to", "person:wang", "--text", "after the backup")
    await node.kill()
    assert (await answer(node, "db", "fsck"))["ok"]
    assert (await fenghuo(node, "db", "restore", str(node.folder / "backup.sqlite")))[0] == 0
    await node.start()
    assert (await fenghuo(node, "alert", "show", kept["id"]))[0] == 0
    assert (await fenghuo(node, "alert", "show", lost["id"]))[0] == 1
