"""`fenghuo shift …`."""

from __future__ import annotations

from pathlib import Path

from tests.core.cli.conftest import Shell

ZHANG = {
    "id": "5e55105e5510",
    "person": "zhang",
    "role": "duty_officer",
    "post": "",
    "state": "on",
    "from": "2026-11-24T00:00:00.000Z",
    "until": "2026-11-24T12:00:00.000Z",
    "began": "2026-11-24T00:01:00.000Z",
}
SHEET = {"at": "2026-11-24T12:00:00.000Z", "note": "泵站三号还在抢修", "waiting_for_release": [{"id": "M1"}], "alarms": None}


def test_who_is_on_duty_is_listed_and_a_gap_is_a_negative_answer(shell: Shell) -> None:
    """In local time; exit 1 while a role has nobody."""
    gap = {"role": "duty_leader", "from": "2026-11-24T12:00:00.000Z", "until": "2026-11-24T14:00:00.000Z"}
    shell.served.desk.answers["shift.ls"] = {"shifts": [ZHANG], "gaps": [gap], "required": ["duty_leader"]}
    said = shell.run("shift", "ls")
    line = "5e55105e5510\tzhang\tduty_officer\t-\ton\t11-24 08:00:00\t11-24 20:00:00\t11-24 08:01:00"
    assert [line, "nobody is on duty as duty_leader from 11-24 20:00:00 until 11-24 22:00:00"] == said.out.splitlines()
    assert 1 == said.code


def test_a_roster_is_sent_and_its_faults_are_told(shell: Shell, tmp_path: Path) -> None:
    """Exit 65 with a fault; a file that is not there is none."""
    (tmp_path / "roster.csv").write_text("person,role,from,until\n", encoding="utf-8")
    shell.served.desk.answers["shift.roster"] = {"planned": 0, "in_force": False, "faults": ["roster.csv, line 2"], "notes": []}
    said = shell.run("shift", "roster", str(tmp_path / "roster.csv"), "--dry-run")
    assert (["0 shifts, nothing changed"], 65) == (said.out.splitlines(), said.code)
    assert [("shift.roster", {"csv": "person,role,from,until\n", "dry_run": True})] == shell.served.desk.asked
    assert 65 == shell.run("shift", "roster", str(tmp_path / "none.csv")).code


def test_a_person_proves_who_they_are_with_the_act(shell: Shell) -> None:
    """Password and code come by standard input; the sheet is shown with what signs it."""
    desk = shell.served.desk
    desk.answers |= {f"shift.{verb}": ZHANG for verb in ("start", "sign", "end")}
    desk.answers["shift.handover"] = {"id": "5e55105e5510", "digest": "d1", "sheet": SHEET}
    desk.answers["shift.sheet"] = {"digest": "d1", "signed_by": "", "sheet": SHEET}
    proof = {"name": "zhang", "password": "Tide-table 4711", "code": "123456"}
    typed = b"Tide-table 4711\n123456\n"
    on = "zhang is on as duty_officer, until 11-24 20:00:00 (shift 5e55105e5510)"
    assert on == shell.run("shift", "start", "zhang", "--role", "duty_officer", stdin=typed).out.strip()
    said = shell.run("shift", "handover", "zhang", "--note", "x", stdin=typed).out.splitlines()
    assert ["note:", "  泵站三号还在抢修", "waiting for release: 1:", '  {"id": "M1"}'] == said[2:6]
    assert "the next one signs this: fenghuo shift sign NAME 5e55105e5510 d1" == said[-1]
    assert "not signed yet; its digest is d1" == shell.run("shift", "sheet", "5e55105e5510").out.splitlines()[-1]
    assert on == shell.run("shift", "sign", "zhang", "5e55105e5510", "d1", stdin=typed).out.strip()
    assert ZHANG == shell.run("shift", "end", "zhang", "--reason", "回家", "--json", stdin=typed).json
    assert [
        ("shift.start", {"id": "", "role": "duty_officer", **proof}),
        ("shift.handover", {"id": "", "note": "x", **proof}),
        ("shift.sheet", {"id": "5e55105e5510"}),
        ("shift.sign", {"id": "5e55105e5510", "digest": "d1", **proof}),
        ("shift.end", {"id": "", "reason": "回家", **proof}),
    ] == desk.asked
