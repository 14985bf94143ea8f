"""`fenghuo rollcall` and `fenghuo directory proven` on paper."""

from __future__ import annotations

from typing import Any

from tests.core.cli.conftest import Shell

CALLS = [
    {"channel": "sms-a", "message": "01A", "state": "active", "why": ""},
    {"channel": "radio", "message": "01R", "state": "active", "why": ""},
]


def line(recipient: str, channel: str, evidence: str, state: str = "MET", **more: Any) -> dict[str, Any]:
    answered = "2026-11-24T12:20:00.000Z" if evidence in ("DEVICE", "HUMAN") else None
    usual = {"message": "01A", "name": f"示例·{recipient}", "answered": answered, "answered_by": channel if answered else None}
    return {"recipient": recipient, "channel": channel, "evidence": evidence, "state": state, **usual, **more}


def called(shell: Shell, *lines: dict[str, Any], calls: list[dict[str, Any]] = CALLS) -> None:
    shell.served.desk.answers["rollcall.call"] = {"calls": calls, "needed": "HUMAN", "until": "2026-11-24T12:22:00.000Z"}
    shell.served.desk.answers["rollcall.show"] = list(lines)


def test_a_roll_call_says_who_answered_on_which_bearer(shell: Shell) -> None:
    """A person who answered on one of two is present; the exit code says that everybody is."""
    called(shell, line("wang", "sms-a", "ACCEPTED", "EXPIRED"), line("wang", "radio", "HUMAN"))
    ran = shell.run("rollcall", "person:wang", "--via", "sms-a", "--via", "radio")
    assert 0 == ran.code
    assert "1 of 1 answered" == ran.out.splitlines()[-1]
    assert ["radio", "HUMAN"] == ran.out.splitlines()[1].split()[1:3]
    _, args = next(asked for asked in shell.served.desk.asked if asked[0] == "rollcall.call")
    assert (["person:wang"], ["sms-a", "radio"], "HUMAN", "Actual", 120.0) == tuple(
        args[name] for name in ("to", "via", "needed", "traffic", "wait_s")
    )


def test_whoever_is_absent_is_named_and_the_exit_code_says_so(shell: Shell) -> None:
    """On no bearer at all; a device that has it is no person who answered."""
    called(shell, line("wang", "sms-a", "DEVICE", "EXPIRED"), line("li", "radio", "HUMAN"))
    ran = shell.run("rollcall", "wang", "li", "--json")
    assert (1, ["wang"]) == (ran.code, ran.json["absent"])
    assert 0 == shell.run("rollcall", "wang", "li", "--needed", "DEVICE").code


def test_a_refused_call_is_told(shell: Shell) -> None:
    """Nobody was called, and why."""
    called(shell, calls=[{"channel": "sms-a", "message": None, "state": "refused", "why": "no such priority"}])
    ran = shell.run("rollcall", "wang", "--via", "sms-a")
    assert (1, "not called over sms-a: no such priority\n") == (ran.code, ran.err)


def test_a_dry_run_calls_nobody_and_shows_the_plans(shell: Shell) -> None:
    """For each channel its own."""
    plan = {"objectives": [{"audience": "as addressed", "recipients": ["wang"]}], "left_out": []}
    plans = [{"channel": channel, "plan": plan} for channel in ("sms-a", "radio")]
    shell.served.desk.answers["rollcall.call"] = {"calls": [], "needed": "HUMAN", "until": None, "plans": plans}
    ran = shell.run("rollcall", "wang", "--via", "sms-a", "--via", "radio", "--dry-run")
    assert (0, ["over sms-a:", "over radio:"]) == (ran.code, [told for told in ran.out.splitlines() if told.startswith("over")])
    assert 2 == ran.out.count("as addressed")
    assert [True] == [args["dry_run"] for verb, args in shell.served.desk.asked if verb == "rollcall.call"]
    assert plans == shell.run("rollcall", "wang", "--dry-run", "--json").json["plans"]


def test_the_ledger_is_a_table(shell: Shell) -> None:
    """One line for each way, in the order of the desk, narrowed as asked."""
    row = {"recipient": "wang", "name": "示例·wang", "channel": "sms-a", "age": "amber", "proven": None, "level": None, "chance": 0.95}
    shell.served.desk.answers["directory.proven"] = [row]
    ran = shell.run("directory", "proven", "--age", "amber")
    assert ["wang", "示例·wang", "sms-a", "amber"] == ran.out.splitlines()[0].split()[:4]
    assert ("directory.proven", {"age": "amber"}) in shell.served.desk.asked
    assert [row] == shell.run("directory", "proven", "--json").json
