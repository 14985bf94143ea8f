"""Names in a scenario that only its directory, its rules or its map can tell: people, areas, places, audiences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from fenghuo.engine.addressees import FORMS
from fenghuo.engine.routing import addressee
from fenghuo.engine.rules import RuleBook
from fenghuo.formats.table_reading import near, shown
from fenghuo.model.directory import Directory
from fenghuo.model.road import RoadMap
from fenghuo.rig.scenario.pictures import carriers
from fenghuo.rig.scenario.schema import Do, Line, Scenario, Step

__all__ = ["meant", "name_faults", "nobody", "roles_of", "unknown"]

KINDS = ("person", "org", "role", "area", "group")


def name_faults(scenario: Scenario, directory: Directory, rules: RuleBook, roads: RoadMap) -> Iterator[str]:
    """A sentence for each name behind which there is nothing."""
    yield from _fixture_faults(scenario, directory)
    for place, step in enumerate(scenario.steps):
        yield from (f"steps[{place}].{says}" for says in _step_faults(step, directory, roads, scenario.nodes))
    for place, line in enumerate(scenario.lines):
        yield from (f"lines[{place}].{says}" for says in _line_faults(line, directory, rules))
    channels = scenario.channels
    for name, ladder in rules.ladders.items():
        missing = dict.fromkeys(channel for rung in ladder.rungs for channel in rung.channels if channel not in channels)
        yield from (
            f"rules: ladder {name} names {shown(channel)}, which is no channel here{near(channel, channels)}" for channel in missing
        )


def _fixture_faults(scenario: Scenario, directory: Directory) -> Iterator[str]:
    known = directory.person_by_id
    yield from (f"behaviours.{name} is of nobody{near(name, known)}" for name in scenario.behaviours if name not in known)
    for channel, spec in scenario.channels.items():
        without = [one for one in spec.calls if spec.address not in {point.kind for point in directory.contacts_by_owner.get(one, ())}]
        says = f"who has no address of the kind {spec.address}"
        yield from (f"channels.{channel}.calls names {shown(one)}, {says}{meant(one, set(known))}" for one in without)
    for channel, spec in scenario.channels.items():
        if spec.pictures is not None and spec.pictures.by not in carriers():
            knows = ", ".join(sorted(carriers()))
            yield f"channels.{channel}.pictures.by is {shown(spec.pictures.by)}; with pictures can be simulated: {knows}"
    for kind, whose in scenario.contacts.items():
        strangers = (person for person in whose.persons if person not in known)
        yield from (f"contacts.{kind}.persons names {shown(person)}, who is nobody{near(person, known)}" for person in strangers)
        yield from (f"contacts.{kind}.areas {says}" for says in unknown(whose.areas, directory))
    for name, person in scenario.persons.items():
        yield from (f"persons.{name}.areas {says}" for says in unknown(person.areas, directory))
        if person.deputy and person.deputy not in known:
            yield f"persons.{name}.deputy is {shown(person.deputy)}, who is nobody{near(person.deputy, known)}"


def _step_faults(step: Step, directory: Directory, roads: RoadMap, nodes: Collection[str]) -> Iterator[str]:
    yield from (f"areas {says}" for says in unknown(step.areas, directory))
    yield from (f"to {says}" for one in step.to for says in nobody(one, directory))
    if step.file and not Path(step.file).is_file():
        yield f"file is {shown(step.file)}, which is no file"
    if step.do is Do.RECONCILE and step.by not in nodes:
        yield f"by is {shown(step.by)}, which has no line in [nodes]{near(step.by, nodes)}"
    if step.do is Do.SIGNAL and step.place:
        places = {*map(str, directory.area_by_ref), *directory.org_by_id, *roads.place_by_id}
        if step.place not in places:
            yield f"place is {shown(step.place)}, which is no area, no organisation and no place of the map{meant(step.place, places)}"


def nobody(expression: str, directory: Directory) -> Iterator[str]:
    """An address of another form, or of somebody who does not exist. That nobody in an area has a role is what a scenario may be about."""
    kind, _, name = expression.partition(":")
    known = directory.person_by_id
    if kind not in KINDS:
        yield f"names {shown(expression)}; write {FORMS}"
    elif kind == "person" and name not in known:
        yield f"names {shown(name)}, who is nobody{near(name, known)}"
    elif kind == "role" and not addressee(f"role:{name.partition('@')[0]}", directory):
        yield f"names {shown(expression)}, a role that nobody has{meant(name.partition('@')[0], roles_of(directory))}"
    elif kind == "org" and name not in directory.org_by_id:
        yield f"names {shown(expression)}, which is no organisation{meant(name, set(directory.org_by_id))}"


def roles_of(directory: Directory) -> set[str]:
    return {role for person in directory.persons for role in person.roles}


def _line_faults(line: Line, directory: Directory, rules: RuleBook) -> Iterator[str]:
    audiences = {rule.audience.name for rule in rules.rules}
    if line.audience and line.audience not in audiences:
        yield f"audience is {shown(line.audience)}, which no rule has{near(line.audience, audiences)}"
    if line.area:
        yield from (f"area {says}" for says in unknown((line.area,), directory))


def unknown(refs: tuple[str, ...], directory: Directory) -> Iterator[str]:
    known = {str(ref) for ref in directory.area_by_ref}
    yield from (f"names {shown(ref)}, which the directory does not have{meant(ref, known)}" for ref in refs if ref not in known)


def meant(ref: str, known: set[str]) -> str:
    hint = near(ref, known)
    return hint if "did you mean" in hint else ""
