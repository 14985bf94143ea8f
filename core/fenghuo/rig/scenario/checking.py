"""What of a scenario does not fit together: names that nothing has, steps after the end, lines without a target. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from fenghuo.engine.modes_axis import MODES
from fenghuo.formats.power_report import STATES
from fenghuo.formats.table_reading import Faults, near, shown
from fenghuo.model.area import AreaRef
from fenghuo.model.evidence import Evidence
from fenghuo.model.mode import Axis
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.rig.scenario.letters import HOLD_S
from fenghuo.rig.scenario.schema import HAND_OVER, Do, Line, Measure, Scenario, Step
from fenghuo.rig.scenario.sense import line_sense
from fenghuo.service.desk import VERBS

__all__ = ["FIGURES", "check"]


class Keys(msgspec.Struct, frozen=True):
    """Which keys a step or a line takes: all of `needs`, one at least of `one_of`, and any of `may`."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


WORDS = ("priority", "needed", "via", "deadline_s", "hold_s", "traffic", "kind", "count", "every_s", "by", "label", "picture_octets")
CAP = ("label", "by", "text", "severity", "event", "scope", "traffic", "hold_s", "sent_s", "areas", "file")
LINKS = ("channels", "groups")
STEPS = {
    Do.ALERT: Keys(may=(*CAP, "about"), one_of=("areas", "file")),
    Do.UPDATE: Keys(needs=("about",), may=CAP),
    Do.CANCEL: Keys(needs=("about",), may=("label", "by", "text")),
    Do.REPEAT: Keys(needs=("about",), may=("label", "by", "text")),
    Do.FROM_POST: Keys(
        needs=("channels", "text", "label"), may=("to", "priority", "needed", "deadline_s", "hold_s", "kind", "by", "every_s")
    ),
    Do.TELEMETRY: Keys(needs=("channels", "by", "state"), may=("label", "charge_pct", "left_min", "fuel_pct")),
    Do.FORGE: Keys(needs=("channels", "by", "text"), may=("label", "count", "every_s")),
    Do.ORDER: Keys(needs=("to", "text"), may=WORDS),
    Do.SIGN: Keys(needs=("about", "by"), may=("label",)),
    Do.CUT: Keys(may=("label",), one_of=LINKS),
    Do.UNPLUG: Keys(may=("label",), one_of=LINKS),
    Do.DEGRADE: Keys(may=("label", "loss", "delay_s"), one_of=LINKS),
    Do.REPAIR: Keys(may=("label",), one_of=LINKS),
    Do.RELAY: Keys(needs=("channels", "every_s"), may=("label",)),
    Do.FLAP: Keys(needs=("until_s", "up_s", "down_s"), may=("label",), one_of=LINKS),
    Do.UNREACHABLE: Keys(needs=("channels", "areas"), may=("label",)),
    Do.REACHABLE: Keys(needs=("channels", "areas"), may=("label",)),
    Do.DISABLE: Keys(needs=("channels",), may=("label", "text")),
    Do.ENABLE: Keys(needs=("channels",), may=("label", "text")),
    Do.KILL: Keys(may=("label", "restart_s")),
    Do.DISK: Keys(needs=("state",), may=("label",)),
    Do.LOG_VOLUME: Keys(needs=("state",), may=("label",)),
    Do.CLOCK: Keys(needs=("off_s",), may=("label",)),
    Do.SIGNAL: Keys(needs=("axis", "mode", "by"), may=("label", "place", "until_s", "text")),
    Do.DISCHARGE: Keys(needs=("by",), may=("label", "every_s", "until_s")),
    Do.COVERAGE: Keys(needs=("label",), may=("about", "lose", "adds")),
    Do.LOG_IN: Keys(needs=("by", "address", "label")),
    Do.ASK: Keys(needs=("verb",), may=("label", "args", "by", "session", "address")),
    Do.RECONCILE: Keys(needs=("by", "label")),
    Do.NOTE: Keys(needs=("text",), may=("label",)),
}
SPAN = ("since", "from_s", "to_s")
TARGETS = ("at_most", "at_least", "equals")
LINES = {
    Measure.FIRST_ATTEMPT_S: Keys(needs=("message",), may=("channels",)),
    Measure.ATTEMPTS: Keys(may=("message", "channels", *SPAN)),
    Measure.DEVICE_SHARE: Keys(needs=("message", "by_s"), may=("audience", "level")),
    Measure.MET_S: Keys(needs=("message",), may=("audience",)),
    Measure.OBJECTIVE: Keys(needs=("message",), may=("audience",)),
    Measure.STATE: Keys(needs=("message",)),
    Measure.REFUSED: Keys(needs=("message",)),
    Measure.SUBMIT_S: Keys(needs=("message",)),
    Measure.RELEASED_S: Keys(needs=("message",)),
    Measure.DOWN_S: Keys(needs=("channels", "since")),
    Measure.UP_S: Keys(needs=("channels", "since")),
    Measure.FAILOVER_S: Keys(needs=("channels", "groups", "since"), may=("message",)),
    Measure.SENT_S: Keys(needs=("message", "since"), may=("channels",)),
    Measure.SWITCHES: Keys(needs=("since", "by_s"), may=("channels", "to_s")),
    Measure.FRAMES: Keys(needs=("channels",), may=("message", *SPAN)),
    Measure.AIRTIME_S: Keys(needs=("channels",), may=("message", *SPAN)),
    Measure.SHOWN_TWICE: Keys(may=("message",)),
    Measure.TOLD_S: Keys(needs=("event", "since"), may=("where",)),
    Measure.TOLD: Keys(needs=("event",), may=("where", *SPAN)),
    Measure.BETWEEN_S: Keys(needs=("event", "from_event"), may=("where", "from_where", *SPAN)),
    Measure.RESTART_S: Keys(needs=("since",)),
    Measure.KNOWN: Keys(),
    Measure.HELD: Keys(needs=("message",), may=("channels", "where", "by_s")),
    Measure.ANSWER: Keys(needs=("at", "field")),
    Measure.COVERAGE: Keys(needs=("at",), may=("figure", "area")),
    Measure.WAITS_S: Keys(needs=("channels",), may=("message",)),
    Measure.TAKEN_S: Keys(needs=("message",), may=("level", "share")),
    Measure.PIECES: Keys(needs=("message",)),
    Measure.CHARACTERS: Keys(needs=("message",)),
    Measure.SAID: Keys(needs=("message",)),
    Measure.NOT_TAKEN: Keys(needs=("channels",), may=SPAN),
    Measure.THUMBNAIL_S: Keys(needs=("message",), may=("channels",)),
    Measure.PICTURE_S: Keys(needs=("message",), may=("channels",)),
    Measure.PICTURE_OCTETS: Keys(needs=("message",), may=("channels", *SPAN)),
    Measure.PICTURE_AGAIN: Keys(needs=("message",)),
    Measure.LATER: Keys(needs=("later",)),
}
OPENING = (Do.ALERT, Do.UPDATE, Do.ORDER, Do.FROM_POST)
"""Steps whose message has an end of its own."""
FIGURES = ("lower", "grouped", "independent", "upper", "took_s", "passes", "light")
VALUES: dict[str, Collection[str]] = {
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "traffic": tuple(Traffic),
    "priority": tuple(Priority.__members__),
    "scope": ("Public", "Restricted"),
    "state": ("full", "short", "failing", "slow", "well"),
    "axis": ("power", "network", "road"),
    "kind": ("Dispatch", "Report"),
    "needed": tuple(Evidence.__members__),
}


def check(scenario: Scenario, faults: Faults) -> None:
    """Add a sentence for everything that does not fit."""
    labels = _labels(scenario, faults)
    for place, step in enumerate(scenario.steps):
        found = (*_step_faults(step, scenario, labels), *_wants(step, scenario), *_names(step, scenario), *_step_names(step, scenario))
        found += tuple(_post_faults(step, scenario))
        _add(f"steps[{place}]", found, faults)
    for place, line in enumerate(scenario.lines):
        _add(f"lines[{place}]", (*_line_faults(line, labels, scenario.ends_s), *_names(line, scenario)), faults)
    if not scenario.channels:
        faults.add("channels", "is missing; a scenario has at least one table [channels.NAME]")
    _fixture_faults(scenario, faults)
    carries = any(spec.pictures is not None for spec in scenario.channels.values())
    for place, step in enumerate(scenario.steps):
        if step.picture_octets is not None and not carries:
            faults.add(f"steps[{place}].picture_octets", f"is {step.picture_octets}, and no channel here has a table pictures")


def _fixture_faults(scenario: Scenario, faults: Faults) -> None:
    """Codes that are none, and traffic that no channel knows."""
    for place, one in enumerate(scenario.places):
        refs = (("ref", (one.ref,)), ("parent", (one.parent,) if one.parent else ()))
        _add(f"places[{place}]", (says for key, named in refs for says in _areas(key, named)), faults)
    for table, named in (("sources", scenario.sources), ("persons", scenario.persons), ("contacts", scenario.contacts)):
        for name, whose in named.items():
            _add(f"{table}.{name}", _areas("areas", whose.areas), faults)
    for name, spec in scenario.channels.items():
        wrong = [one for one in spec.traffic if one not in tuple(Traffic)]
        _add(f"channels.{name}", (("traffic", f"has {shown(one)}; it must be of {', '.join(Traffic)}") for one in wrong), faults)


def _add(at: str, found: Iterable[tuple[str, str]], faults: Faults) -> None:
    for key, says in found:
        faults.add(f"{at}.{key}" if key else at, says)


def _labels(scenario: Scenario, faults: Faults) -> dict[str, Step]:
    found: dict[str, Step] = {}
    if scenario.energy is not None and scenario.energy.hand_over_to:
        found[HAND_OVER] = Step(scenario.ends_s, Do.NOTE, HAND_OVER)
    for place, step in enumerate(scenario.steps):
        if step.label in found:
            faults.add(f"steps[{place}].label", f"is {shown(step.label)}, as that of an earlier step; each label stands once")
        if step.label:
            found[step.label] = step
    return found


def _step_faults(step: Step, scenario: Scenario, labels: dict[str, Step]) -> Iterator[tuple[str, str]]:
    yield from _key_faults(step, STEPS[step.do], f'do = "{step.do}"', ("at_s", "do"))
    yield from _blank_faults(step)
    for key in ("at_s", "until_s"):
        value = getattr(step, key)
        if value is not None and value > scenario.ends_s and not (key == "until_s" and step.do is Do.SIGNAL):
            yield key, f"is {value:g}, and the scenario ends at {scenario.ends_s:g}; it must be a number from 0 to {scenario.ends_s:g}"
    if step.until_s is not None and step.until_s <= step.at_s and step.do is Do.FLAP:
        yield "until_s", f"is {step.until_s:g}; it must be after at_s, {step.at_s:g}"
    if step.do in OPENING and not step.file and _last_s(step) > scenario.ends_s:
        yield (
            "hold_s",
            f"keeps a message open until {_last_s(step):g}, and the scenario is judged at {scenario.ends_s:g}; end later, or hold shorter",
        )
    if step.about and (step.about not in labels or labels[step.about].at_s > step.at_s):
        early = [label for label, one in labels.items() if one.at_s <= step.at_s and label != step.label]
        yield "about", f"is {shown(step.about)}, which is no label of an earlier step{near(step.about, early)}"
    if step.by and step.do is Do.SIGN and step.by not in scenario.signers:
        yield "by", f"is {shown(step.by)}, who is none of the signers{near(step.by, scenario.signers)}"
    if step.count > 1 and step.every_s is None:
        yield "every_s", f"is missing; with count = {step.count} it must be the seconds between two of them"


def _blank_faults(step: Step) -> Iterator[tuple[str, str]]:
    if "text" in STEPS[step.do].needs and step.text and not step.text.strip():
        yield "text", "is blank; it must say something"


def _last_s(step: Step) -> float:
    """When the last message of a step comes to its end."""
    return step.at_s + (step.count - 1) * (step.every_s or 0.0) + (step.hold_s or HOLD_S)


def _wants(step: Step, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What a step needs that stands elsewhere."""
    if step.do is Do.DISCHARGE and scenario.energy is None:
        yield "do", "discharges a battery, and the scenario has no table [energy]"
    yield from _sessions(step, scenario)
    if step.verb and step.verb not in VERBS:
        yield "verb", f"is {shown(step.verb)}, which is no verb of the desk{near(step.verb, VERBS)}"
    if step.do is Do.SIGNAL and step.axis in tuple(Axis) and step.mode not in MODES[Axis(step.axis)]:
        yield "mode", f"is {shown(step.mode)}; the modes of {step.axis} are {', '.join(MODES[Axis(step.axis)])}"
    if step.do is Do.LOG_VOLUME and step.state not in ("", "full", "well"):
        yield "state", f"is {shown(step.state)}; of a log_volume it must be one of full, well"
    for name in step.adds:
        channel, _, area = name.partition("@")
        if not channel or next(_areas("adds", (area,)), None):
            yield "adds", f"names {shown(name)}; write it as CHANNEL@SYSTEM:CODE, such as runner@nbs:320585104"


def _sessions(step: Step, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Who logs in without an account, and sessions that nobody has opened."""
    if step.do is Do.LOG_IN and step.by and step.by not in scenario.accounts:
        yield "by", f"is {shown(step.by)}, who has no table [accounts.{step.by}]{near(step.by, scenario.accounts)}"
    opened = [one.label for one in scenario.steps if one.do is Do.LOG_IN and one.at_s <= step.at_s]
    if step.session and step.session not in opened:
        yield "session", f"is {shown(step.session)}, which is no label of an earlier step that does log_in{near(step.session, opened)}"


def _line_faults(line: Line, labels: dict[str, Step], ends_s: float) -> Iterator[tuple[str, str]]:
    if line.measure is not Measure.LATER and not line.later and not any(getattr(line, name) is not None for name in TARGETS):
        yield "", "has no target; it must have one of at_most, at_least and equals"
    if line.measure is Measure.LATER and not line.later:
        yield "later", "is missing; it must be the reason why this is not measured yet"
    if line.later:
        return
    yield from _key_faults(line, LINES[line.measure], f'measure = "{line.measure}"', ("line", "measure", "within", "later", *TARGETS))
    for key in ("message", "since", "at"):
        name = getattr(line, key)
        if name and name not in labels:
            yield key, f"is {shown(name)}, which is no label of a step{near(name, labels)}"
    if line.figure not in FIGURES:
        yield "figure", f"is {shown(line.figure)}; it must be one of {', '.join(FIGURES)}"
    yield from _span_faults(line, ends_s)
    yield from line_sense(line, labels)


def _span_faults(line: Line, ends_s: float) -> Iterator[tuple[str, str]]:
    """Spans in which nothing can have happened: what is counted in one is 0, which looks like a promise kept."""
    for key in ("from_s", "to_s", "by_s"):
        value = getattr(line, key)
        if value is not None and value > ends_s and not (key == "by_s" and line.since):
            yield key, f"is {value:g}, and the scenario ends at {ends_s:g}; it must be a number from 0 to {ends_s:g}"
    if line.from_s is not None and line.to_s is not None and line.to_s <= line.from_s:
        yield "to_s", f"is {line.to_s:g}; it must be after from_s, {line.from_s:g}"


def _key_faults(one: Step | Line, keys: Keys, what: str, always: Collection[str]) -> Iterator[tuple[str, str]]:
    given = {field.name for field in msgspec.structs.fields(type(one)) if getattr(one, field.name) not in (field.default, {})}
    for name in keys.needs:
        if name not in given:
            yield name, f"is missing; {what} needs it"
    if keys.one_of and not given & set(keys.one_of):
        yield "", f"has none of {', '.join(keys.one_of)}; {what} needs one of them"
    for name in sorted(given - {*keys.needs, *keys.may, *keys.one_of, *always}):
        takes = (*keys.needs, *keys.one_of, *keys.may)
        yield name, f"is not for {what}" + (f", which takes {', '.join(dict.fromkeys(takes))}" if takes else ", which takes no such key")


def _post_faults(step: Step, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Who is nobody on the radio by which posts speak."""
    if step.do in (Do.FROM_POST, Do.FORGE, Do.TELEMETRY) and len(step.channels) != 1:
        yield "channels", f"names {len(step.channels)} channels; a post speaks over one"
    for name in step.channels if step.do in (Do.FROM_POST, Do.FORGE) else ():
        spec = scenario.channels.get(name)
        if spec is not None and not spec.calls and (step.do is Do.FORGE or not step.by):
            yield "channels", f"names {shown(name)}, which calls nobody; without by = an address there it must be a channel with calls"


def _names(one: Step | Line, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Channels and groups that nothing has; of a failover `groups` names the channels that are lost."""
    groups = {group for channel in scenario.channels.values() for group in channel.risk_groups}
    known = groups if isinstance(one, Step) or one.measure is not Measure.FAILOVER_S else set(scenario.channels)
    for name in one.channels:
        if name not in scenario.channels:
            yield "channels", f"names {shown(name)}, which is no channel here{near(name, scenario.channels)}"
    for name in one.groups:
        if name not in known:
            what = "which no channel has among its risk_groups" if known is groups else "which is no channel here"
            yield "groups", f"names {shown(name)}, {what}{near(name, known)}"


def _step_names(step: Step, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Areas, ways and words of a step that do not exist."""
    yield from _areas("areas", step.areas)
    for name in step.via:
        if name not in scenario.channels:
            yield "via", f"names {shown(name)}, which is no channel here{near(name, scenario.channels)}"
    values = VALUES if step.do is not Do.TELEMETRY else {**VALUES, "state": STATES}
    for key, allowed in values.items():
        value: Any = getattr(step, key)
        if value and value not in allowed:
            yield key, f"is {shown(value)}; it must be one of {', '.join(allowed)}{_meant(value, allowed)}"


def _areas(key: str, refs: Iterable[str]) -> Iterator[tuple[str, str]]:
    for ref in refs:
        try:
            AreaRef.parse(ref)
        except ValueError as refusal:
            yield key, f"is {shown(ref)}; {refusal}"


def _meant(value: str, allowed: Iterable[str]) -> str:
    hint = near(value, allowed)
    return hint if "did you mean" in hint else ""
