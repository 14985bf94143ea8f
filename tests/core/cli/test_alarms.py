"""`fenghuo alarms …`."""

from __future__ import annotations

from typing import Any

from tests.core.cli.conftest import Shell

ALARM: dict[str, Any] = {
    "id": 4711,
    "kind": "alarm.isolated",
    "subject": "road/huangjing",
    "priority": "MEDIUM",
    "state": "UNACKED",
    "raised": "2026-11-24T12:00:00.000Z",
    "respond_by": "2026-11-24T12:15:00.000Z",
    "count": 3,
    "acked_by": None,
    "held": None,
    "shelf_asked": None,
    "rev": 4713,
    "args": {"message": "璜泾镇: 孤岛"},
}
ACKED = {**ALARM, "state": "ACKED", "acked_by": "li", "id": 12}
HIGH = {**ALARM, "priority": "HIGH", "id": 4720, "kind": "alarm.nobody", "args": {}}
LINE = "4711\t◆重要\tUNACKED\talarm.isolated\troad/huangjing\t11-24 20:00:00\t11-24 20:15:00\t×3\t璜泾镇: 孤岛"
MEANS = {
    "zh": {"title": "孤岛", "consequence": "到不了", "action": "派船"},
    "en": {"title": "Cut off", "consequence": "No way", "action": "A boat"},
}


def test_the_list_begins_with_what_is_most_urgent(shell: Shell) -> None:
    """What nobody has acknowledged stands before what somebody has, whatever their priorities."""
    shell.served.desk.answers["alarm.ls"] = [ACKED, ALARM, HIGH]
    lines = shell.run("alarms", "ls").out.splitlines()
    assert (["4720", "4711", "12"], LINE) == ([line.partition("\t")[0] for line in lines], lines[1])
    assert "\tACKED li\t" in lines[2]
    assert [ACKED, ALARM, HIGH] == shell.run("alarms", "ls", "--json").json


def test_one_is_shown_with_what_comes_of_it_and_what_to_do(shell: Shell) -> None:
    """In both languages of the catalogue."""
    shell.served.desk.answers |= {"alarm.show": ALARM, "alarm.catalogue": {"alarm.isolated": MEANS}}
    out = shell.run("alarms", "show", "4711").out.splitlines()
    assert [LINE.replace("\t", "  "), "  孤岛: 到不了 → 派船", "  Cut off: No way → A boat"] == out[:3]
    assert MEANS == shell.run("alarms", "show", "4711", "--json").json["means"]


def test_what_is_acknowledged_is_what_was_printed(shell: Shell) -> None:
    """The rev of each row as it was printed goes along, with one comment for all."""
    shell.served.desk.answers |= {"alarm.show": ALARM, "alarm.ack": [{**ALARM, "state": "ACKED"}]}
    ran = shell.run("alarms", "ack", "4711", "--comment", "船已派出")
    assert [LINE.replace("\t", "  "), "4711 is ACKED"] == ran.out.splitlines()
    said = {"ids": [4711], "revs": {"4711": 4713}, "comment": "船已派出", "gone": False}
    assert [("alarm.show", {"id": 4711}), ("alarm.ack", said)] == shell.served.desk.asked


def test_minutes_become_seconds_and_a_high_one_says_that_it_goes_on_calling(shell: Shell) -> None:
    """Until a second person says so, too."""
    held = {"by": "li", "until": "2026-11-24T12:30:00.000Z"}
    shell.served.desk.answers |= {"alarm.show": ALARM, "alarm.shelve": {**ALARM, "held": held}}
    words = ("alarms", "shelve", "4711", "--for", "45", "--reason", "检修")
    assert "4711 is shelved until 11-24 20:30:00\n" == shell.run(*words).out
    assert {"id": 4711, "if_rev": 4713, "reason": "检修", "lasts_s": 2700.0} == shell.served.desk.asked[-1][1]
    shell.served.desk.answers["alarm.shelve"] = {**ALARM, "shelf_asked": held}
    assert "4711 goes on calling: it is HIGH, and a second person must shelve it by 11-24 20:30:00\n" == shell.run(*words).out


def test_service_is_left_and_entered_by_a_line_each(shell: Shell) -> None:
    """Each by the rev that was just read."""
    out = {**ALARM, "state": "OUT_OF_SERVICE"}
    shell.served.desk.answers |= {
        "alarm.show": ALARM,
        "alarm.out_of_service": out,
        "alarm.return_to_service": ALARM,
        "alarm.unshelve": ALARM,
    }
    words = ("alarms", "out-of-service", "4711", "--reason", "换卡", "--person", "陈工")
    assert "4711 is OUT_OF_SERVICE\n" == shell.run(*words).out
    assert {"id": 4711, "if_rev": 4713, "reason": "换卡", "person": "陈工"} == shell.served.desk.asked[-1][1]
    assert ["4711 is UNACKED\n"] * 2 == [shell.run("alarms", verb, "4711").out for verb in ("return-to-service", "unshelve")]


def test_the_figures_stand_beside_what_they_should_be(shell: Shell) -> None:
    """The worst sources below, the number that needs a look first."""
    found = {
        "targets": {"in_10_min": 1, "flood_above": 10, "high_pct": 5, "medium_pct": 15, "low_pct": 80},
        "alarms": 7,
        "in_10_min": 0.05,
        "high_pct": 14.3,
        "medium_pct": None,
        "low_pct": 85.7,
        "is_flood": False,
        "flood_pct": 0.0,
        "worst": [{"kind": "alarm.channel_down", "subject": "channel/sms", "alarms": 2, "raised": 41}],
        "standing": [12],
        "to_ack_s": 33.0,
        "late": 0,
        "unacked": 1,
        "shelved": [],
        "out_of_service": [4711, 4720],
        "suppressed": 0,
    }
    shell.served.desk.answers["alarm.stats"] = found
    lines = shell.run("alarms", "stats", "--hours", "12").out.splitlines()
    assert ("alarm.stats", {"hours": 12.0}) == shell.served.desk.asked[-1]
    assert {"in 10 minutes\t0.05\t<= 1", "▲紧急 %\t14.3\t5", "◆重要 %\t-\t15", "out of service\t4711, 4720\t-"} <= set(lines)
    assert "41 × alarm.channel_down channel/sms, as 2 alarms" == lines[-1]
    assert found == shell.run("alarms", "stats", "--json").json
