"""From a scenario to the ground it takes place on: directory, rules, coverage inventory, and a channel instance for each channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fenghuo.clock import instant
from fenghuo.command.duties import CommandRules
from fenghuo.engine.authority import Grant
from fenghuo.engine.channels import Terms
from fenghuo.engine.energy import Battery, Load
from fenghuo.engine.modes_profile import Profiles, read_profiles
from fenghuo.engine.rules import RuleBook, read_rules
from fenghuo.errors import SettingsError
from fenghuo.formats.directory_csv import read_directory
from fenghuo.formats.table_reading import shown
from fenghuo.link import Caps
from fenghuo.model.area import Area, AreaRef
from fenghuo.model.coverage import Inventory, Provenance, Reach
from fenghuo.model.directory import ContactPoint, Directory, Person
from fenghuo.model.road import RoadMap
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.carrying import CarryingTerms
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.ports import Capabilities, Probing
from fenghuo.rig.scenario.fixture_names import fixture_faults
from fenghuo.rig.scenario.names import name_faults
from fenghuo.rig.scenario.pictures import carriers
from fenghuo.rig.scenario.schema import ChannelSpec, Contacts, Pictures, Scenario
from fenghuo.rig.world.ground import Carries, Ground, Way
from fenghuo.service.command_rules import command_rules_of
from fenghuo.service.directory import csv_files
from fenghuo.service.inventory import inventory_of
from fenghuo.service.roads import map_of
from fenghuo.service.settings_values import EnergySettings

__all__ = ["added_reach", "ground_of"]

ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
REAL = (Traffic.ACTUAL, Traffic.SYSTEM)


def ground_of(scenario: Scenario, file: str) -> Ground:
    """Everything that a run stands on. Blocks. Raises: SettingsError with every fault of rules, directory and names."""
    folder = Path(scenario.directory) if scenario.directory else None
    directory, inventory, roads, faults = _directory(scenario, folder, file)
    rules = _rules(scenario, file)
    profiles, wrong = _profiles(scenario, file)
    counted = [channel.name for channel in inventory.channels]
    names = (*name_faults(scenario, directory, rules, roads), *fixture_faults(scenario, directory, counted))
    faults += [f"{file}: {fault}" for fault in (*wrong, *names)]
    if faults:
        raise SettingsError(tuple(faults))
    span_s, share = scenario.airtime_span_s, scenario.airtime_share
    return Ground(
        ways=tuple(_way(name, spec, directory) for name, spec in scenario.channels.items()),
        directory=directory,
        rules=rules,
        public=tuple(name for name, spec in scenario.channels.items() if spec.public),
        signers=scenario.signers,
        caps=Caps(span_s=span_s, hard=share, soft=share * 0.8, reserve=share * 0.2),
        inventory=inventory,
        besides=scenario.besides,
        roads=roads,
        sources={name: tuple(map(AreaRef.parse, source.areas)) for name, source in scenario.sources.items()},
        grants={name: (Grant(name, kinds=source.kinds),) for name, source in scenario.sources.items() if source.kinds},
        profiles=profiles,
        energy=_energy(scenario),
        accounts={name: account.rights for name, account in scenario.accounts.items()},
        command_rules=command_rules_of(folder) if folder is not None else CommandRules(),
    )


def _rules(scenario: Scenario, file: str) -> RuleBook:
    path = Path(scenario.rules)
    try:
        return read_rules(path.read_text(encoding="utf-8"), file=path.name)
    except OSError as error:
        raise SettingsError((f"{file}: rules is {shown(scenario.rules)}, which cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        says = f"which is not UTF-8 at octet {error.start}; save it as UTF-8"
        raise SettingsError((f"{file}: rules is {shown(scenario.rules)}, {says}",)) from error


def _directory(scenario: Scenario, folder: Path | None, file: str) -> tuple[Directory, Inventory, RoadMap, list[str]]:
    base, inventory, roads, faults = Directory(), Inventory(), RoadMap(), list[str]()
    if folder is not None:
        if not folder.is_dir():
            raise SettingsError((f"{file}: directory is {shown(str(folder))}, which is no folder",))
        kinds = {name: kind.normalise for name, kind in load_plugins().address_kinds.items()}
        base, found = read_directory(csv_files(folder), kinds)
        faults = [f"{folder.name}/{fault}" for fault in found if not fault.is_note]
        inventory, wrong = inventory_of(folder, base)
        roads, more = map_of(folder, base)
        faults += (*wrong, *more)
    places = (Area(AreaRef.parse(one.ref), one.name, one.level, _ref(one.parent), lat=one.lat, lon=one.lon) for one in scenario.places)
    areas = (*base.areas, *places)
    persons = (*base.persons, *_persons(scenario))
    directory = Directory(base.orgs, base.roles, persons, (*base.contacts, *_contacts(scenario, persons)), areas)
    return directory, inventory, roads, faults


def _profiles(scenario: Scenario, file: str) -> tuple[Profiles, list[str]]:
    """Profiles of modes of a folder, and what is wrong with them."""
    if not scenario.modes:
        return {}, []
    folder = Path(scenario.modes)
    if not folder.is_dir():
        return {}, [f"{file}: modes is {shown(str(folder))}, which is no folder"]
    try:
        return read_profiles({f"{folder.name}/{file.name}": file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.toml"))}), []
    except SettingsError as error:
        return {}, list(error.faults)
    except UnicodeDecodeError as error:
        return {}, [f"{file}: modes is {shown(str(folder))}, with a file that is not UTF-8 at octet {error.start}; save it as UTF-8"]


def _energy(scenario: Scenario) -> EnergySettings | None:
    table = scenario.energy
    if table is None:
        return None
    loads = tuple(Load(name, one.watts, one.channel) for name, one in table.loads.items())
    battery = Battery(table.capacity_wh * table.usable, table.efficiency, table.reserve_p0)
    return EnergySettings(battery, loads, "", table.hand_over_to, ALWAYS)


def _persons(scenario: Scenario) -> Iterator[Person]:
    for ident, spec in scenario.persons.items():
        yield Person(ident, spec.name, spec.org, spec.roles, tuple(map(AreaRef.parse, spec.areas)), spec.deputy)


def _contacts(scenario: Scenario, persons: tuple[Person, ...]) -> Iterator[ContactPoint]:
    for ident, spec in scenario.persons.items():
        yield from (ContactPoint(ident, kind, address) for kind, address in spec.addresses.items())
    for kind, whose in scenario.contacts.items():
        owners = [person.id for person in persons if _is_of(person, whose)] if whose.orgs or whose.roles or whose.persons else []
        yield from (ContactPoint(owner, kind, f"{kind}:{owner}", 3) for owner in (*owners, *(f"area:{ref}" for ref in whose.areas)))


def _is_of(person: Person, whose: Contacts) -> bool:
    is_named = person.id in whose.persons
    fits = (not whose.orgs or person.org in whose.orgs) and (not whose.roles or bool(set(person.roles) & set(whose.roles)))
    return is_named or (fits and bool(whose.orgs or whose.roles))


def _ref(text: str | None) -> AreaRef | None:
    return AreaRef.parse(text) if text else None


def _way(name: str, spec: ChannelSpec, directory: Directory) -> Way:
    traffic = tuple(map(Traffic, spec.traffic)) or (REAL if spec.public else tuple(Traffic))
    capabilities = Capabilities(
        form=spec.form if not spec.calls else "compact",
        evidence_max=spec.evidence_level,
        doubt=spec.doubt,
        concurrency=spec.at_once if not spec.calls else 5 * len(spec.calls),
        half_duplex=spec.half_duplex,
        group=bool(spec.calls),
        inbound=True,
        repeat_safe=spec.repeat_safe,
        attachments=spec.pictures is not None,
        human_audible=spec.doubt == "actuator",
        receipt_q95_s=spec.receipt_q95_s,
        attempt_s=spec.attempt_s,
        watts_idle=spec.watts_idle,
        watts_transmit=spec.watts_transmit,
        fee_fen=spec.fee_fen,
        probing=Probing(idle_s=spec.idle_probe_s, shortest_s=spec.probe_s, longest_s=spec.longest_probe_s),
    )
    addresses = {point.owner: point.address for point in directory.contacts if point.kind == spec.address}
    members = tuple(addresses[owner] for owner in spec.calls if owner in addresses)
    terms = Terms(
        risk_groups=spec.risk_groups or (name,),
        medium=spec.medium or name,
        traffic=traffic,
        stable_s=spec.stable_s,
        reach=spec.reach,
        scarce=spec.scarce,
    )
    pieces = (spec.pieces, spec.piece_s, spec.probe_limit_s)
    return Way(name, (spec.address,), capabilities, terms, spec.type, *pieces, members, spec.above, _carries(spec.pictures))


def _carries(spec: Pictures | None) -> Carries | None:
    if spec is None:
        return None
    by = carriers()[spec.by]
    return Carries(by, by.settings(CarryingTerms(spec.share, spec.kbit_s, spec.mb_a_day)), spec.share)


def added_reach(name: str, share: float, at: float) -> Reach:
    """A row of the inventory of `CHANNEL@SYSTEM:CODE`."""
    channel, _, area = name.partition("@")
    return Reach(AreaRef.parse(area), channel, share, (), instant(at).date().isoformat(), Provenance("scenario", False))
