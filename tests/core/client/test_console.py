"""The console for programs against a real front over a real socket."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from fenghuo import NotFound
from fenghuo.client.caller import CallFailed
from fenghuo.client.console import Console
from fenghuo.client.console_machine import Row
from fenghuo_console import fenghuo_front_types
from tests.plugins.http_fakes import FakeDesk, serving
from tests.scale import PATIENCE_S

(CONSOLE,) = fenghuo_front_types()
CHANNEL = {"name": "sms-a", "health": "up"}
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "console-protocol.md"


def _with_channel(desk: FakeDesk) -> None:
    desk.change("channel/sms-a", CHANNEL)
    desk.answers |= {"channel.disable": {"admin": "disabled"}, "queue.shed": NotFound("no delivery 7 is open"), "status": {"ready": True}}


async def test_a_program_watches_and_acts() -> None:
    """The whole state first, then each change; a command gives its data or says with a stable code why not."""
    async with (
        serving(CONSOLE, prepare=_with_channel) as (web, desk),
        Console(web.url, token="duty-token", topics=("channel",)) as console,
        asyncio.timeout(PATIENCE_S),
    ):
        changes = console.changes()
        assert {"channel/sms-a": Row(CHANNEL, 1)} == await anext(changes)
        assert (True, ("operator", "viewer")) == (console.is_live, console.rights)
        head = desk.change("channel/sms-a", {**CHANNEL, "health": "down"})
        assert {"channel/sms-a": Row({**CHANNEL, "health": "down"}, head)} == await anext(changes)
        assert {"admin": "disabled"} == await console.cmd("channel.disable", {"name": "sms-a"}, if_rev=head)
        assert {"ready": True} == await console.cmd("status", reads=True)
        with pytest.raises(CallFailed, match="no delivery 7") as refused:
            await console.cmd("queue.shed", {"id": 7})
        assert ("not-found", 0) == (refused.value.code, console.pending)
        keys = {verb: args["key"] for _, verb, args in desk.calls if "key" in args}
        assert ("", 32, 32) == (keys["status"], len(keys["channel.disable"]), len(keys["queue.shed"]))
        await changes.aclose()


async def test_a_command_outlives_its_line_and_is_sent_again_with_its_key() -> None:
    """The daemon goes while it is at work, and another stands in its place: the same press, the same key, one answer."""

    def held(desk: FakeDesk) -> None:
        desk.hold = asyncio.Event()

    seen: list[dict[str, Any]] = []

    def answer(args: dict[str, Any]) -> dict[str, bool]:
        seen.append(args)
        return {"done": True}

    def answering(desk: FakeDesk) -> None:
        desk.answers["slow"] = answer

    async with (
        serving(CONSOLE, prepare=held) as (web, _),
        Console(web.url, token="duty-token") as console,
        asyncio.timeout(PATIENCE_S),
    ):
        await console.live()
        asked = asyncio.create_task(console.cmd("slow", {"n": 1}))
        while not console.pending:
            await asyncio.sleep(0)
        await web.stop(asyncio.get_running_loop().time())
        async with serving(CONSOLE, prepare=answering, port=int(web.url.rpartition(":")[2])):
            assert {"done": True} == await asked
    assert [1] == [args["n"] for args in seen]


async def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/reference/console-protocol.md: what a reader copies does what it says."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    there: dict[str, Any] = {}
    exec(compile(code, PAGE.name, "exec"), there)
    async with serving(CONSOLE, prepare=_with_channel) as (web, desk), asyncio.timeout(PATIENCE_S):
        watching = asyncio.create_task(there["keep_an_eye_on"](web.url, "duty-token"))
        while not any(verb == "state" for _, verb, _ in desk.calls):
            await asyncio.sleep(0.01)
        head = desk.change("channel/sms-a", {**CHANNEL, "health": "down", "admin": "enabled"})
        await watching
    (args,) = [args for _, verb, args in desk.calls if verb == "channel.disable"]
    assert ("sms-a", head, True) == (args["name"], args["if_rev"], "sms-a is out of use\n" in capsys.readouterr().out)


async def test_a_token_that_nobody_issued_is_told_so() -> None:
    """It is not tried for ever, and whoever waits for an answer hears it too."""
    async with serving(CONSOLE) as (web, _), Console(web.url, token="wrong") as console, asyncio.timeout(PATIENCE_S):
        with pytest.raises(CallFailed, match="does not know this token"):
            await console.live()
