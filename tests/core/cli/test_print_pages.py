"""fenghuo print: pages that programs of other authors read as people and scanners do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.core.cli.conftest import Shell
from tests.peers.paper import symbols, words

AT = "2026-11-26T19:00:00.000Z"
ID = "01M8CKV70PG0509B3Z5FRR01WD"
BOARD: dict[str, Any] = {
    "at": AT,
    "node": "太仓",
    "clock": "ntp",
    "by": "zhang",
    "messages": [
        {"id": ID, "number": 9387, "priority": "P1", "state": "active", "traffic": "Actual", "headline": "港区液氨泄漏", "expires": AT}
    ],
    "objectives": [{"message": ID, "audience": "灾害信息员", "met": 1, "total": 2, "needed": "DEVICE", "deadline": AT}],
    "alarms": [{"priority": "HIGH", "kind": "alarm.channel_down", "subject": "channel/sms", "state": "UNACKED", "raised": AT}],
    "duty": {"shifts": [{"person": "li", "role": "duty_officer", "post": "太仓", "from": AT, "until": AT}]},
    "channels": [{"name": "sms", "health": "down", "admin": "enabled", "since": AT, "reason": "the line is cut"}],
    "modes": {"stands": [{"axis": "power", "place": "", "mode": "on_backup", "since": AT}]},
    "outages": [],
    "network": [],
    "recipients": [
        {"name": "王", "orders": [{"number": 12, "headline": "到岗", "evidence": "AIRED"}], "checkin": {"due": AT}},
    ],
    "sheets": None,
    "status": {},
    "missing": {"sheets": "this node prints no sheets"},
}


def test_the_board_is_read_by_people_and_each_id_by_a_scanner(shell: Shell, tmp_path: Path) -> None:
    """What is open, with the time of the data; nothing below DEVICE is called delivered; what is missing says why."""
    shell.served.desk.answers["board.show"] = BOARD
    out = tmp_path / "board.pdf"
    ran = shell.run("print", "board", "--out", str(out))
    assert (0, f"{out}: {out.stat().st_size} octets\n") == (ran.code, ran.err)
    said = words(out)
    for part in (
        "港区液氨泄漏",
        "11-27 03:00:00",
        "灾害信息员 1/2 已送达终端",
        "故障 启用",
        "王",
        "已发出",
        "duty_officer",
        "没有：sheets",
    ):
        assert part in said
    assert {ID} == symbols(out)


def test_forms_are_blank_and_need_no_daemon(shell: Shell, tmp_path: Path) -> None:
    """One on each page, each with both times; the same octets each time."""
    first = shell.run("print", "forms", "--out", str(tmp_path / "a.pdf")), shell.run("print", "forms", "--out", str(tmp_path / "b.pdf"))
    assert [0, 0] == [ran.code for ran in first]
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    said = words(tmp_path / "a.pdf")
    assert [3, 3] == [said.count("发生时间"), said.count("录入时间")]
    assert [] == shell.served.desk.asked


def test_what_cannot_be_written_or_read_says_so(shell: Shell, tmp_path: Path) -> None:
    """73 for the file, 65 for the font."""
    shell.served.desk.answers["board.show"] = BOARD
    ran = shell.run("print", "forms", "--out", str(tmp_path / "no" / "a.pdf"))
    assert (73, True) == (ran.code, "a.pdf cannot be written" in ran.err)
    ran = shell.run("print", "board", "--font", "/no/such.ttf")
    assert (65, True) == (ran.code, "font: /no/such.ttf is no file" in ran.err)


def test_a_pdf_goes_into_a_pipe(shell: Shell) -> None:
    """As lp takes it."""
    assert shell.run("print", "forms").out.startswith("%PDF-1.")
