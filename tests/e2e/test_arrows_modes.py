"""What a mode, radio silence and the operator's policy hold back, and what lets it go: through the running daemon and its death."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.node import Node, Person, orders
from tests.e2e.standing import alarms, events, sent, stands
from tests.peers.pager import Pager

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(60), pytest.mark.usefixtures("paging")]

WANG, LI, ZHAO, SUN = (Person(name, f"+861380000000{n}") for n, name in enumerate(("wang", "li", "zhao", "sun"), 1))
PROFILES = {
    "isolated.toml": """
axis = "network"
mode = "isolated"
[automatic]
shed = ["P4"]
[declared]
shed = ["P3"]
silence = ["quiet"]
inhibit = ["shut"]
""",
    "degraded.toml": """
axis = "network"
mode = "degraded"
[automatic]
enable = ["spare"]
""",
}


async def test_what_a_mode_silence_or_policy_holds_back_goes_when_that_is_over(tmp_path: Path) -> None:
    """HELD(mode), HELD(silence) and HELD(policy), each judged by its peer: nothing comes while it stands, one page each after it; a P0 over
    an inhibited channel waits, over a silent one it goes. A kill -9 in between ends no declaration; its time does."""
    async with Pager() as plain, Pager() as quiet, Pager() as spare, Pager() as shut:
        ways = {
            "plain": plain.channel(),
            "quiet": quiet.channel(),
            "spare": {**spare.channel(), "admin": "standby"},
            "shut": shut.channel(),
        }
        async with _node(tmp_path, ways) as node:
            await node.channels_up(*ways)
            await node.ask("mode.declare", axis="network", mode="isolated", reason="台风", lasts_s=3600)
            shed = await sent(node, "wang", via=["plain"], priority="P3")
            silent = await sent(node, "li", via=["quiet"], priority="P1")
            kept = await sent(node, "zhao", via=["spare"], priority="P1")
            barred = await sent(node, "sun", via=["shut"], priority="P0")
            urgent = await sent(node, "li", "上堤", via=["quiet"], priority="P0")
            await stands(node, urgent, "quiet", "MET")
            held = {(shed, "plain"): "mode", (silent, "quiet"): "silence", (kept, "spare"): "policy", (barred, "shut"): "mode"}
            for (message, channel), reason in held.items():
                await stands(node, message, channel, "HELD", reason)
            await node.restart()
            await node.channels_up(*ways)
            for (message, channel), reason in held.items():
                await stands(node, message, channel, "HELD", reason)
            assert [[], [LI.msisdn], [], []] == [[page.to for page in one.pages] for one in (plain, quiet, spare, shut)]
            await node.ask("mode.declare", axis="network", mode="degraded", reason="光缆已通", lasts_s=3600)
            for message, channel in held:
                await stands(node, message, channel, "MET")
            await node.ask("mode.declare", axis="network", mode="isolated", reason="演练", lasts_s=1)
            brief = await sent(node, "wang", "领沙袋", via=["plain"], priority="P3")
            await stands(node, brief, "plain", "MET")  # nobody ends it: its time does
            moves = [move for event in await events(node, "mode.replanned") for move in event["body"]["moves"]]
            assert "alarm.all_channels_down" in await alarms(node)
        told = [[page.to for page in one.pages] for one in (plain, quiet, spare, shut)]
        assert [[WANG.msisdn] * 2, [LI.msisdn] * 2, [ZHAO.msisdn], [SUN.msisdn]] == told
        assert {(move["before"], move["after"], move["why"]) for move in moves} >= {
            ("held (mode)", "plain", "no mode keeps it back any more"),
            ("held (silence)", "quiet", "no mode keeps it back any more"),
            ("held (policy)", "spare", "spare is enabled"),
            ("held (mode)", "shut", "no mode keeps it back any more"),
        }


def _node(folder: Path, ways: dict[str, dict[str, object]]) -> Node:
    node = Node(folder, channels=ways, persons=[WANG, LI, ZHAO, SUN], rules=orders(*ways))
    (folder / "modes").mkdir()
    for name, text in PROFILES.items():
        (folder / "modes" / name).write_text(text, encoding="utf-8")
    settings = folder / "fenghuo.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("[node]\n", '[node]\nmodes = "modes"\n', 1), encoding="utf-8")
    return node
