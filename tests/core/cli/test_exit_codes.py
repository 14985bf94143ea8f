"""Every exit code of the command, from a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import CannotCreate, FenghuoError
from fenghuo.service import problems
from fenghuo.service.problems import CODES, Exit, exit_for, problem
from tests.core.cli.conftest import Shell
from tests.core.desk_fake import FAILURES, MESSAGE

ORDER = b'{"to": ["person:wang"], "text": "t"}'


def test_ok_is_0(shell: Shell) -> None:
    """An answered question ends with 0."""
    assert shell.process("status").code == 0


def test_a_negative_answer_is_1(shell: Shell) -> None:
    """What is not found, and what has not arrived, end with 1."""
    shell.served.desk.answers["message.show"], _ = FAILURES["not-found"]
    assert shell.process("alert", "show", "01X").code == 1


@pytest.mark.parametrize(
    "words", [["alert"], ["nonsense"], ["send", "--to", "a"], ["serve"], ["log", "--after-cursor", "x"], ["config", "check"]]
)
def test_usage_is_2(shell: Shell, words: list[str]) -> None:
    """A command that was not understood ends with 2."""
    assert shell.process(*words).code == 2


def test_refused_is_65(shell: Shell) -> None:
    """A refused alert ends with 65 and says why."""
    shell.served.desk.answers["alert.submit"], _ = FAILURES["refused"]
    ran = shell.process("alert", "submit", "-", stdin=b"<!DOCTYPE a>")
    assert (ran.code, "a DOCTYPE is never looked at" in ran.err) == (65, True)


def test_unreadable_is_65(shell: Shell) -> None:
    """A file that is not there ends with 65 and a sentence."""
    ran = shell.process("alert", "check", "absent.xml")
    assert (ran.code, ran.err) == (65, "fenghuo: absent.xml cannot be read: No such file or directory\n")


def test_unreachable_is_69(shell: Shell, tmp_path: Path) -> None:
    """No daemon ends with 69 and says where it was looked for."""
    ran = shell.process("status", FENGHUO_SOCKET=str(tmp_path / "none.sock"))
    assert (ran.code, "no daemon answers at" in ran.err) == (69, True)


def test_a_bug_is_70(shell: Shell) -> None:
    """A fault of ours ends with 70, here and in the daemon; here with the trace to report."""
    shell.served.desk.answers["status"] = ZeroDivisionError("x")
    assert shell.process("status").code == 70
    shell.served.desk.answers["status"] = "not the shape of a status"
    ran = shell.process("status")
    assert (ran.code, "Traceback" in ran.err, "this is a bug" in ran.err) == (70, True, True)


def test_cannot_create_is_73(shell: Shell, tmp_path: Path) -> None:
    """What would overwrite something ends with 73 and leaves it alone."""
    (tmp_path / "fenghuo.toml").write_text("mine")
    assert shell.process("config", "init", ".").code == 73
    assert (tmp_path / "fenghuo.toml").read_text() == "mine"
    assert shell.process("db", "backup", "fenghuo.toml").code == 73
    shell.served.desk.answers["db.backup"] = CannotCreate("backup to nowhere failed: no such folder")
    assert shell.process("db", "backup", "nowhere/backup.sqlite").code == 73


@pytest.mark.parametrize("word", ["overloaded", "full"])
def test_not_now_is_75(shell: Shell, word: str) -> None:
    """What may be tried again ends with 75."""
    shell.served.desk.answers["alert.submit"], _ = FAILURES[word]
    assert shell.process("alert", "submit", "-", stdin=b"x").code == 75


def test_not_permitted_is_77(shell: Shell, tmp_path: Path) -> None:
    """A wrong token, an unreadable token file and a missing right end with 77."""
    (tmp_path / "wrong").write_text("wrong")
    assert shell.process("status", "--token-file", "wrong").code == 77
    assert shell.process("status", "--token-file", "absent").code == 77
    shell.served.desk.answers["status"], _ = FAILURES["forbidden"]
    assert shell.process("status").code == 77


def test_settings_are_78(shell: Shell, tmp_path: Path) -> None:
    """Settings that cannot be used end with 78, in `config check` and in `serve`."""
    (tmp_path / "bad.toml").write_text("[node]\nname = 7\n")
    assert shell.process("config", "check", "bad.toml").code == 78
    assert shell.process("serve", "--config", "bad.toml").code == 78
    assert shell.process("--config", "absent.toml", "status", FENGHUO_SOCKET="").code == 78


def test_a_message_that_did_not_arrive_is_1(shell: Shell) -> None:
    """send --wait ends with 1 when an objective was missed."""
    missed = {**MESSAGE, "objectives": [{**MESSAGE["objectives"][0], "state": "MISSED"}]}
    shell.served.desk.answers["message.show"] = missed
    assert shell.process("send", "--to", "person:wang", "--text", "t", "--wait", "5").code == 1


def test_the_codes_are_those_of_the_manual() -> None:
    """The figures are pinned: scripts and the systemd unit rely on them."""
    assert {code.name: code.value for code in Exit} == {
        "OK": 0,
        "NEGATIVE": 1,
        "USAGE": 2,
        "BAD_DATA": 65,
        "UNREACHABLE": 69,
        "BUG": 70,
        "CANNOT_CREATE": 73,
        "NOT_NOW": 75,
        "NOT_PERMITTED": 77,
        "SETTINGS": 78,
    }


def test_every_word_has_its_exit_code() -> None:
    """Each stable word has an exit code of the enum, and a word from a newer daemon counts as a negative answer."""
    assert {code.exit for code in CODES.values()} <= set(Exit)
    assert exit_for("word-of-tomorrow") is Exit.NEGATIVE


def test_every_error_of_ours_has_a_word() -> None:
    """No error of the tree is nameless, and the order of the table lets each leaf be found."""
    assert {word for _, word in problems.ERRORS} <= set(CODES)
    assert problem(FenghuoError("x")).code == "internal"
    words = dict(problems.ERRORS)
    for place, (kind, _) in enumerate(problems.ERRORS):
        shadow = [before for before, _ in problems.ERRORS[:place] if issubclass(kind, before) and words[before] != words[kind]]
        assert shadow == []
