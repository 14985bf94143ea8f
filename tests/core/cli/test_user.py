"""`fenghuo user …`."""

from __future__ import annotations

from tests.core.cli.conftest import Shell

ZHANG = {
    "name": "zhang",
    "display": "张伟",
    "rights": ["operator", "releaser"],
    "areas": ["mca:320585"],
    "post": "tc",
    "level": "orange",
    "certificate": "ab" * 32,
    "state": "active",
    "factor": True,
    "sessions": 1,
    "made": "2026-11-24T12:00:00.000Z",
}
SESSION = {
    "session": "5e55105e5510",
    "name": "zhang",
    "traffic": "Actual",
    "address": "10.0.0.5",
    "opened": "2026-11-24T12:00:00.000Z",
    "seen": "2026-11-24T12:10:00.000Z",
    "ends": "2026-11-25T00:00:00.000Z",
    "locked": False,
}
CODE = {**ZHANG, "state": "invited", "code": "ABCD-EFGH-IJKL-MNOP", "code_lasts_s": 86400.0}
SAID = [
    "zhang is invited: operator, releaser, for mca:320585, at the post tc, up to orange",
    "one-time code, good for 24 h and shown this once: ABCD-EFGH-IJKL-MNOP",
]


def test_people_are_listed_and_shown_with_their_sessions(shell: Shell) -> None:
    """A line each; the JSON is the desk's."""
    shell.served.desk.answers |= {
        "account.ls": [ZHANG],
        "account.show": {**ZHANG, "open": [SESSION, {**SESSION, "locked": True, "address": ""}]},
    }
    line = "zhang\t张伟\toperator,releaser\tmca:320585\ttc\torange\tactive\tcode+certificate\t1"
    assert [line] == shell.run("user", "ls").out.splitlines()
    assert [ZHANG] == shell.run("user", "ls", "--json").json
    assert [
        line,
        "session 5e55105e5510: Actual, from 10.0.0.5, awake at 11-24 20:10:00, ends 11-25 08:00:00",
        "session 5e55105e5510: Actual, from -, locked, ends 11-25 08:00:00",
    ] == shell.run("user", "show", "zhang").out.splitlines()


def test_what_an_administrator_types_reaches_the_desk(shell: Shell) -> None:
    """Each verb under its name, with the one-time code where there is one."""
    desk = shell.served.desk
    desk.answers |= {f"account.{verb}": CODE for verb in ("add", "rights", "password", "enable", "certificate")}
    desk.answers |= {f"account.{verb}": {**ZHANG, "areas": [], "post": "", "level": ""} for verb in ("disable", "end_sessions")}
    words = ["--right", "operator", "--right", "releaser", "--area", "mca:320585", "--post", "tc"]
    assert SAID == shell.run("user", "add", "zhang", "--display", "张伟", *words).out.splitlines()
    assert CODE == shell.run("user", "rights", "zhang", *words, "--json").json
    shell.run("user", "rights", "zhang", "--right", "viewer")
    shell.run("user", "rights", "zhang", "--right", "viewer", "--everywhere")
    for verb in ("password", "enable"):
        assert SAID == shell.run("user", verb, "zhang").out.splitlines()
    assert SAID == shell.run("user", "certificate", "zhang", "ab" * 32).out.splitlines()
    for verb in ("disable", "end-sessions"):
        assert ["zhang is active: operator, releaser"] == shell.run("user", verb, "zhang").out.splitlines()
    both = {"name": "zhang", "rights": ["operator", "releaser"], "areas": ["mca:320585"], "post": "tc"}
    viewer = {"name": "zhang", "rights": ["viewer"], "post": None, "level": None}
    assert [
        ("account.add", {**both, "display": "张伟", "level": ""}),
        ("account.rights", {**both, "level": None}),
        ("account.rights", {**viewer, "areas": None}),
        ("account.rights", {**viewer, "areas": []}),
        *((f"account.{verb}", {"name": "zhang"}) for verb in ("password", "enable")),
        ("account.certificate", {"name": "zhang", "sha256": "ab" * 32}),
        *((f"account.{verb}", {"name": "zhang"}) for verb in ("disable", "end_sessions")),
    ] == desk.asked
    assert 2 == shell.run("user", "rights", "zhang", "--everywhere", *words).code


def test_a_person_enrols_by_two_lines(shell: Shell) -> None:
    """Code and password come by standard input, and stand on no command line."""
    desk = shell.served.desk
    desk.answers["account.enrol"] = {"otpauth": "otpauth://totp/x"}
    said = shell.run("user", "enrol", "zhang", "--second-factor", stdin=b"ABCD-EFGH\nTide-table 4711\n").out.splitlines()
    assert ["zhang has a password and may log in", "for the authenticator, shown this once:", "otpauth://totp/x"] == said
    assert [("account.enrol", {"name": "zhang", "code": "ABCD-EFGH", "password": "Tide-table 4711", "factor": True})] == desk.asked
    desk.answers["account.factor"] = {"otpauth": "otpauth://totp/y", "qr": ""}
    ran = shell.run("user", "totp", "zhang", stdin=b"Tide-table 4711\n123456\n")
    assert ["zhang has another authenticator; the one of before counts no more", *said[1:2], "otpauth://totp/y"] == ran.out.splitlines()
    assert ("account.factor", {"name": "zhang", "password": "Tide-table 4711", "code": "123456"}) == desk.asked[-1]
    desk.answers["account.enrol"] = {"otpauth": ""}
    assert {"otpauth": ""} == shell.run("user", "enrol", "zhang", "--json", stdin=b"a\nb\n").json
