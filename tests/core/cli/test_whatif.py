"""Who would be cut off, on paper and as an exit code."""

from __future__ import annotations

import pytest

from tests.core.cli.conftest import Shell

POINT = {
    "name": "mains:hq",
    "channels": ["sms", "radio"],
    "count": 2,
    "recipients": ["wang", "li"],
    "rules": ["orders"],
    "says": "mains:hq takes sms, radio, and alone cuts off 2: wang, li (rules: orders)",
}
LOST = {
    "lose": ["cell:opA", "roof:hq"],
    "count": 1,
    "lost": [{"recipient": "wang", "rule": "orders", "channels": ["sms"], "through": [], "says": "wang (orders) has sms; only together"}],
    "already": [],
    "alone": [],
    "rules": [],
    "says": ["without cell:opA, roof:hq 1 cannot be reached any more: wang"],
}


def test_single_points_are_lines_and_an_exit_code(shell: Shell) -> None:
    """A script sees at once whether there is one."""
    answer = {"single_points": [POINT], "already": [], "says": []}
    shell.served.desk.answers["whatif"] = answer
    ran = shell.run("whatif")
    assert (1, f"{POINT['says']}\n") == (ran.code, ran.out)
    assert ("whatif", {"lose": []}) == shell.served.desk.asked[-1]
    assert answer == shell.run("whatif", "--json").json


def test_nothing_to_fear_is_said(shell: Shell) -> None:
    """An empty answer would look like a failure."""
    shell.served.desk.answers["whatif"] = {"single_points": [], "already": [], "says": []}
    ran = shell.run("whatif")
    assert (0, "nothing cuts anybody off by itself\n") == (ran.code, ran.out)


@pytest.mark.parametrize("answer", [{"single_points": []}, {**LOST, "count": 0, "lost": []}])
def test_who_is_cut_off_already_is_no_good_news(shell: Shell, answer: dict[str, object]) -> None:
    """With every channel down nothing can cut off anybody any more: it is said whom, and a script stops, whatever was asked."""
    says = ["1 have no usable channel even now: wang"]
    shell.served.desk.answers["whatif"] = {**answer, "already": [{"recipient": "wang", "rule": "orders"}], "says": says}
    for asked in (("whatif",), ("whatif", "--json")):
        ran = shell.run(*asked, *(("--lose", "a") if "lose" in answer else ()))
        assert (1, True) == (ran.code, says[0] in ran.out)
        assert "nothing cuts" not in ran.out


def test_what_fails_is_a_list_with_commas(shell: Shell) -> None:
    """Whom it cuts off, in sentences; 1 while there is anybody."""
    shell.served.desk.answers["whatif"] = LOST
    ran = shell.run("whatif", "--lose", "cell:opA, roof:hq")
    assert ("whatif", {"lose": ["cell:opA", "roof:hq"]}) == shell.served.desk.asked[-1]
    assert (1, ["without cell:opA, roof:hq 1 cannot be reached any more: wang", "  wang (orders) has sms; only together"]) == (
        ran.code,
        ran.out.splitlines(),
    )
    shell.served.desk.answers["whatif"] = {
        **LOST,
        "count": 0,
        "lost": [],
        "says": ["without cell:opA, roof:hq 0 cannot be reached any more"],
    }
    assert 0 == shell.run("whatif", "--lose", "cell:opA,roof:hq").code
