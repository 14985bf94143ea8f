"""Coverage of the public on paper, and as an exit code."""

from __future__ import annotations

from typing import Any

from tests.core.cli.conftest import Shell

ESTIMATES = {"lower_pct": 89.54, "grouped_pct": 93.73, "independent_pct": 95.8, "upper_pct": 100.0}
TOWN = {"area": "nbs:320585104", "name": "璜泾镇", "people": 66_113, **ESTIMATES, "grouped_pct": 80.0}
GAP = {
    "area": "nbs:320585104200",
    "name": "新华村委会",
    "town": "璜泾镇",
    "people": 3_889,
    "left_out": 778,
    "grouped_pct": 80.0,
    "channels": ["ebs", "siren"],
}
FIGURE = {**ESTIMATES, "light": "red", "passes": False, "people": 241_113, "towns": [TOWN], "uncovered": [GAP]}
ANSWER: dict[str, Any] = {
    "potential": FIGURE,
    "assumption": "grouped: …",
    "gate": {"over_pct": 95.0, "town_pct": 90.0, "passes": False},
    "inventory": {"digest": "0123456789abcdef"},
    "says": ["what works now would reach 93.7 % (at least 89.5 %)"],
}


def test_who_is_left_out_is_a_line_and_an_exit_code(shell: Shell) -> None:
    """The estimates, what they rest on, the towns, the places under the floor; 1 where the gate fails."""
    shell.served.desk.answers["coverage"] = ANSWER
    ran = shell.run("coverage", "--lose", "cell:huangjing, mains:huangjing")
    assert ("coverage", {"alert": "", "lose": ["cell:huangjing", "mains:huangjing"]}) == shell.served.desk.asked[-1]
    assert (
        1,
        [
            "potential\t89.5\t93.7\t95.8\t100.0",
            "grouped: …; inventory 0123456789abcdef",
            "what works now would reach 93.7 % (at least 89.5 %)",
            "potential by town:",
            "nbs:320585104\t璜泾镇\t66113\t89.5\t80.0\t95.8\t100.0",
            "potential, places under the floor:",
            "nbs:320585104200\t新华村委会\t璜泾镇\t3889\t778\t80.0\tebs, siren",
        ],
    ) == (ran.code, ran.out.splitlines())
    assert ANSWER == shell.run("coverage", "--json").json


def test_of_an_alert_every_kind_is_shown_and_the_gate_is_of_what_works(shell: Shell) -> None:
    """0 where what works passes, however little is confirmed yet."""
    good = {**FIGURE, "passes": True, "uncovered": []}
    answer = {**ANSWER, "potential": good, "emitted": good, "device": FIGURE, "human": FIGURE, "gate": {"passes": True}}
    shell.served.desk.answers["coverage"] = answer
    ran = shell.run("coverage", "--alert", "#0042")
    assert ("coverage", {"alert": "#0042", "lose": []}) == shell.served.desk.asked[-1]
    assert (0, ["potential", "emitted", "device", "human"]) == (ran.code, [line.split("\t")[0] for line in ran.out.splitlines()[:4]])
