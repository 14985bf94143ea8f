"""fenghuo runner: sheets that are out, and codes that are typed or scanned."""

from __future__ import annotations

from typing import Any

from fenghuo.errors import FormatError, NotFound
from tests.core.cli.conftest import Shell

LINE: dict[str, Any] = {
    "code": "BRZR-1EK5",
    "message": "01M",
    "recipient": "wang",
    "place": "洪泾村",
    "channel": "runner",
    "priority": "P1",
    "state": "AWAITING",
    "evidence": "RELAYED",
    "by": "王建国",
    "at": "2026-11-24T20:15:00+08:00",
}
SAID = {"code": "BRZR-1EK5", "delivery": 7, "message": "01M", "recipient": "wang", "place": "洪泾村", "level": "HUMAN", "by": "李四"}


def test_what_is_out_is_a_table_for_people_and_json_for_scripts(shell: Shell) -> None:
    """With whoever had it last, and when."""
    shell.served.desk.answers["sheet.ls"] = [LINE]
    assert "BRZR-1EK5\tP1\t洪泾村\twang\tRELAYED\t王建国\t11-24 20:15:00\n" == shell.run("runner", "ls").out
    assert [LINE] == shell.run("runner", "ls", "--all", "--json").json
    assert [{"all": False}, {"all": True}] == [args for _, args in shell.served.desk.asked]


def test_a_code_is_typed_with_who_took_it(shell: Shell) -> None:
    """The level is the word of the command."""
    shell.served.desk.answers["sheet.receipt"] = SAID
    assert "BRZR-1EK5 洪泾村: HUMAN, 李四\n" == shell.run("runner", "receipt", "BRZR-1EK5", "--by", "李四").out
    shell.run("runner", "receipt", "BRZR-1EK5", "--by", "李四", "--done", "--text", "12/14户")
    assert SAID == shell.run("runner", "take", "BRZR-1EK5", "--by", "王五", "--json").json
    assert [("李四", "read", ""), ("李四", "done", "12/14户"), ("王五", "taken", "")] == [
        (args["by"], args["level"], args["text"]) for _, args in shell.served.desk.asked
    ]


def test_a_sheet_for_many_says_who_was_missed_and_how_many_were_met(shell: Shell) -> None:
    """Numbers or places, each by an option of its own."""
    shell.served.desk.answers["sheet.receipt"] = {**SAID, "delivery": None, "place": "page/1/0", "recipient": "12 of 14 households"}
    words = ("runner", "receipt", "BRZR-1EK5", "--by", "李四", "--missed", "3", "--missed", "洪泾村7组")
    assert "BRZR-1EK5 12 of 14 households: HUMAN, 李四\n" == shell.run(*words).out
    assert [["3", "洪泾村7组"]] == [list(args["missed"]) for _, args in shell.served.desk.asked]


def test_a_scanner_types_line_by_line_and_a_bad_line_stops_nothing(shell: Shell) -> None:
    """Each line is answered; the exit says that one was refused."""

    async def answer(args: dict[str, Any]) -> dict[str, Any]:
        if args["code"].strip() != "FH1:BRZR1EK5":
            raise NotFound("no sheet of this node bears the code 0000-0000")
        return SAID

    shell.served.desk.answers["sheet.receipt"] = answer
    ran = shell.run("runner", "receipt", "--by", "李四", stdin=b"FH1:BRZR1EK5\n\n0000-0000\nFH1:BRZR1EK5\n")
    assert (1, 2) == (ran.code, ran.out.count("HUMAN, 李四"))
    assert "? no sheet of this node bears the code 0000-0000\n" == ran.err


def test_a_slip_ends_with_the_code_of_bad_data(shell: Shell) -> None:
    """And the sentence of the daemon."""
    shell.served.desk.answers["sheet.receipt"] = FormatError("the code BRZR-1EK6 does not fit together", code="bad-code")
    ran = shell.run("runner", "receipt", "BRZR-1EK6", "--by", "李四")
    assert (65, True) == (ran.code, "does not fit together" in ran.err)
    assert 2 == shell.run("runner", "receipt", "BRZR-1EK5").code
