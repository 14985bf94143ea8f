"""Every mistake in a scenario has its sentence: file, key, what stands there, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenghuo.errors import SettingsError
from fenghuo.rig.scenario.loading import load_scenario
from fenghuo.rig.scenario.running import opened

PLAIN = """
name = "T"
title = "a try"
ends_s = 600
rules = "rules.toml"
signers = ["chief"]
[channels.lte]
address = "lte"
risk_groups = ["cell:a"]
[[places]]
ref = "mca:320585110"
name = "沙溪镇"
[persons.zhang]
name = "张三"
roles = ["duty_officer"]
areas = ["mca:320585110"]
addresses = { lte = "zhang@lte" }
"""
RULES = """
[[ladders.only.rungs]]
channels = ["lte"]
[[rules]]
name = "orders"
match = { kind = ["Dispatch"] }
audience = { name = "as addressed" }
ladder = "only"
"""
STEP = '[[steps]]\nat_s = 1\ndo = "order"\nlabel = "o"\nto = ["person:zhang"]\nhold_s = 300\ntext = "到岗"\n'
LINE = '[[lines]]\nline = "l"\nmeasure = "met_s"\nmessage = "o"\nat_most = 9\n'


def written(folder: Path, text: str) -> Path:
    """A scenario file with its rules beside it."""
    (folder / "rules.toml").write_text(RULES, encoding="utf-8")
    path = folder / "T.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    """Fixture, step and line stand as they were written, and the rules by their whole path."""
    scenario = load_scenario(written(tmp_path, PLAIN + STEP + LINE))
    assert ("T", str(tmp_path / "rules.toml"), 1, 1) == (scenario.name, scenario.rules, len(scenario.steps), len(scenario.lines))


MISTAKES = {
    "T.toml: colour is unknown; known are accounts, airtime_share": 'colour = "red"\n' + PLAIN,
    'T.toml: channels.lte.los is unknown; did you mean "loss"?': PLAIN.replace("[[places]]", "", 1).replace(
        'address = "lte"', 'address = "lte"\nlos = 0.1'
    ),
    "T.toml: channels.lte.loss is 40; it must be a number from 0 to 1": PLAIN.replace('address = "lte"', 'address = "lte"\nloss = 40'),
    'T.toml: steps[0].do is "ordr"; it must be one of alert, order': PLAIN + STEP.replace('"order"', '"ordr"'),
    "T.toml: steps[0].at_s is 700, and the scenario ends at 600; it must be a number from 0 to 600": PLAIN
    + STEP.replace("at_s = 1", "at_s = 700"),
    'T.toml: steps[0].text is missing; do = "order" needs it': PLAIN + STEP.replace('text = "到岗"\n', ""),
    'T.toml: steps[0].loss is not for do = "order", which takes to, text': PLAIN + STEP + "loss = 0.5\n",
    'T.toml: steps[0].priority is "P9"; it must be one of P0, P1, P2, P3, P4': PLAIN + STEP + 'priority = "P9"\n',
    'T.toml: steps[0].via names "let", which is no channel here; did you mean "lte"?': PLAIN + STEP + 'via = ["let"]\n',
    'T.toml: steps[0] has none of channels, groups; do = "cut" needs one of them': PLAIN + '[[steps]]\nat_s = 1\ndo = "cut"\n',
    'T.toml: steps[0].channels names "lta", which is no channel here; did you mean "lte"?': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "cut"\nchannels = ["lta"]\n',
    'T.toml: steps[0].groups names "cell:b", which no channel has among its risk_groups; did you mean "cell:a"?': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "cut"\ngroups = ["cell:b"]\n',
    "T.toml: steps[0].hold_s keeps a message open until 3601, and the scenario is judged at 600; end later, or hold shorter": PLAIN
    + STEP.replace("hold_s = 300\n", ""),
    "T.toml: lines[0].to_s is 5; it must be after from_s, 9": PLAIN
    + STEP
    + LINE.replace('"met_s"', '"attempts"')
    + "from_s = 9\nto_s = 5\n",
    "T.toml: lines[0].from_s is 700, and the scenario ends at 600; it must be a number from 0 to 600": PLAIN
    + STEP
    + LINE.replace('"met_s"', '"attempts"')
    + "from_s = 700\n",
    "T.toml: persons.zhang.areas is \"320583102\"; area '320583102' has no code system": PLAIN.replace(
        'areas = ["mca:320585110"]', 'areas = ["320583102"]'
    ),
    "T.toml: steps[0].every_s is 1e-09; it must be a number from 0.01 to 2678400": PLAIN + STEP + "count = 3\nevery_s = 1e-9\n",
    "T.toml: steps[1].restart_s is Infinity; it must be a number from 0 to 2678400": PLAIN
    + STEP
    + '[[steps]]\nat_s = 2\ndo = "kill"\nrestart_s = inf\n',
    'T.toml: steps[1].label is "o", as that of an earlier step; each label stands once': PLAIN + STEP + STEP,
    'T.toml: steps[1].about is "p", which is no label of an earlier step; known are o': PLAIN
    + STEP
    + '[[steps]]\nat_s = 2\ndo = "sign"\nabout = "p"\nby = "chief"\n',
    'T.toml: steps[1].by is "chef", who is none of the signers; did you mean "chief"?': PLAIN
    + STEP
    + '[[steps]]\nat_s = 2\ndo = "sign"\nabout = "o"\nby = "chef"\n',
    "T.toml: steps[0].areas is \"320585110\"; area '320585110' has no code system": PLAIN
    + '[[steps]]\nat_s = 1\ndo = "alert"\nareas = ["320585110"]\n',
    "T.toml: steps[0].every_s is missing; with count = 3 it must be the seconds between two of them": PLAIN + STEP + "count = 3\n",
    "T.toml: lines[0] has no target; it must have one of at_most, at_least and equals": PLAIN + STEP + LINE.replace("at_most = 9\n", ""),
    'T.toml: lines[0].message is "q", which is no label of a step; known are o': PLAIN + STEP + LINE.replace('"o"', '"q"'),
    'T.toml: lines[0].measure is "mets"; it must be one of first_attempt_s': PLAIN + STEP + LINE.replace('"met_s"', '"mets"'),
    "T.toml: lines[0].later is missing; it must be the reason why this is not measured yet": PLAIN
    + '[[lines]]\nline = "l"\nmeasure = "later"\n',
    "T.toml: is not TOML: ": PLAIN + "[[steps\n",
    'T.toml: include names "T.toml", which includes this file; leave one of them out': 'include = ["T.toml"]\n' + PLAIN,
    "no.toml: cannot be read: No such file or directory": 'include = ["no.toml"]\n' + PLAIN,
}


def test_every_mistake_has_its_sentence(tmp_path: Path) -> None:
    """One file for each, and in what is said of it stands what is expected of it."""
    silent = []
    for expected, text in MISTAKES.items():
        with pytest.raises(SettingsError) as refusal:
            load_scenario(written(tmp_path, text))
        if not any(expected in fault for fault in refusal.value.faults):
            silent.append((expected, refusal.value.faults))
    assert [] == silent


MISTAKES |= {
    'T.toml: steps[0].verb is "road.reech", which is no verb of the desk; did you mean "road.reach"?': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "ask"\nverb = "road.reech"\n',
    "T.toml: energy.loads.radio.watts is [80, 40]; it must be a list of four numbers from 0": PLAIN
    + "[energy]\ncapacity_wh = 4800\nloads = { radio = { watts = [80, 40] } }\n",
    'T.toml: steps[0].mode is "dead"; the modes of power are grid': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "signal"\naxis = "power"\nmode = "dead"\nby = "sensor:x"\n',
    'T.toml: steps[0].adds names "runner"; write it as CHANNEL@SYSTEM:CODE': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "coverage"\nlabel = "c"\nadds = { runner = 0.5 }\n',
    'T.toml: steps[0].state is "full"; it must be one of unknown, mains, battery': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "telemetry"\nchannels = ["lte"]\nby = "zhang@lte"\nstate = "full"\n',
    'T.toml: steps[0].state is "slow"; of a log_volume it must be one of full, well': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "log_volume"\nstate = "slow"\n',
    'T.toml: steps[0].channels names "lte", which calls nobody; without by = an address there it must be a channel with calls': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "from_post"\nlabel = "p"\nchannels = ["lte"]\ntext = "到岗"\n',
    "T.toml: ends_s is Infinity; it must be a number above 0 to 2678400": PLAIN.replace("ends_s = 600", "ends_s = inf"),
    "T.toml: steps[0].do discharges a battery, and the scenario has no table [energy]": PLAIN
    + '[[steps]]\nat_s = 1\ndo = "discharge"\nby = "ups1"\n',
}
MISTAKES |= {
    'T.toml: steps[0].by is "zhang", who has no table [accounts.zhang]; did you mean "zhong"?': PLAIN
    + '[accounts.zhong]\nrights = ["operator"]\n[[steps]]\nat_s = 1\ndo = "log_in"\nby = "zhang"\naddress = "10.0.0.1"\nlabel = "s"\n',
    'T.toml: steps[0].session is "s", which is no label of an earlier step that does log_in': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "ask"\nverb = "status"\nsession = "s"\n',
    'T.toml: accounts.zhang.rights[0] is "releaser"; it must be one of auditor, operator, viewer': PLAIN
    + '[accounts.zhang]\nrights = ["releaser"]\n',
    'T.toml: lines[0].from_event is "mode.chnged", which nothing tells; did you mean "mode.changed"?': PLAIN
    + '[[lines]]\nline = "l"\nmeasure = "between_s"\nfrom_event = "mode.chnged"\nevent = "mode.changed"\nequals = 0\n',
}
TOLD = '[[lines]]\nline = "l"\nmeasure = "told"\nevent = "mode.changed"\nequals = 0\n'
MISTAKES |= {
    'T.toml: lines[0].event is "mode.chnged", which nothing tells; did you mean "mode.changed"?': PLAIN + TOLD.replace("changed", "chnged"),
    'T.toml: lines[0].event is "zzz", which nothing tells; all of them stand in docs/reference/events.md': PLAIN
    + TOLD.replace("mode.changed", "zzz"),
    'T.toml: lines[0].equals is "nine"; measure = "met_s" is a number': PLAIN + STEP + LINE.replace("at_most = 9", 'equals = "nine"'),
    'T.toml: lines[0].equals is true; measure = "met_s" is a number': PLAIN + STEP + LINE.replace("at_most = 9", "equals = true"),
    'T.toml: lines[0].equals is "DONE"; it must be of MET, MISSED, WAIVED, several joined by +': PLAIN
    + STEP
    + LINE.replace("met_s", "objective").replace("at_most = 9", 'equals = "DONE"'),
    'T.toml: lines[0].at_most is 9; measure = "objective" is no number, and takes equals': PLAIN
    + STEP
    + LINE.replace("met_s", "objective"),
    'T.toml: lines[0].equals is 1.0; measure = "held" is true or false': PLAIN
    + STEP
    + LINE.replace("met_s", "held").replace("at_most = 9", "equals = 1"),
    'T.toml: lines[0].equals is 1.0; measure = "refused" is a text': PLAIN
    + STEP
    + LINE.replace("met_s", "refused").replace("at_most = 9", "equals = 1"),
    "T.toml: lines[0].at_least is 10, and at_most is 9; nothing is both": PLAIN + STEP + LINE + "at_least = 10\n",
    "T.toml: lines[0].at_most is NaN; it must be a number": PLAIN + STEP + LINE.replace("= 9", "= nan"),
    "T.toml: lines[0].within is 10 without a number in equals": PLAIN + STEP + LINE + "within = 10\n",
    'T.toml: lines[0].message is "c", a step that does "cut"; it must be the label of one that does alert, update': PLAIN
    + STEP
    + '[[steps]]\nat_s = 2\ndo = "cut"\nchannels = ["lte"]\nlabel = "c"\n'
    + LINE.replace('"o"', '"c"'),
    'T.toml: lines[0].at is "o", a step that does "order"; it must be the label of one that does ask, sign, log_in or reconcile': PLAIN
    + STEP
    + '[[lines]]\nline = "l"\nmeasure = "answer"\nat = "o"\nfield = "x"\nequals = 1\n',
    'T.toml: steps[0].needed is "MAYBE"; it must be one of STORED, ACCEPTED': PLAIN + STEP + 'needed = "MAYBE"\n',
    "T.toml: steps[0].text is blank; it must say something": PLAIN + STEP.replace("到岗", "  "),
    "T.toml: steps[0].channels names 2 channels; a post speaks over one": PLAIN.replace(
        "[[places]]", '[channels.b]\naddress = "b"\n[[places]]'
    )
    + '[[steps]]\nat_s = 1\ndo = "telemetry"\nchannels = ["lte", "b"]\nby = "x"\nstate = "mains"\n',
    'T.toml: rules is "\\u0000", of 1 characters; no file can have that name': PLAIN.replace('"rules.toml"', '"\\u0000"'),
    "T.toml: steps[0].picture_octets is 90000, and no channel here has a table pictures": PLAIN + STEP + "picture_octets = 90000\n",
    "T.toml: steps[0].picture_octets is 9; it must be a whole number from 30000 to": PLAIN + STEP + "picture_octets = 9\n",
    'T.toml: lines[0].message is "o", which brings no picture; its step must have picture_octets': PLAIN
    + STEP
    + LINE.replace("met_s", "picture_s"),
}
UNKNOWN = {
    'T.toml: steps[0].to names "persn:zhang"; write person:ID, org:ID, role:ROLE': PLAIN + STEP.replace("person:", "persn:"),
    'T.toml: steps[0].to names "role:duty_oficer", a role that nobody has; did you mean "duty_officer"?': PLAIN
    + STEP.replace("person:zhang", "role:duty_oficer"),
    'T.toml: steps[0].to names "org:tc", which is no organisation': PLAIN + STEP.replace("person:zhang", "org:tc"),
    'T.toml: steps[0].place is "atlantis", which is no area, no organisation and no place of the map': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "signal"\naxis = "power"\nmode = "grid"\nby = "sensor:x"\nplace = "atlantis"\n',
    'T.toml: lines[0].audience is "the others", which no rule has; known are as addressed': PLAIN
    + STEP
    + LINE
    + 'audience = "the others"\n',
    'T.toml: lines[0].area names "mca:320585111", which the directory does not have; did you mean "mca:320585110"?': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "coverage"\nlabel = "c"\n[[lines]]\nline = "l"\nmeasure = "coverage"\nat = "c"\n'
    + 'area = "mca:320585111"\nequals = 90\n',
    'T.toml: channels.lte.pictures.by is "post"; with pictures can be simulated: vsat.http': PLAIN.replace(
        "[[places]]", '[channels.lte.pictures]\nby = "post"\n[[places]]'
    ),
    'T.toml: steps[0].by is "prt", which has no line in [nodes]': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "reconcile"\nby = "prt"\nlabel = "r"\n',
    'T.toml: persons.li.addresses.lte is "zhang@lte", which zhang has; a post that several share is one person': PLAIN
    + '[persons.li]\nname = "李四"\naddresses = { lte = "zhang@lte" }\n',
    'T.toml: persons.li.org is "fire", which is no organisation': PLAIN + '[persons.li]\nname = "李四"\norg = "fire"\n',
    'T.toml: contacts.lte.roles names "duty_oficer", a role that nobody has; did you mean "duty_officer"?': PLAIN
    + '[contacts.lte]\nroles = ["duty_oficer"]\n',
    "T.toml: energy.loads draw 1, 1, 1, 0 W in the four stages; each must draw something": PLAIN
    + "[energy]\ncapacity_wh = 100\n[energy.loads.pc]\nwatts = [1, 1, 1, 0]\n",
    'T.toml: steps[0].adds names "runner", which is no channel of the inventory': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "coverage"\nlabel = "c"\nadds = { "runner@mca:320585110" = 0.5 }\n',
    'T.toml: nodes.port is "none.toml"; it must be another scenario file, beside this one': PLAIN.replace(
        "[channels.lte]", '[nodes]\nport = "none.toml"\n[channels.lte]', 1
    ),
    'T.toml: directory is "': 'directory = "nowhere"\n' + PLAIN,
    'T.toml: modes is "': 'modes = "nowhere"\n' + PLAIN,
    'T.toml: behaviours.zhong is of nobody; did you mean "zhang"?': PLAIN + "[behaviours.zhong]\nanswers = 0.0\n",
    'T.toml: contacts.sms.persons names "zheng", who is nobody; did you mean "zhang"?': PLAIN + '[contacts.sms]\npersons = ["zheng"]\n',
    'T.toml: steps[0].areas names "mca:320585111", which the directory does not have; did you mean "mca:320585110"?': PLAIN
    + '[[steps]]\nat_s = 1\ndo = "alert"\nhold_s = 60\nareas = ["mca:320585111"]\n',
    'T.toml: persons.zhang.deputy is "zheng", who is nobody; did you mean "zhang"?': PLAIN + 'deputy = "zheng"\n',
    'T.toml: steps[0].to names "zheng", who is nobody; did you mean "zhang"?': PLAIN + STEP.replace("person:zhang", "person:zheng"),
    'T.toml: steps[0].file is "': PLAIN + '[[steps]]\nat_s = 1\ndo = "alert"\nfile = "none.xml"\n',
    'T.toml: rules: ladder only names "lte", which is no channel here; did you mean "let"?': PLAIN.replace("channels.lte", "channels.let"),
    'T.toml: rules is "': PLAIN.replace("rules.toml", "none.toml"),
}


def test_a_name_that_only_the_directory_or_the_rules_know_has_its_sentence(tmp_path: Path) -> None:
    """The file is sound by itself, and what it names is not there."""
    silent = []
    for expected, text in UNKNOWN.items():
        with pytest.raises(SettingsError) as refusal:
            opened(written(tmp_path, text))
        if not any(expected in fault for fault in refusal.value.faults):
            silent.append((expected, refusal.value.faults))
    assert [] == silent


def test_rules_in_another_encoding_have_their_sentence(tmp_path: Path) -> None:
    """As an editor of the county's own saves them."""
    path = written(tmp_path, PLAIN)
    (tmp_path / "rules.toml").write_bytes("# 规则\n".encode("gbk"))
    with pytest.raises(SettingsError, match="which is not UTF-8 at octet 2; save it as UTF-8"):
        opened(path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors leave one before UTF-8."""
    path = written(tmp_path, PLAIN)
    path.write_bytes("\ufeff".encode() + path.read_bytes())
    assert "T" == load_scenario(path).name


def test_a_file_says_over_what_it_includes(tmp_path: Path) -> None:
    """Tables key by key, lists of tables one after the other, everything else anew."""
    (tmp_path / "base.toml").write_text(PLAIN + STEP, encoding="utf-8")
    own = 'include = ["base.toml"]\nname = "over"\n[channels.lte]\nloss = 0.3\n' + STEP.replace('"o"', '"second"')
    scenario = load_scenario(written(tmp_path, own))
    assert ("over", "a try", 0.3, ("cell:a",)) == (
        scenario.name,
        scenario.title,
        scenario.channels["lte"].loss,
        scenario.channels["lte"].risk_groups,
    )
    assert ["o", "second"] == [step.label for step in scenario.steps]
