"""How an acceptance or a refusal is told, for one message and for several."""

from __future__ import annotations

from fenghuo.model.delivery import Accepted, Refused, Verdict
from fenghuo.model.message import MessageId
from fenghuo.service.showing import answers_view
from tests.core.cli.conftest import Shell
from tests.core.desk_fake import FAILURES

GOOD = Accepted(MessageId("01M"), 1, "active", (Verdict("authority", "area", False, "not yours"),), ("order /alert/info",))
OTHER = Accepted(MessageId("01N"), 1, "held")
BAD = Refused(5, "doctype", "a DOCTYPE is never looked at", "line 1")
SUBMIT = ("alert", "submit", "-")


def test_an_id_stands_first_and_alone_on_stdout(shell: Shell) -> None:
    """A script may read only that; what a person should know besides goes to stderr."""
    shell.served.desk.answers["alert.submit"] = GOOD
    ran = shell.run(*SUBMIT, stdin=b"x")
    assert (0, "01M revision 1 active\n") == (ran.code, ran.out)
    assert "  authority: area not yours\n  repaired: order /alert/info\n" == ran.err


def test_each_of_several_has_its_line(shell: Shell) -> None:
    """All accepted is 0."""
    shell.served.desk.answers["alert.submit"] = answers_view([GOOD, OTHER])
    ran = shell.run(*SUBMIT, stdin=b"x")
    assert (0, ["01M revision 1 active", "01N revision 1 held"]) == (ran.code, ran.out.splitlines())


def test_one_refusal_among_several_is_65(shell: Shell) -> None:
    """The others are on the daemon's disk, and a script that looks at the exit code alone still looks again."""
    shell.served.desk.answers["alert.submit"] = answers_view([GOOD, BAD])
    ran = shell.run(*SUBMIT, stdin=b"x")
    assert (65, "01M revision 1 active\n") == (ran.code, ran.out)
    assert "fenghuo: refused: a DOCTYPE is never looked at (at line 1)" in ran.err


def test_several_in_json_are_the_objects_of_one(shell: Shell) -> None:
    """Under "messages", in their order; a refused one has an error beside the five keys."""
    shell.served.desk.answers["alert.submit"] = answers_view([GOOD, BAD])
    first, second = shell.run(*SUBMIT, "--json", stdin=b"x").json["messages"]
    keys = {"id", "revision", "state", "verdicts", "repairs"}
    assert (keys, keys | {"error"}, None) == (set(first), set(second), second["id"])


def test_a_refusal_in_json_has_the_same_keys(shell: Shell) -> None:
    """One message that was refused alone looks like one that was refused among others."""
    shell.served.desk.answers["alert.submit"], _ = FAILURES["refused"]
    ran = shell.run(*SUBMIT, "--json", stdin=b"x")
    assert (65, "refused", "doctype") == (ran.code, ran.json["state"], ran.json["error"]["code"])
    assert {"id", "revision", "state", "verdicts", "repairs", "error"} == set(ran.json)
