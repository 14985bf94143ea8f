"""`fenghuo road …` on paper, and as exit codes."""

from __future__ import annotations

from typing import Any

from tests.core.cli.conftest import Shell

LEG = {"segment": "water-gangqu-huangjing", "name": "长江-浪港 (港区-璜泾)", "from": "gangqu", "to": "huangjing", "minutes": 45.0}
WAY: dict[str, Any] = {"from": "gangqu", "to": "huangjing", "earliest_min": 95.0, "latest_min": 95.0, "says": "95.0 min", "legs": [LEG]}
ISLAND = {"place": "huangjing", "reach": "no_road", "says": "璜泾 has no road left (孤岛): 127.6 min by road and water"}
REPORT = {
    "subject": "road-shaxi-huangjing",
    "name": "沙鹿公路 (沙溪-璜泾)",
    "state": "restricted",
    "factor": 0.5,
    "until": "2026-11-24T20:00:00+08:00",
    "holds": False,
    "source": "person:duty",
    "reason": "桥断",
}


def test_a_word_is_sent_and_what_follows_from_it_is_printed(shell: Shell) -> None:
    """Each state by its verb; minutes become seconds; the island that it makes is a line."""
    desk = shell.served.desk
    desk.answers["road.report"] = {"subject": "road-shaxi-huangjing", "name": "沙鹿公路 (沙溪-璜泾)", "state": "cut", "isolated": [ISLAND]}
    ran = shell.run("road", "cut", "沙鹿公路", "--reason", "桥断", "--for", "30")
    assert (0, ["沙鹿公路 (沙溪-璜泾): cut", ISLAND["says"]]) == (ran.code, ran.out.splitlines())
    assert ("road.report", {"segment": "沙鹿公路", "state": "cut", "until": "", "reason": "桥断", "for_s": 1800.0}) == desk.asked[-1]
    for words, sent in (
        (("open", "air"), {"segment": "air", "state": "open", "until": "", "reason": ""}),
        (("unknown", "air", "--until", "2026"), {"segment": "air", "state": "unknown", "until": "2026", "reason": ""}),
        (("restrict", "air", "--factor", "0.2"), {"segment": "air", "state": "restricted", "factor": 0.2, "until": "", "reason": ""}),
    ):
        assert 0 == shell.run("road", *words).code
        assert ("road.report", sent) == desk.asked[-1]


def test_no_way_and_an_island_are_exit_codes(shell: Shell) -> None:
    """1 where there is no way, and where somebody is surely cut off; a doubt is none."""
    answers = shell.served.desk.answers
    answers["road.reach"] = WAY
    ran = shell.run("road", "reach", "港区", "璜泾", "--by", "water, foot")
    assert (0, ["95.0 min", "45.0\t长江-浪港 (港区-璜泾)"]) == (ran.code, ran.out.splitlines())
    assert ("road.reach", {"to": "璜泾", "start": "港区", "by": ["water", "foot"]}) == shell.served.desk.asked[-1]
    answers["road.reach"] = {**WAY, "earliest_min": None, "says": "no way", "legs": []}
    assert (1, "no way") == ((ran := shell.run("road", "reach", "璜泾")).code, ran.out.strip())
    assert 2 == shell.run("road", "reach", "a", "b", "c").code
    answers["road.isolated"] = [ISLAND]
    assert (1, [ISLAND["says"]]) == ((ran := shell.run("road", "isolated")).code, ran.out.splitlines())
    answers["road.isolated"] = [{**ISLAND, "reach": "doubtful"}]
    assert 0 == shell.run("road", "isolated").code


def test_reports_and_bridges_are_lines(shell: Shell) -> None:
    """With until when each word holds, or that it is over."""
    answers = shell.served.desk.answers
    answers["road.ls"] = {"map": "abc", "places": 9, "segments": 20, "unverified": 33, "reports": [REPORT]}
    assert [
        "map abc: 9 places, 20 segments, 33 rows unverified (未核实)",
        "road-shaxi-huangjing\t沙鹿公路 (沙溪-璜泾)\trestricted 0.5, over: unknown\t11-24 20:00:00\tperson:duty\t桥断",
    ] == shell.run("road", "ls").out.splitlines()
    answers["road.bridges"] = [{"segment": "road-chengxiang-kejiao", "name": "城厢-科教 (公路)"}]
    assert "road-chengxiang-kejiao\t城厢-科教 (公路)" == shell.run("road", "bridges", "--layer", "water").out.strip()
    for verb in ("ls", "bridges"):
        assert answers[f"road.{verb}"] == shell.run("road", verb, "--json").json


def test_an_order_with_a_place_says_when_each_unit_is_there(shell: Shell) -> None:
    """On stderr, since a script reads the id; what is about a journey is sent only where there is one."""
    sure = {"check": "arrival", "value": "12.0 min", "ok": True, "detail": "沙溪镇 from 沙溪: 12.0 min"}
    out = {"check": "arrival", "value": "left out", "ok": False, "detail": "璜泾镇 cannot be there, and is not sent"}
    shell.served.desk.answers["message.send"] = {"id": "01M", "revision": 1, "state": "active", "verdicts": [sure, out], "repairs": []}
    ran = shell.run("send", "--to", "org:shaxi", "--text", "支援", "--go-to", "璜泾", "--by", "water, air", "--leave-out")
    assert (0, "01M revision 1 active") == (ran.code, ran.out.strip())
    assert "  arrival: 沙溪镇 from 沙溪: 12.0 min" in ran.err
    assert "  arrival: left out 璜泾镇 cannot be there" in ran.err
    (verb, args) = shell.served.desk.asked[-1]
    assert ("message.send", "璜泾", ["water", "air"], True) == (verb, args["go_to"], args["by"], args["leave_out"])
    shell.run("send", "--to", "org:shaxi", "--text", "支援")
    assert not {"go_to", "by", "leave_out"} & set(shell.served.desk.asked[-1][1])


def test_where_to_send_the_station_is_a_line_for_each_site(shell: Shell) -> None:
    """The best first, with what it covers; 1 where none helps."""
    site = {
        "name": "浏河",
        "arrival": "34.8 min",
        "objectives": 2,
        "recipients": 5,
        "people": 75_000,
        "mean_km": 0.0,
        "covers": ["浏河", "陆渡"],
    }
    shell.served.desk.answers["road.place"] = {"says": "send it to 浏河: 34.8 min", "proposals": [site]}
    ran = shell.run("road", "place", "--from", "科教", "--by", "water", "--all")
    assert (0, ["send it to 浏河: 34.8 min", "浏河\t34.8 min\t2\t5\t75000\t0.0\t浏河、陆渡"]) == (ran.code, ran.out.splitlines())
    assert ("road.place", {"start": "科教", "radius_km": 10.0, "by": ["water"], "every": True}) == shell.served.desk.asked[-1]
    shell.served.desk.answers["road.place"] = {"says": "nobody waits", "proposals": []}
    assert 1 == shell.run("road", "place").code
