"""The endpoint's terminal: what is shown, and what a keyed line means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fenghuo.cli.endpoint import keyed, slip, take
from fenghuo.client.caller import Caller, CallFailed
from tests.core.cli.conftest import Shell

ROW = {
    "number": 70,
    "priority": "P1",
    "accepted": "2026-07-15T00:00:00.000Z",
    "source": "post:BJ1CMD",
    "text": "请立即转移",
    "evidence": "DEVICE",
    "clock": "ntp",
}


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("0070\n", ("0070", "", False)),
        ("收到#70\n", ("70", "", False)),
        ("y 70 已到岗\n", ("70", "已到岗", False)),
        ("完成0070 已转移213人\n", ("0070", "已转移213人", True)),
        ("DONE 70", ("70", "", True)),
        ("\n", None),
        ("q\n", None),
        ("００７０　已到岗\n", ("0070", "已到岗", False)),
        ("收到＃70，已到岗", ("70", "已到岗", False)),
        ("70: on our way", ("70", "on our way", False)),
        ("94331\n", None),
        ("12人受伤\n", None),
        ("12.5米", None),
        ("12、13号到", None),
        ("70已到岗", None),
        ("12:30 到", None),
    ],
)
def test_a_keyed_line_is_a_receipt_for_the_number_in_it(line: str, meant: tuple[str, str, bool] | None) -> None:
    """A number is enough; a word before it says whether it is done; the rest is what the person says. A figure of a text is no number."""
    assert meant == keyed(line)


@pytest.mark.parametrize(("lang", "says"), [("zh", "? 没有编号 0012 的信息，未签收\n"), ("en", "? no message is known as 0012\n")])
def test_why_nothing_was_taken_is_said_in_the_language_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str, says: str
) -> None:
    """Of a number that is none here, and of what is no number at all."""
    monkeypatch.setenv("FENGHUO_LANG", lang)
    take(_knows_nothing(), "0012\n")
    take(_knows_nothing(), "12人受伤\n")
    first, second = capsys.readouterr().err.splitlines(keepends=True)
    assert (says, True) == (first, ("编号" in second) is (lang == "zh"))


class _KnowsNothing:
    """A daemon that has no such message."""

    def call(self, do: str, **args: Any) -> Any:
        raise CallFailed("not-found", f"no message is known as {args['id']}")

    def follow(self, after: int, *, epoch: str = "", silence_s: float | None = None) -> Iterator[dict[str, Any]]:
        return iter(())


def _knows_nothing() -> Caller:
    return _KnowsNothing()


def test_a_slip_says_number_urgency_sender_and_text() -> None:
    """What a line printer or an SSH session shows of a message."""
    lines = slip(ROW).split("\n")
    assert ("#0070 P1 07-15 08:00:00 post:BJ1CMD", "请立即转移") == (lines[1], lines[2])


def test_a_slip_says_when_its_time_is_not_to_be_trusted() -> None:
    """Nobody vouches for the clock: what could not be judged by it may be old."""
    assert "#0070 P1 07-15 08:00:00 时钟未校准，时间不可信 post:BJ1CMD" == slip({**ROW, "clock": "freerun"}).split("\n")[1]


def test_a_text_cannot_repaint_the_terminal() -> None:
    """Escape sequences of a sender are shown, not obeyed."""
    assert "\x1b" not in slip({**ROW, "text": "\x1b[2J请"})


def test_what_was_answered_says_so() -> None:
    """Whoever comes to the terminal sees that a colleague has it."""
    assert "[HUMAN]" in slip({**ROW, "evidence": "HUMAN"})


@pytest.mark.parametrize("role", ["", 'role = "centre"\n'])
def test_settings_of_another_role_are_no_endpoint(shell: Shell, tmp_path: Path, role: str) -> None:
    """A centre under this name would have no screen: said before anything is opened, as a fault of the settings."""
    (tmp_path / "fenghuo.toml").write_text(f'[node]\nname = "n"\n{role}')
    ran = shell.run("endpoint", "serve", "--config", str(tmp_path / "fenghuo.toml"))
    says = 'fenghuo.toml: node.role is not "endpoint"; write role = "endpoint" under [node], or run what it is by `fenghuo serve`\n'
    assert (78, says) == (ran.code, ran.err)
