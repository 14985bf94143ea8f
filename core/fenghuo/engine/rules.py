"""The rules file: named ladders, and rules that turn a message into objectives. Parsed once, then frozen."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import Faults, read_struct
from fenghuo.model.area import AreaRef
from fenghuo.model.audience import Audience
from fenghuo.model.evidence import Evidence
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Priority

__all__ = ["INHERITED", "Escalation", "Ladder", "Match", "Rule", "RuleBook", "Rung", "RungMode", "read_rules", "rules_schema"]

INHERITED = "(inherited)"
"""The ladder name of an objective whose ways were taken over from the revision it replaces."""
ASKED_FOR = tuple(level.name for level in Evidence if level > Evidence.STORED)
"""Evidence that somebody has to give: what is on our own disk has been sent to nobody."""
S = TypeVar("S", bound=msgspec.Struct)
ACK = re.compile(r"any|all|n:[1-9][0-9]*")


class RungMode(StrEnum):
    """How a rung starts against the one before it: at once, when that one is slower than usual, or when it gave nothing."""

    PARALLEL = "parallel"
    HEDGE = "hedge"
    THEN = "then"


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Alternates of which one is used. `after_s`: seconds after the rung before, whatever that one does."""

    channels: tuple[str, ...]
    mode: RungMode = RungMode.THEN
    after_s: float | None = None


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which channels, in which order. `min_risk_groups`: how many disjoint risk groups its channels must have between them."""

    rungs: tuple[Rung, ...]
    min_risk_groups: int = 1


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After `after_s` seconds without the needed evidence, also ask `to`: "deputy", or "person:ID"."""

    after_s: float
    to: str = "deputy"


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every named field must hold one of the listed values; a field left out holds for every message."""

    kind: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    certainty: tuple[str, ...] = ()
    colour: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    event_code: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a matching message asks for. `signatures`: None means two for a public actual alert and none for the rest.

    `continue_` (in the file: `continue`) means "also": the next rules are looked at too. It never means "on failure".
    """

    name: str
    audience: Audience
    ladder: str
    match: Match = Match()
    needed: str = "DEVICE"
    ack: str = "all"
    deadline_s: float = 300.0
    priority: str | None = None
    signatures: int | None = None
    continue_: bool = msgspec.field(default=False, name="continue")
    escalate: tuple[Escalation, ...] = ()

    @property
    def needed_level(self) -> Evidence:
        return Evidence[self.needed]

    @property
    def priority_level(self) -> Priority | None:
        return Priority.parse(self.priority) if self.priority else None


class RuleBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """All ladders and rules of a node. Rules are tried in the order of the file."""

    ladders: dict[str, Ladder] = {}
    rules: tuple[Rule, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex, first 16) of the rules as understood."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    @cached_property
    def rule_by_name(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.rules}

    def ladder(self, name: str) -> Ladder:
        """The ladder that a rule of this book names, or the node's own probe goes by."""
        return _OWN_LADDER if name == SELF_PROBE else self.ladders[name]

    def rules_for(self, source: str) -> tuple[Rule, ...]:
        """What is tried for a message of this source: of the node's own probe its own rule alone, whatever the file says."""
        return _OWN_RULES if source == SELF_PROBE else self.rules


_OWN_LADDER = Ladder((Rung((SELF_PROBE,)),))
_OWN_RULES = (Rule(SELF_PROBE, Audience(SELF_PROBE), SELF_PROBE, signatures=0),)


def read_rules(text: str, *, file: str = "rules.toml") -> RuleBook:
    """The rules file as a RuleBook. Raises: SettingsError with every fault as a sentence that names file and key."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{file}: not TOML: {error}",)) from error
    faults: list[str] = []
    ladders = {name: entry for name, raw in _table(tree, "ladders", file, faults).items() if (entry := _ladder(name, raw, file, faults))}
    rules = tuple(rule for n, raw in enumerate(_list(tree, "rules", file, faults), 1) if (rule := _rule(n, raw, file, faults)))
    faults += [f"{file}: {key}: unknown key; known are ladders and rules" for key in tree if key not in ("ladders", "rules")]
    faults += _cross_faults(set(_table(tree, "ladders", file, [])), rules, file)
    if faults:
        raise SettingsError(tuple(faults))
    return RuleBook(ladders=ladders, rules=rules)


def rules_schema() -> dict[str, Any]:
    """JSON Schema of the rules file."""
    return msgspec.json.schema(RuleBook)


def _table(tree: dict[str, Any], key: str, file: str, faults: list[str]) -> dict[str, Any]:
    value = tree.get(key, {})
    if isinstance(value, dict):
        return value
    faults.append(f"{file}: {key}: must be a table of named entries, [{key}.NAME]")
    return {}


def _list(tree: dict[str, Any], key: str, file: str, faults: list[str]) -> list[Any]:
    value = tree.get(key, [])
    if isinstance(value, list):
        return value
    faults.append(f"{file}: {key}: must be a list of entries, [[{key}]]")
    return []


def _read(raw: object, shape: type[S], at: str, faults: list[str]) -> S | None:
    """One entry, every mistake of its keys told as the settings tell theirs: the key, what stands there, what would be right."""
    if not isinstance(raw, dict):
        faults.append(f"{at}: must be a table of keys")
        return None
    found = Faults(at)
    made = read_struct(raw, shape, "", found)
    faults += found.found
    return made


def _ladder(name: str, raw: object, file: str, faults: list[str]) -> Ladder | None:
    ladder = _read(raw, Ladder, f"{file}: ladders.{name}", faults)
    if ladder is None:
        return None
    if not ladder.rungs or any(not rung.channels for rung in ladder.rungs):
        faults.append(f"{file}: ladders.{name}: needs at least one rung, and each rung at least one channel")
    named = [channel for rung in ladder.rungs for channel in rung.channels]
    twice = sorted({channel for channel in named if named.count(channel) > 1})  # one recipient, one channel: one delivery, one token
    faults += [f"{file}: ladders.{name}: channel {channel!r} is named twice; once is enough" for channel in twice]
    early = [rung.after_s for rung in ladder.rungs if rung.after_s is not None and rung.after_s < 0]
    faults += [f"{file}: ladders.{name}: a rung opens after {after_s} seconds; must be 0 or more" for after_s in early]
    return ladder


def _rule(n: int, raw: object, file: str, faults: list[str]) -> Rule | None:
    name = raw.get("name") if isinstance(raw, dict) else None
    rule = _read(raw, Rule, f"{file}: rules[{n}]" + (f" {name!r}" if isinstance(name, str) else ""), faults)
    if rule is None:
        return None
    faults += [
        f"{file}: rules[{n}] {rule.name!r}: {fault}" for check in (_figure_faults, _audience_faults, _step_faults) for fault in check(rule)
    ]
    return rule


def _figure_faults(rule: Rule) -> Iterator[str]:
    if rule.needed not in ASKED_FOR:
        yield f"needed is {rule.needed!r}; must be one of {', '.join(ASKED_FOR)}"
    if rule.priority is not None and rule.priority.upper() not in Priority.__members__:
        yield f"priority is {rule.priority!r}; must be one of P0, P1, P2, P3, P4"
    if not ACK.fullmatch(rule.ack):
        yield f"ack is {rule.ack!r}; must be any, all, or n:COUNT such as n:3"
    if rule.deadline_s <= 0:
        yield f"deadline_s is {rule.deadline_s}; must be more than 0 seconds"
    if rule.signatures is not None and not 0 <= rule.signatures <= 2:
        yield f"signatures is {rule.signatures}; must be 0, 1 or 2"


def _audience_faults(rule: Rule) -> Iterator[str]:
    """An area that cannot be read would stop the engine when the first message comes, not now."""
    areas = rule.audience.areas
    for name in (areas,) if isinstance(areas, str) else areas:
        try:
            if name not in ("message", "all"):
                AreaRef.parse(name)
        except ValueError as error:
            yield f"audience: {error}"


def _step_faults(rule: Rule) -> Iterator[str]:
    for step in rule.escalate:
        if step.after_s < 0:
            yield f"escalate waits {step.after_s} seconds; must be 0 or more"
        if step.to != "deputy" and not step.to.startswith("person:"):
            yield f"escalate asks {step.to!r}; must be deputy or person:ID"


def _cross_faults(ladders: set[str], rules: tuple[Rule, ...], file: str) -> list[str]:
    """Faults that only show when everything is read: a ladder nobody defined, a rule name used twice."""
    faults: list[str] = []
    seen: set[str] = set()
    for rule in rules:
        if rule.ladder not in ladders:
            known = ", ".join(sorted(ladders)) or "none"
            faults.append(f"{file}: rule {rule.name!r}: ladder {rule.ladder!r} is not defined; defined are {known}")
        if rule.name in seen:
            faults.append(f"{file}: rule {rule.name!r}: the name is used twice; names must be unique")
        seen.add(rule.name)
    return faults
