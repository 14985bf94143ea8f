"""Names of a fixture behind which there is nothing: organisations, roles, numbers of two people, loads, and what coverage counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from fenghuo.formats.table_reading import near, shown
from fenghuo.model.directory import Directory
from fenghuo.rig.scenario.names import meant, nobody, roles_of, unknown
from fenghuo.rig.scenario.schema import Scenario

__all__ = ["fixture_faults"]


def fixture_faults(scenario: Scenario, directory: Directory, inventory: Collection[str]) -> Iterator[str]:
    """A sentence for each. `inventory`: the public channels that coverage counts."""
    yield from people_faults(scenario, directory)
    yield from energy_faults(scenario, directory)
    for place, step in enumerate(scenario.steps):
        for name in step.adds:
            channel, _, area = name.partition("@")
            yield from (f"steps[{place}].adds {says}" for says in unknown((area,), directory))
            if channel not in inventory:
                yield f"steps[{place}].adds names {shown(channel)}, which is no channel of the inventory{near(channel, inventory)}"


def people_faults(scenario: Scenario, directory: Directory) -> Iterator[str]:
    """Organisations and roles that nobody has."""
    orgs, roles = set(directory.org_by_id), roles_of(directory)
    for name, person in scenario.persons.items():
        if person.org and person.org not in orgs:
            yield f"persons.{name}.org is {shown(person.org)}, which is no organisation{meant(person.org, orgs)}"
    for kind, whose in scenario.contacts.items():
        yield from (
            f"contacts.{kind}.orgs names {shown(one)}, which is no organisation{meant(one, orgs)}" for one in whose.orgs if one not in orgs
        )
        strangers = (one for one in whose.roles if one not in roles)
        yield from (f"contacts.{kind}.roles names {shown(one)}, a role that nobody has{meant(one, roles)}" for one in strangers)
    yield from _shared_numbers(scenario)


def _shared_numbers(scenario: Scenario) -> Iterator[str]:
    """One address of two people: a copy each would go there, and nobody could say whose answer comes back."""
    had: dict[tuple[str, str], str] = {}
    for name, person in scenario.persons.items():
        for kind, address in person.addresses.items():
            other = had.setdefault((kind, address), name)
            if other != name:
                yield f"persons.{name}.addresses.{kind} is {shown(address)}, which {other} has; a post that several share is one person"


def energy_faults(scenario: Scenario, directory: Directory) -> Iterator[str]:
    energy = scenario.energy
    if energy is None:
        return
    if energy.hand_over_to:
        yield from (f"energy.hand_over_to {says}" for says in nobody(energy.hand_over_to, directory))
    for name, load in energy.loads.items():
        if load.channel and load.channel not in scenario.channels:
            known = near(load.channel, scenario.channels)
            yield f"energy.loads.{name}.channel is {shown(load.channel)}, which is no channel here{known}"
    drawn = [sum(load.watts[place] for load in energy.loads.values()) for place in range(4)]
    if not all(drawn):
        yield f"energy.loads draw {', '.join(f'{one:g}' for one in drawn)} W in the four stages; each must draw something"
    if not all(energy.efficiency):
        yield "energy.efficiency has a 0; each must be above 0, to 1"
