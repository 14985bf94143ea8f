"""`fenghuo mode …`."""

from __future__ import annotations

from tests.core.cli.conftest import Shell

STAND = {
    "axis": "network",
    "place": "",
    "mode": "isolated",
    "since": "2026-11-24T12:00:00.000Z",
    "declared": True,
    "by": "duty1",
    "until": "2026-11-24T14:00:00.000Z",
    "sensed": "degraded",
    "stale": True,
    "why": ["台风"],
}
UNKNOWN = {**STAND, "axis": "road", "place": "320585105000", "mode": "unknown", "since": None, "declared": False, "by": "", "until": None}
NOTHING = {"enable": [], "shed": [], "weight": {}, "rendition": "full", "escalate": 1.0, "probe_every": 1.0, "delegate": []}
CHANGED = {
    "at": "2026-11-24T12:00:00.000Z",
    "type": "mode.changed",
    "axis": "network",
    "place": "",
    "before": "full",
    "after": "isolated",
    "by": "duty1",
    "why": ["台风"],
    "reason": "",
}
MOVE = {"objective": 7, "message": "M", "before": "sms-a", "after": "held (mode)", "why": "P4 is shed", "recipients": 3}
REPLANNED = {"at": CHANGED["at"], "type": "mode.replanned", "because": "x", "moved": 5, "moves": [MOVE], "unlisted": 1}
LOST = {"at": CHANGED["at"], "type": "alarm.sanwu", "place": "", "message": "the node has no power, no network and no road (三无)"}
OVER = {"at": CHANGED["at"], "type": "sanwu.over", "place": ""}


def test_what_holds_is_a_line_each_with_who_says_so(shell: Shell) -> None:
    """And what is sensed beside it, also when nobody says so any more; 三无 below."""
    data = {"stands": [STAND, {**UNKNOWN, "sensed": "unknown", "why": []}], "sanwu": [""]}
    shell.served.desk.answers["mode.ls"] = data
    assert [
        "the node\tnetwork\tisolated\t11-24 20:00:00\tduty1\t11-24 22:00:00\tdegraded, nobody says so any more\t台风",
        "320585105000\troad\tunknown\t-\t-\t-\tunknown\t-",
        "the node has no power, no network and no road (三无)",
    ] == shell.run("mode", "ls").out.splitlines()
    assert data == shell.run("mode", "ls", "--json").json


def test_a_declaration_and_its_end_are_answered_in_a_line(shell: Shell) -> None:
    """Hours become seconds; what the desk gets is what was typed."""
    shell.served.desk.answers |= {"mode.declare": STAND, "mode.end": {**STAND, "mode": "degraded"}, "mode.log": [REPLANNED]}
    words = ("mode", "declare", "network", "isolated", "--reason", "台风", "--for", "2")
    moved = ["objective 7: 3 from sms-a to held (mode): P4 is shed", "and 1 more"]
    assert ["network of the node is isolated until 11-24 22:00:00", *moved] == shell.run(*words).out.splitlines()
    shell.served.desk.answers["mode.log"] = [{**REPLANNED, "moves": [], "unlisted": 0}]
    assert ["network of the node is degraded", "nothing that is open moved"] == shell.run("mode", "end", "network").out.splitlines()
    shell.served.desk.answers["mode.log"] = [CHANGED]
    assert "what is open is being planned anew; `fenghuo mode log` says what moved" == shell.run(*words).out.splitlines()[-1]
    declared, ended, _ = [args for verb, args in shell.served.desk.asked if verb in ("mode.declare", "mode.end")]
    assert {"axis": "network", "mode": "isolated", "reason": "台风", "lasts_s": 7200.0, "place": ""} == declared
    assert {"axis": "network", "place": "", "reason": ""} == ended


def test_the_log_says_which_objective_moved_from_where_to_where_and_why(shell: Shell) -> None:
    """Each change with what came of it; what was not listed is counted."""
    shell.served.desk.answers["mode.log"] = [CHANGED, REPLANNED, LOST, OVER]
    assert [
        "11-24 20:00:00  network of the node: full → isolated by duty1: 台风",
        "11-24 20:00:00  re-planned, 5 moved",
        "    objective 7: 3 from sms-a to held (mode): P4 is shed",
        "    and 1 more",
        "11-24 20:00:00  the node has no power, no network and no road (三无)",
        "11-24 20:00:00  三无 is over: the node",
    ] == shell.run("mode", "log").out.splitlines()


def test_a_profile_is_shown_by_what_it_does(shell: Shell) -> None:
    """Nothing that is as ever."""
    does = {**NOTHING, "shed": ["P3", "P4"], "weight": {"radio": 2.0}, "rendition": "short"}
    profile = {"axis": "network", "mode": "isolated", "automatic": NOTHING, "declared": does}
    shell.served.desk.answers["mode.show"] = {"profiles": [profile], "node": does, "delegates": []}
    assert [
        "network isolated",
        "  automatic: nothing",
        "  declared: shed P3 P4, weight radio=2.0, rendition short",
        "in force at the node: shed P3 P4, weight radio=2.0, rendition short",
    ] == shell.run("mode", "show").out.splitlines()
