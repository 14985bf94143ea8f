"""A plan on paper: the chances and costs of each channel, and how surely they are reached by all of them."""

from __future__ import annotations

from tests.core.cli.conftest import Shell

WAY = {
    "channel": "sms-a",
    "admin": "enabled",
    "health": "up",
    "recipients": 12,
    "p": 0.95,
    "risk_groups": ["cell:opA"],
    "airtime_s": 0.0,
    "ahead_s": 0.0,
    "arrives_s": 30.0,
    "fee_fen": 5.0,
    "joules": 0.0,
}
PLAN = {
    "recipients": 12,
    "reached": 0.855,
    "channels": [{"channel": "sms-a", "reached": 0.855, "gain": 0.855}],
    "because": "nothing plausible is left",
    "says": "12 of them: sms-a 0.8550; nothing plausible is left",
}
OBJECTIVE = {
    "audience": "责任人",
    "needed": "DEVICE",
    "coverage": {"target": 0.99, "mean": 0.855, "lowest": 0.855, "lowest_for": "wang", "plans": [PLAN]},
    "rungs": [
        {"rung": 1, "mode": "then", "after_s": None, "channels": [WAY]},
        {"rung": 2, "mode": "hedge", "after_s": 60.0, "channels": [{**WAY, "channel": "radio", "admin": "disabled", "risk_groups": []}]},
        {
            "rung": 3,
            "mode": "then",
            "after_s": None,
            "channels": [{"channel": "mesh", "admin": "absent", "health": "absent", "recipients": 0}],
        },
    ],
}


def test_a_plan_is_read_in_lines(shell: Shell) -> None:
    """How surely and by what; then a line for each channel with what one message costs, switched off and absent ones as such."""
    shell.served.desk.answers["route.explain"] = {"objectives": [OBJECTIVE], "left_out": []}
    cost = "0 s on the air, confirmed within 30 s, 5 fen, 0 J"
    assert [
        "责任人:",
        "  needed: DEVICE",
        "  reached by the deadline: target 0.99, mean 0.855, lowest 0.855, lowest_for wang",
        "    12 of them: sms-a 0.8550; nothing plausible is left",
        f"  rung 1 (then): sms-a up, for 12, p 0.9500, with cell:opA, {cost}",
        f"  rung 2 (hedge, 60.0 s after): radio disabled, for 12, p 0.9500, {cost}",
        "  rung 3 (then): mesh absent, for 0",
    ] == shell.run("route", "explain", "-", stdin=b"<alert/>").out.splitlines()
