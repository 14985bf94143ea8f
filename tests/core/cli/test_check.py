"""`fenghuo check` against a desk: each state of the node has its word, its exit code and its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fenghuo.cli import nagios
from fenghuo.cli.nagios import Grade, Judged
from tests.core.cli.conftest import Shell
from tests.core.desk_fake import CHANNEL, STATUS

SOUND = {**STATUS, "accepting": True, "queued": 3, "in_doubt": 0, "in_flight": 0, "clock_quality": "ntp", "clock_jump_s": 0.002}


def channel(name: str, health: str, **fields: Any) -> dict[str, Any]:
    return {**CHANNEL, "name": name, "health": health, "admin": "enabled", "since": "2026-11-26T00:00:00.000Z", **fields}


OWN = {"state": "ok", "every_s": 60.0, "latency_s": 0.0087, "age_s": 12.0, "passed": "…", "missed": 0, "limit_s": 160.0, "why": ""}
MISSED = {"state": "missed", "age_s": 80.0, "missed": 1, "why": "no answer within 20 s"}
LASTS = {"name": "web.certificate", "days": 300, "fault": "", "count": 1}
ENDS = {"name": "b.ca_file", "days": 12, "fault": "", "count": 1}
TWO = [channel("sms", "up"), channel("radio", "unknown")]


@pytest.mark.parametrize(
    ("words", "status", "says", "code"),
    [
        (["check", "channel"], {}, "FENGHUO CHANNEL OK - 2 channels work | channels=2 down=0", 0),
        (
            ["check", "channel"],
            {"channels": [channel("sms", "down"), channel("radio", "up")]},
            "FENGHUO CHANNEL WARNING - sms down | channels=2 down=1",
            1,
        ),
        (["check", "channel"], {"channels": [channel("sms", "suspect")]}, "FENGHUO CHANNEL WARNING - sms suspect | channels=1 down=0", 1),
        (
            ["check", "channel"],
            {"channels": [channel("a", "unknown", since=None)]},
            "FENGHUO CHANNEL WARNING - a unknown | channels=1 down=0",
            1,
        ),
        (["check", "channel"], {"channels": [channel("sms", "down")]}, "FENGHUO CHANNEL CRITICAL - down: sms | channels=1 down=1", 2),
        (
            ["check", "channel"],
            {"channels": [channel("sms", "down", admin="disabled"), *TWO]},
            "FENGHUO CHANNEL OK - 2 channels work | channels=2 down=0",
            0,
        ),
        (
            ["check", "channel", "--name", "sms"],
            {"channels": [channel("sms", "down"), channel("radio", "up")]},
            "FENGHUO CHANNEL CRITICAL - down: sms | channels=1 down=1",
            2,
        ),
        (["check", "channel"], {"channels": []}, "FENGHUO CHANNEL WARNING - no channel is enabled: nobody can be reached", 1),
        (["check", "channel", "--name", "gsm"], {}, "FENGHUO CHANNEL UNKNOWN - there is no channel 'gsm'; there are sms, radio", 3),
        (["check", "queue", "--warn", "3", "--crit", "9"], {}, "FENGHUO QUEUE WARNING - 3 queued, 0 in doubt | queued=3;3;9", 1),
        (["check", "queue"], {"in_doubt": 1}, "FENGHUO QUEUE WARNING - 3 queued, 1 in doubt | queued=3;1000;10000 in_doubt=1;1", 1),
        (["check", "queue"], {"queued": 20_000}, "FENGHUO QUEUE CRITICAL - 20000 queued, 0 in doubt", 2),
        (["check", "queue"], {"accepting": False}, "FENGHUO QUEUE CRITICAL - nothing is accepted", 2),
        (["check", "clock"], {}, "FENGHUO CLOCK OK - clock ntp, jumped 0.002 s since the start | jump=0.002s;1;60", 0),
        (["check", "clock"], {"clock_quality": "freerun"}, "FENGHUO CLOCK WARNING - clock freerun", 1),
        (["check", "clock"], {"clock_jump_s": -3600.0}, "FENGHUO CLOCK CRITICAL - clock ntp, jumped -3600 s", 2),
        (["check", "probe"], {}, "FENGHUO PROBE OK - no self-probe is made", 0),
        (
            ["check", "probe"],
            {"self_probe": OWN},
            "FENGHUO PROBE OK - self-probe ok, back in 9 ms | probe_age=12s;;160 probe_missed=0;1;2",
            0,
        ),
        (["check", "probe"], {"self_probe": {**OWN, "state": "resting", "age_s": 900.0}}, "FENGHUO PROBE OK - the self-probe rests on", 0),
        (
            ["check", "probe"],
            {"self_probe": {**OWN, "state": "waiting", "latency_s": None}},
            "FENGHUO PROBE OK - self-probe waiting, no",
            0,
        ),
        (
            ["check", "probe"],
            {"self_probe": {**OWN, **MISSED}},
            "FENGHUO PROBE WARNING - self-probe not back for 80 s, 1 missed: no ans",
            1,
        ),
        (["check", "probe"], {"self_probe": {**OWN, **MISSED, "missed": 2}}, "FENGHUO PROBE CRITICAL - self-probe not back for 80 s, 2", 2),
        (
            ["check", "probe"],
            {"self_probe": {**OWN, "age_s": 161.0}},
            "FENGHUO PROBE CRITICAL - self-probe not back for 161 s, 0 missed |",
            2,
        ),
        (["check", "cert"], {}, "FENGHUO CERT OK - no certificate is used", 0),
        (
            ["check", "cert"],
            {"certificates": [LASTS, ENDS]},
            "FENGHUO CERT WARNING - b.ca_file ends in 12 days | web.certificate=300;30:;7:",
            1,
        ),
        (["check", "cert", "--warn", "10", "--crit", "3"], {"certificates": [LASTS, ENDS]}, "FENGHUO CERT OK - b.ca_file ends in 12", 0),
        (["check", "cert"], {"certificates": [{**ENDS, "days": -2}]}, "FENGHUO CERT CRITICAL - b.ca_file is over since 2 days", 2),
        (
            ["check", "cert"],
            {"certificates": [{**ENDS, "days": None, "fault": "gone"}, LASTS]},
            "FENGHUO CERT CRITICAL - b.ca_file: gone",
            2,
        ),
        (["check", "disk", "--warn", "0", "--crit", "101"], {}, "FENGHUO DISK WARNING - ", 1),
        (["check"], {"clock_quality": "freerun", "in_doubt": 2}, "FENGHUO WARNING - ", 1),
    ],
)
def test_each_state_has_its_line_and_its_exit_code(shell: Shell, words: list[str], status: dict[str, Any], says: str, code: int) -> None:
    shell.served.desk.answers["status"] = {**SOUND, "channels": TWO, **status}
    ran = shell.run(*words)
    assert (ran.out.startswith(says), ran.code, ran.out.count("\n")) == (True, code, 1), ran.out


def test_scripts_get_the_figures(shell: Shell) -> None:
    """--json has the same judgement, and the same exit code."""
    shell.served.desk.answers["status"] = {**SOUND, "channels": TWO, "in_doubt": 1}
    ran = shell.run("check", "queue", "--json")
    doubts = {"label": "in_doubt", "value": 1, "unit": "", "warn": 1, "crit": None, "is_least": False}
    assert (1, "WARNING", True) == (ran.code, ran.json["grade"], doubts in ran.json["figures"])


def test_a_daemon_that_does_not_answer_is_critical(shell: Shell) -> None:
    """A monitoring system that is told UNKNOWN wakes nobody."""
    ran = shell.run("check", "--socket", "/nowhere/ctl.sock")
    assert (2, True) == (ran.code, ran.out.startswith("FENGHUO CRITICAL - no daemon answers"))


def test_whoever_may_not_ask_knows_nothing(shell: Shell, tmp_path: Path) -> None:
    """The node may be well: UNKNOWN."""
    wrong = tmp_path / "wrong.token"
    wrong.write_text("nobody-0123456789abcdef")
    ran = shell.run("check", "--token-file", str(wrong))
    assert (3, True) == (ran.code, ran.out.startswith("FENGHUO UNKNOWN - "))


def test_the_worst_speaks_first_and_a_bar_in_a_name_cuts_nothing_off() -> None:
    """What is critical stands before what is unknown, before what warns."""
    found = nagios.worst([Judged(Grade.OK, "a"), Judged(Grade.WARNING, "b"), Judged(Grade.UNKNOWN, "c"), Judged(Grade.CRITICAL, "d|e")])
    assert "FENGHUO CRITICAL - d/e; c; b; a" == nagios.line("", found)
