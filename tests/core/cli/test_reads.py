"""What each command asks of the desk and prints: exactly the JSON of the desk for scripts, tables for people."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fenghuo.model.attachment import MOST_OCTETS
from tests.core.cli.conftest import Shell
from tests.core.desk_fake import CHANNEL, FAILURES, MESSAGE, ROWS, STATUS, WHY
from tests.core.formats.alerts import GOOD


@pytest.mark.parametrize(
    ("words", "data"),
    [
        (["status"], STATUS),
        (["channel", "ls"], [CHANNEL]),
        (["channel", "show", "sms-a"], CHANNEL),
        (["channel", "disable", "sms-a", "--reason", "r"], {**CHANNEL, "admin": "disabled"}),
        (["alert", "show", "01M"], MESSAGE),
        (["alert", "why", "01M"], WHY),
        (["alert", "ls"], ROWS),
    ],
)
def test_json_is_what_the_desk_said(shell: Shell, words: list[str], data: object) -> None:
    """With --json a read prints the desk's answer as one document."""
    assert shell.run(*words, "--json").json == data


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["status"], "2 queued"),
        (["channel", "ls"], "sms-a\tsms.smpp\tenabled\tup"),
        (["alert", "show", "01M"], "责任人: MET, at DEVICE of DEVICE by 11-24 20:20:00"),
        (["alert", "show", "01M"], "  with 堤.jpg: image/jpeg, 12,345 octets, abab\n"),
        (["alert", "why", "01M"], "wang: MET, has DEVICE, and DEVICE was needed"),
        (["alert", "ls"], "01M\t17\tP0\tAlert"),
        (["queue", "ls"], "7\t01M\t3\tP0\tperson:wang"),
        (["queue", "show", "7"], "state\tAWAITING"),
        (["channel", "show", "sms-a"], "risk_groups\tcell:opA"),
        (["channel", "enable", "sms-a", "--reason", "r"], "sms-a is enabled"),
        (["alert", "cancel", "01M", "--reason", "r"], "01M revision 2 active"),
    ],
)
def test_people_get_lines(shell: Shell, words: list[str], says: str) -> None:
    """Without --json a read prints lines that hold what a person looks for."""
    shell.served.desk.answers["status"] = {**STATUS, "queued": 2}
    enclosed = {"name": "堤.jpg", "media_type": "image/jpeg", "size": 12_345, "digest": "abab"}
    shell.served.desk.answers["message.show"] = {**MESSAGE, "attachments": [enclosed]}
    ran = shell.run(*words)
    assert (ran.code, says in ran.out) == (0, True), ran.out


def test_by_whom_a_channel_is_carried_stands_below_the_list(shell: Shell) -> None:
    """A line for each that has something to say, and none for the others."""
    remark = "BS4 is not heard (direct_mode): MOB relays"
    shell.served.desk.answers["channel.ls"] = [CHANNEL, {**CHANNEL, "name": "radio", "remark": remark}]
    assert f"radio: {remark}" == shell.run("channel", "ls").out.splitlines()[-1]


def test_submit_prints_the_object_scripts_rely_on(shell: Shell, tmp_path: Path) -> None:
    """alert submit --json gives id, revision, state, verdicts and repairs; the bytes and signing tokens reach the desk."""
    (tmp_path / "a.xml").write_bytes(b"<alert/>")
    (tmp_path / "signer").write_text("sig\n")
    mine = ("alert", "submit", str(tmp_path / "a.xml"), "--sign", str(tmp_path / "signer"), "--key", "k", "--json")
    assert 1 == shell.run(*mine, stdin=b"n\n").code
    ran = shell.run(*mine, "--envelope", "0123456789ab")
    assert {"id", "revision", "state", "verdicts", "repairs"} == set(ran.json)
    look = ("alert.review", {"raw": b"<alert/>", "media_type": "", "token": "sig"})
    assert [look, look, ("alert.submit", {"raw": b"<alert/>", "media_type": "", "key": "k", "tokens": ["sig"]})] == shell.served.desk.asked


def test_a_refusal_has_the_same_keys_and_the_error(shell: Shell) -> None:
    """A refused submit --json has the same keys, no id, and the error beside them."""
    shell.served.desk.answers["alert.submit"], _ = FAILURES["refused"]
    ran = shell.run("alert", "submit", "-", "--json", stdin=b"x")
    assert (ran.code, ran.json["id"], ran.json["state"]) == (65, None, "refused")
    assert ran.json["error"] == {"code": "doctype", "message": "a DOCTYPE is never looked at", "where": "line 1"}


def test_a_signature_is_for_what_was_shown(shell: Shell, tmp_path: Path) -> None:
    """alert sign shows what will be heard and asks; what was shown is what it sends, and a no sends nothing. Who names the envelope is not
    asked again; scripts find the last line and the JSON."""
    (tmp_path / "bert").write_text("b\n")
    desk, mine = shell.served.desk, ("alert", "sign", "17", "--with", str(tmp_path / "bert"))
    envelope = desk.answers["alert.review"]["envelope"]
    desk.answers["alert.sign"] = {**desk.answers["alert.sign"], "revision": 1, "envelope": envelope}
    assert 1 == shell.run(*mine, stdin=b"n\n").code
    assert ["alert.review"] == [verb for verb, _ in desk.asked]
    ran = shell.run(*mine, stdin=b"y\n")
    named = "01M revision 1 (envelope 0123456789ab)"
    assert f"{named} has 2 of 2 signatures and is active" == ran.out.splitlines()[-1]
    seen = ("LIVE", "请立即", "3000 people", "100 % loud", "双凤镇", "must be signed again: it would also leave by siren", "此前消息作废")
    assert [] == [word for word in seen if word not in ran.out]
    assert ("alert.sign", {"id": "01M", "token": "b", "envelope": envelope, "revision": 1}) == desk.asked[-1]
    assert 1 == shell.run(*mine, "--json", "--envelope", envelope[:12]).json["revision"]
    assert 2 == shell.run(*mine, "--envelope", "0123").code


def test_a_review_signs_nothing(shell: Shell, tmp_path: Path) -> None:
    """alert review: the same on paper or as JSON, shown to the console or to whoever is going to sign."""
    (tmp_path / "bert").write_text("b\n")
    desk = shell.served.desk
    assert "envelope 0123456789ab" in shell.run("alert", "review", "17").out
    assert "cannot be made: no renderer" in shell.run("alert", "review", "17", "--with", str(tmp_path / "bert")).out
    assert 3000 == shell.run("alert", "review", "17", "--json").json["people"]
    assert [("alert.review", {"id": "17", "token": token}) for token in ("", "b", "")] == desk.asked


def test_a_correction_is_one_command(shell: Shell) -> None:
    """alert correct sends what was signed with the alert; --text something new, which waits."""
    assert "01M" == shell.run("alert", "correct", "17", "--json").json["id"]
    shell.run("alert", "correct", "17", "--text", "已经解除")
    assert ["", "已经解除"] == [args["text"] for _, args in shell.served.desk.asked]


@pytest.mark.parametrize("named", [("--revision", "2"), ("--envelope", "fedcba987654")])
def test_what_came_meanwhile_is_not_signed(shell: Shell, tmp_path: Path, named: tuple[str, str]) -> None:
    """Whoever was asked about revision 2 says so, and signs no revision 1."""
    (tmp_path / "bert").write_text("b\n")
    ran = shell.run("alert", "sign", "17", "--with", str(tmp_path / "bert"), *named)
    asked = [verb for verb, _ in shell.served.desk.asked]
    assert (77, True, ["alert.review"]) == (ran.code, "look again" in ran.err, asked)


def test_check_needs_no_daemon(shell: Shell) -> None:
    """alert check gives verdict, verdicts, repairs and error with nobody to ask."""
    ran = shell.run("--socket", "/nowhere", "alert", "check", "-", "--json", stdin=b"<!DOCTYPE a><a/>")
    assert {"verdict", "verdicts", "repairs", "error"} <= set(ran.json)
    assert (ran.json["verdict"], ran.code) == ("refused", 65)
    assert {"code", "message", "where"} == set(ran.json["error"])


def test_check_says_which_of_a_feed_would_be_refused(shell: Shell) -> None:
    """One bad alert among good ones is named, and the exit code says it: what is sent on by a script would be sent without it."""
    alerts = [GOOD.split("?>", 1)[1].replace("<status>Actual", f"<status>{status}") for status in ("Actual", "Draft")]
    feed = '<feed xmlns="http://www.w3.org/2005/Atom">' + "".join(f"<entry>{alert}</entry>" for alert in alerts) + "</feed>"
    ran = shell.run("--socket", "/nowhere", "alert", "check", "-", stdin=feed.encode())
    lines = ran.out.splitlines()
    assert (65, "accepted, but 1 of 2 would be refused") == (ran.code, lines[0])
    assert ["no. 1", "no. 2"] == [line[:5] for line in lines[1:]]
    assert (True, True) == (lines[1].endswith(" accepted"), lines[2].endswith(" refused"))
    assert lines[1].split()[2] == lines[2].split()[2]
    assert "a draft" in ran.err


def test_send_says_what_was_typed(shell: Shell) -> None:
    """Every option of send reaches the desk under its name."""
    words = "--to org:a --to person:b --text 撤离 --prio p1 --traffic exercise --via sms-a --needed device --deadline 60 --json"
    assert shell.run("send", *words.split()).json["id"] == "01M"
    ((verb, args),) = shell.served.desk.asked
    assert (verb, args["to"], args["text"], args["via"]) == ("message.send", ["org:a", "person:b"], "撤离", ["sms-a"])
    assert (args["priority"], args["traffic"], args["needed"], args["deadline_s"]) == ("P1", "Exercise", "DEVICE", 60.0)


def test_a_picture_is_uploaded_before_the_order_that_names_it(shell: Shell, tmp_path: Path) -> None:
    """send --attach: its octets first, then the order with their hash, the file's name and type; a dry run uploads nothing."""
    (tmp_path / "堤.jpg").write_bytes(b"\xff\xd8 picture")
    shell.served.desk.answers["attachment.put"] = {"digest": "", "size": 10}
    words = ("send", "--to", "a", "--text", "t", "--attach", str(tmp_path / "堤.jpg"))
    shell.run(*words)
    (first, put), (second, sent) = shell.served.desk.asked
    assert ("attachment.put", {"raw": b"\xff\xd8 picture"}, "message.send") == (first, put, second)
    digest = hashlib.sha256(b"\xff\xd8 picture").hexdigest()
    assert [{"digest": digest, "name": "堤.jpg", "media_type": "image/jpeg"}] == sent["attachments"]
    shell.served.desk.asked.clear()
    shell.served.desk.answers["message.send"] = shell.served.desk.answers["route.explain"]
    shell.run(*words, "--dry-run")
    assert ["message.send"] == [verb for verb, _ in shell.served.desk.asked]


def test_the_largest_picture_is_one_request_of_the_socket(shell: Shell, tmp_path: Path) -> None:
    """5 MiB in base64 are within what the control socket takes."""
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(MOST_OCTETS)
    shell.served.desk.answers["attachment.put"] = {"digest": "", "size": MOST_OCTETS}
    assert 0 == shell.run("send", "--to", "a", "--text", "t", "--attach", str(tmp_path / "large.jpg")).code
    assert MOST_OCTETS == len(shell.served.desk.asked[0][1]["raw"])


@pytest.mark.parametrize(
    ("octets", "says"), [(0, "is empty"), (MOST_OCTETS + 1, "has 5242881 octets; an attachment may have 5242880 (5 MiB)")]
)
def test_a_file_that_cannot_go_along_is_said_before_anything_is_asked(shell: Shell, tmp_path: Path, octets: int, says: str) -> None:
    """The sentence names the file, its size and the limit."""
    with (tmp_path / "big.jpg").open("wb") as file:
        file.truncate(octets)
    ran = shell.run("send", "--to", "a", "--text", "t", "--attach", str(tmp_path / "big.jpg"))
    assert (2, True, []) == (ran.code, f"big.jpg {says}" in ran.err, shell.served.desk.asked)


def test_a_dry_run_shows_the_plan(shell: Shell) -> None:
    """send --dry-run prints whom it would reach."""
    plan = {**shell.served.desk.answers["route.explain"], "unknown": ["person:b: did you mean person:a?"]}
    shell.served.desk.answers["message.send"] = plan
    ran = shell.run("send", "--to", "a", "--text", "t", "--dry-run")
    assert ("责任人:" in ran.out, "mesh: no such channel" in ran.out) == (True, True)
    assert "unknown: person:b: did you mean person:a?" in ran.out


def test_waiting_ends_with_the_objective(shell: Shell) -> None:
    """send --wait goes on at the event that ends the objective, and prints the id first."""
    desk, events = shell.served.desk, shell.served.events
    open_now = {**MESSAGE, "objectives": [{**MESSAGE["objectives"][0], "state": "OPEN"}]}
    asked = 0

    async def show(_: object) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if asked == 1:
            events.append("objective.met", "objective/1")
        return open_now if asked == 1 else MESSAGE

    desk.answers["message.show"] = show
    ran = shell.run("send", "--to", "a", "--text", "t", "--wait", "10")
    assert (ran.code, ran.out, asked) == (0, "01M revision 1 active\n", 2)


def test_route_and_directory(shell: Shell, tmp_path: Path) -> None:
    """route explain sends the bytes, route lint and directory import end by their faults."""
    assert "责任人" in shell.run("route", "explain", "-", stdin=b"<alert/>").out
    assert shell.run("route", "lint").code == 0
    shell.served.desk.answers["route.lint"] = {"faults": ["ladder x has one risk group"]}
    assert (shell.run("route", "lint").code, shell.run("route", "lint").out) == (1, "ladder x has one risk group\n")
    (tmp_path / "orgs.csv").write_text("id,name\n")
    assert shell.run("directory", "import", str(tmp_path), "--dry-run").code == 0
    assert shell.served.desk.asked[-1] == ("directory.import", {"files": {"orgs.csv": "id,name\n"}, "dry_run": True})


def test_log_reads_on_from_a_cursor(shell: Shell) -> None:
    """Each line of --jsonl has the cursor to go on from; a cursor of another epoch ends with 65."""
    for number in range(3):
        shell.served.events.append("message.accepted", f"message/{number}", number=number)
    lines = [json.loads(line) for line in shell.run("log", "--jsonl").out.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    ran = shell.run("log", "--jsonl", "--after-cursor", lines[1]["cursor"])
    assert [json.loads(line)["subject"] for line in ran.out.splitlines()] == ["message/2"]
    assert shell.run("log", "--after-cursor", "e0:1").code == 65
    beyond = shell.run("log", "--after-cursor", "e1:99")
    assert (65, True) == (beyond.code, f"the cursor is at 99, and the log ends at {lines[-1]['cursor']}" in beyond.err)


def test_log_since_finds_its_place(shell: Shell) -> None:
    """--since begins with the first event that is not older."""
    for number in range(20):
        shell.served.events.append("message.accepted", f"message/{number}")
    moment = "2026-11-18T11:06:55+00:00"  # the fake stream begins at 1795000000 s, one event a second
    lines = shell.run("log", "--since", moment, "--jsonl").out.splitlines()
    assert json.loads(lines[0])["at"] >= "2026-11-18T19:06:55"
    assert len(lines) < 20


def test_channel_why_has_every_change(shell: Shell) -> None:
    """channel why gives the state of now and each change from the log."""
    shell.served.desk.answers["channel.why"] = {**CHANNEL, "failure_weight": 2}
    shell.served.events.append("channel.down", "channel/sms-a", cause="link lost")
    shell.served.events.append("channel.down", "channel/other")
    data = shell.run("channel", "why", "sms-a", "--json").json
    assert (data["failure_weight"], [change["body"] for change in data["changes"]]) == (2, [{"cause": "link lost"}])


def test_plugins_need_no_daemon(shell: Shell) -> None:
    """plugin ls names the bundled plugins and what they bring."""
    rows = shell.run("plugin", "ls", "--json").json
    (row,) = [row for row in rows if row["name"] == "sms"]
    assert "channel sms.smpp" in row["brings"]
    assert {"channel": "sms.smpp", "grade": "platinum", "standing": "real peer", "ungraded": ""} in row["grades"]


def test_why_is_a_plan_on_paper(shell: Shell) -> None:
    """The rule and the digests it was made from, each channel of the plan by its rung, and what was left out with its reason."""
    shell.served.desk.answers["message.why"] = WHY
    lines = shell.run("alert", "why", "01M", "--recipient", "wang").out.splitlines()
    assert "  责任人: MET, 1 of 2 at DEVICE by 11-24 20:20:00; by rule 'typhoon', ladder 'responsible'" == lines[1]
    assert "    planned from rules 3f3f3f3f3f3f situation 777777777777 directory unknown" == lines[2]
    assert ["      1. sms-a: MET, tried 1 times", "      2. radio: left out, the recipient has no callsign address"] == lines[4:6]
    assert lines[6].startswith("    1 of 2 recipients are shown")
    assert [("message.why", {"id": "01M", "recipient": "wang", "limit": 100})] == shell.served.desk.asked


def test_a_word_that_is_none_is_told_the_words_as_they_are_documented(shell: Shell) -> None:
    """P0, not p0, whatever case is taken."""
    ran = shell.run("send", "--to", "a", "--text", "b", "--prio", "P7")
    assert (2, True) == (ran.code, "'P7' is not one of P0, P1, P2, P3, P4" in ran.err)
