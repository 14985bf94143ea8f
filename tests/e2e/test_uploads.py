"""Uploads that no message names, on a running daemon that is killed: what is in the store and what the events and the audit say."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fenghuo.store.disk import DATABASE
from tests.e2e.node import Node, Person, orders

pytestmark = [pytest.mark.e2e, pytest.mark.may_block]

NO_TIME = "\n[intake]\nattachments_wait_h = 0.000001\n"


def _blobs(node: Node) -> set[str]:
    with closing(sqlite3.connect(f"file:{node.folder}/state/{DATABASE}?mode=ro", uri=True)) as read:
        return {digest for (digest,) in read.execute("SELECT hash FROM blob")}


async def test_an_upload_that_nobody_names_goes_after_its_time_also_when_the_daemon_was_killed(tmp_path: Path) -> None:
    """Two uploads, one of them named, and kill -9. The next process removes the other one, tells it once and audits it; a message that
    comes with it afterwards is refused as one whose picture was never uploaded."""
    nowhere = {"net": {"type": "http.webhook", "settings": {"url": "http://127.0.0.1:9/"}}}
    async with Node(tmp_path, channels=nowhere, persons=[Person("p", url="http://p/")], rules=orders("net")) as node:
        named, left = [(await node.ask("attachment.put", raw=octets))["digest"] for octets in (b"named", b"left")]
        status, _ = await node.order("person:p", "险情", attachments=[{"digest": named}])
        assert (202, {named, left}) == (status, _blobs(node))
        await node.kill()
        with (tmp_path / "fenghuo.toml").open("a") as settings:
            settings.write(NO_TIME)
        await node.start()
        events = await node.until("log.read", lambda found: any(one["type"] == "attachment.expired" for one in found["events"]))
        told = [one for one in events["events"] if one["type"] == "attachment.expired"]
        assert ([f"blob/{left}"], {named}) == ([one["subject"] for one in told], _blobs(node))
        status, refused = await node.order("person:p", "险情", attachments=[{"digest": left}])
        assert (422, True) == (status, "attachment-unknown" in str(refused))
        assert (await node.ask("audit.verify"))["ok"]
