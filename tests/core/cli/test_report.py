"""`fenghuo report`: it goes to somebody, or is refused before there is an id."""

from __future__ import annotations

from typing import Any

import pytest

from fenghuo.cli.report import NOBODY
from tests.core.cli.conftest import Shell
from tests.core.desk_fake import Served


def planned(shell: Shell, served: Served, *objectives: dict[str, Any]) -> None:
    """What the rules would do with it; the screen is a channel like any other."""
    served.desk.answers["message.send"] = {"objectives": objectives, "id": "01R", "revision": 1, "state": "active", "verdicts": []}
    served.desk.answers["channel.ls"] = [{"name": "screen", "type": "post.screen"}, {"name": "link", "type": "radio.link"}]


def told(channel: str, recipients: int) -> dict[str, Any]:
    return {"rungs": [{"channels": [{"channel": channel, "recipients": recipients}]}]}


@pytest.mark.parametrize("objectives", [[], [told("link", 0)], [told("screen", 1)]])
def test_a_report_that_would_reach_nobody_is_refused(shell: Shell, served: Served, objectives: list[dict[str, Any]]) -> None:
    """No rule, nobody with an address, only our own screen: a sentence and 65, and nothing was sent."""
    planned(shell, served, *objectives)
    ran = shell.run("report", "--text", "已转移213人")
    assert (65, "", f"fenghuo: refused: {NOBODY} (at to)\n") == (ran.code, ran.out, ran.err)
    assert [True] == [args["dry_run"] for verb, args in served.desk.asked if verb == "message.send"]


def test_a_report_that_reaches_somebody_is_sent_once(shell: Shell, served: Served) -> None:
    """Whether the channel is up or not: the report waits for it."""
    planned(shell, served, told("screen", 1), told("link", 1))
    ran = shell.run("report", "--text", "已转移213人")
    assert (0, "01R revision 1 active\n") == (ran.code, ran.out)
    assert [True, False] == [args.get("dry_run", False) for verb, args in served.desk.asked if verb == "message.send"]
