"""fenghuo alert preview: what it asks, and what people read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.core.cli.conftest import Shell

COSTS = {"channel": "sms-a", "parts": 2, "airtime_s": 1.25, "fee_fen": 12.0, "joules": 31.25, "why_not": "", "left_out": ["1 picture"]}
OFF: dict[str, Any] = {
    "channel": "sms-b",
    "parts": None,
    "airtime_s": None,
    "fee_fen": None,
    "joules": None,
    "why_not": "the channel is not started",
    "left_out": [],
}

SMS = {
    "form": "sms",
    "says": "short messages",
    "text": "一\n二\x1b[2J",
    "octets": 6,
    "seconds": 0.0,
    "left_out": ["description", "time"],
    "why_not": "",
    "channels": [COSTS, OFF],
}
SPEECH = {**SMS, "form": "speech", "seconds": 12.4, "left_out": [], "channels": []}
SMALL = {**SMS, "form": "70 characters", "text": "", "why_not": "it takes 90, and the budget is 70", "left_out": [], "channels": []}
PREVIEW: dict[str, Any] = {
    "id": None,
    "number": None,
    "kind": "Alert",
    "traffic": "Actual",
    "priority": "P1",
    "headline": "台风",
    "forms": [SMS, SPEECH, SMALL],
}


def test_people_read_each_form_what_it_lacks_and_what_it_costs(shell: Shell) -> None:
    """Text first, what was left out and by whom it cannot be sent, then one table of costs; nothing repaints the screen."""
    shell.served.desk.answers["message.preview"] = PREVIEW
    out = shell.run("alert", "preview", "17").out.splitlines()
    assert [
        "not sent  P1 Alert Actual  台风",
        "",
        "sms: short messages - 7 characters, 6 octets",
        "    一",
        "    二\\u001b[2J",
        "    left out: description, time",
        "    sms-a: left out: 1 picture",
        "    sms-b: the channel is not started",
        "",
        "speech: short messages - 7 characters, 6 octets, 12 s of a voice",
        "    一",
        "    二\\u001b[2J",
        "",
        "70 characters: short messages - cannot be made: it takes 90, and the budget is 70",
        "",
        "form\tchannel\tparts\tair s\t¥\tJ",
        "sms\tsms-a\t2\t1.25\t0.12\t31.2",
    ] == out
    assert [("message.preview", {"id": "17"})] == shell.served.desk.asked


def test_a_file_is_read_here_and_an_id_is_not(shell: Shell, tmp_path: Path) -> None:
    """The daemon gets octets, and need not be able to read the user's file."""
    shell.served.desk.answers["message.preview"] = PREVIEW
    (tmp_path / "a.xml").write_bytes(b"<alert/>")
    assert PREVIEW == shell.run("alert", "preview", str(tmp_path / "a.xml"), "--json").json
    shell.run("alert", "preview", "-", "--media-type", "application/json", stdin=b"{}")
    assert [{"raw": b"<alert/>", "media_type": ""}, {"raw": b"{}", "media_type": "application/json"}] == [
        args for _, args in shell.served.desk.asked
    ]


def test_one_form_alone(shell: Shell) -> None:
    """For whoever checks one text; a form that there is not is named with those that there are."""
    shell.served.desk.answers["message.preview"] = PREVIEW
    assert ["speech"] == [form["form"] for form in shell.run("alert", "preview", "17", "--form", "speech", "--json").json["forms"]]
    ran = shell.run("alert", "preview", "17", "--form", "fax")
    assert (2, True) == (ran.code, "no form is named 'fax'; there are sms, speech, 70 characters" in ran.err)
