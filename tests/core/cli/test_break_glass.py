"""`fenghuo break-glass …`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.core.cli.conftest import Shell

DONE = {
    "id": "5e55105e5510",
    "at": "2026-11-24T00:00:00.000Z",
    "leader": "liu",
    "template": "dyke",
    "reason": "堤防溃口",
    "message": "M1",
    "reviewed_by": "",
}


def test_a_key_file_is_made_once_and_its_hash_is_printed(shell: Shell, tmp_path: Path) -> None:
    """Readable by its owner alone; one that is there is never written over. What stands in it is what is sent."""
    file = tmp_path / "fenghuo.key"
    said = shell.run("break-glass", "key", str(file)).out.strip()
    text = file.read_text(encoding="ascii").strip()
    assert (0o600, f'key_sha256 = "{hashlib.sha256(text.encode()).hexdigest()}"') == (file.stat().st_mode & 0o777, said)
    assert 73 == shell.run("break-glass", "key", str(file)).code
    desk = shell.served.desk
    desk.answers["break_glass.release"] = DONE
    words = ("break-glass", "release", "liu", "dyke", "--reason", "堤防溃口", "--key-file")
    answer = shell.run(*words, str(file), stdin=b"Tide-table 4711\n123456\n").out
    assert "dyke goes as message M1; everybody has been told, and somebody else reviews it\n" == answer
    proof = {"name": "liu", "password": "Tide-table 4711", "code": "123456"}
    assert [("break_glass.release", {"template": "dyke", "reason": "堤防溃口", "key": text, **proof})] == desk.asked
    assert 65 == shell.run(*words, str(tmp_path / "none"), stdin=b"a\nb\n").code


def test_what_waits_for_its_review_is_listed_and_reviewed(shell: Shell) -> None:
    """With the templates that there are and who approved them."""
    desk = shell.served.desk
    desk.answers["break_glass.ls"] = {"releases": [DONE], "templates": [{"name": "dyke", "approved_by": ["anna", "bert"]}]}
    desk.answers["break_glass.review"] = {**DONE, "reviewed_by": "wu"}
    line = "5e55105e5510\t11-24 08:00:00\tliu\tdyke\tM1\t-\t堤防溃口"
    assert [line, "template dyke, approved by anna, bert"] == shell.run("break-glass", "ls").out.splitlines()
    said = shell.run("break-glass", "review", "wu", "5e55105e5510", "--says", "情况属实", stdin=b"x\ny\n").out
    assert "wu has reviewed dyke of 11-24 08:00:00\n" == said
