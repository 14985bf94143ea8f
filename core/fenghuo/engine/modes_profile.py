"""What a mode does: a profile is an overlay of data over channels, classes, renditions and escalation, from a file each. Pure.

A profile has two parts. The automatic one acts as soon as the mode holds, sensed or declared; it may add channels and shed P4 and P3, and
nothing else. Everything that takes capability from P0 to P2, or lets somebody sign who otherwise may not, stands in the declared part, and
acts only while a person has declared the mode. Source: failover.md, Modes; the file: docs/reference/modes.md.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fenghuo.engine.modes import Stand
from fenghuo.engine.modes_axis import MODES
from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import Faults, read_struct
from fenghuo.model.mode import Axis
from fenghuo.plugin.values import PowerLevel

__all__ = ["NOTHING", "Detail", "Overlay", "Profile", "Profiles", "merged", "overlay_of", "profile_schema", "read_profiles", "strangers"]


class Detail(StrEnum):
    """How much is said: all that the channel takes, or what fits one short message."""

    FULL = "full"
    SHORT = "short"


Class = Literal["P1", "P2", "P3", "P4"]
"""What may be shed: never P0, which is about lives."""


class Overlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is laid over the settings. Where the mode is one of a place, it acts for whoever is there; `probe_every`, `reserve` and `power`
    are about the node's own devices, and act by a mode of the node alone."""

    enable: Annotated[tuple[str, ...], Meta(description="Channels on standby that may be used.")] = ()
    shed: Annotated[
        tuple[Literal["P1", "P2", "P3", "P4"], ...], Meta(description="Classes that are held until the mode is over: HELD(mode).")
    ] = ()
    inhibit: Annotated[tuple[str, ...], Meta(description="Channels that nothing may use, a P0 neither.")] = ()
    silence: Annotated[tuple[str, ...], Meta(description="Channels by which nothing goes but P0, and nothing is asked.")] = ()
    weight: Annotated[
        dict[str, Annotated[float, Meta(gt=0)]],
        Meta(description="Of alternates that are equally well, the heavier goes first; 1 where nothing is said."),
    ] = {}
    rendition: Annotated[Detail, Meta(description="How much is said in what is planned from now on.")] = Detail.FULL
    escalate: Annotated[float, Meta(gt=0, le=100, description="What the waits before the next person are multiplied by.")] = 1.0
    probe_every: Annotated[float, Meta(ge=1, le=1000, description="What the waits between probes are multiplied by.")] = 1.0
    reserve: Annotated[
        dict[str, Annotated[float, Meta(gt=0, lt=1)]],
        Meta(description="Of a medium, the share of its time that P2 to P4 leave free."),
    ] = {}
    power: Annotated[dict[str, PowerLevel], Meta(description="How much a channel may draw: full, listen or off.")] = {}
    delegate: Annotated[tuple[str, ...], Meta(description="Tokens that may sign releases while it lasts.")] = ()


NOTHING = Overlay()
"""What lies over the settings where no mode says anything."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mode of an axis, and what it does."""

    axis: Annotated[Axis, Meta(description="power, network or road.")]
    mode: Annotated[str, Meta(description="A mode of that axis.")]
    automatic: Annotated[Overlay, Meta(description="Acts whenever the mode holds: enable, and shed of P3 and P4.")] = NOTHING
    declared: Annotated[Overlay, Meta(description="Acts, beside the automatic part, while a person has declared the mode.")] = NOTHING


Profiles = Mapping[tuple[Axis, str], Profile]

_MILD = ("P3", "P4")
_ONLY_DECLARED = {
    "inhibit": "takes channels away",
    "silence": "silences channels",
    "weight": "changes which channel goes first",
    "rendition": "shortens what is said",
    "escalate": "changes when the next person is asked",
    "probe_every": "makes a dead channel be noticed later",
    "reserve": "takes airtime from P2",
    "power": "takes the power of channels",
    "delegate": "lets somebody sign",
}


def read_profiles(texts: Mapping[str, str]) -> Profiles:
    """Profiles from the texts of their files, by name of file. Raises: SettingsError with every fault as a sentence."""
    faults: list[str] = []
    found: dict[tuple[Axis, str], Profile] = {}
    by_file: dict[tuple[Axis, str], str] = {}
    for file in sorted(texts):
        profile = _read(file, texts[file], faults)
        if profile is None:
            continue
        key = (profile.axis, profile.mode)
        if key in found:
            faults.append(f"{file}: {profile.axis} {profile.mode} has a profile in {by_file[key]}; a mode has one, put both into one file")
        found[key], by_file[key] = profile, file
    if faults:
        raise SettingsError(tuple(faults))
    return found


def strangers(profiles: Profiles, channels: Iterable[str], media: Iterable[str], tokens: Iterable[str]) -> Iterator[str]:
    """What the profiles name and nobody knows, as sentences."""
    known = {"channel": frozenset(channels), "medium": frozenset(media), "token": frozenset(tokens)}
    parts = ((profile, part) for profile in profiles.values() for part in ("automatic", "declared"))
    named = ((profile, part, kind, name) for profile, part in parts for kind, name in _names(getattr(profile, part)))
    for profile, part, kind, name in named:
        if name not in known[kind]:
            there = ", ".join(sorted(known[kind])) or "none"
            yield f"mode {profile.axis} {profile.mode}: {part} names the {kind} {name!r}; there are {there}"


def overlay_of(stand: Stand, profiles: Profiles) -> Overlay:
    """What one stand lays over the settings."""
    profile = profiles.get((stand.axis, stand.mode))
    if profile is None:
        return NOTHING
    return merged((profile.automatic, profile.declared)) if stand.is_declared else profile.automatic


def merged(overlays: Iterable[Overlay]) -> Overlay:
    """Several at once: what any adds is there, what any takes is gone, and the stronger figure counts."""
    return functools.reduce(_both, overlays, NOTHING)


def profile_schema() -> dict[str, Any]:
    """JSON Schema of a profile's file."""
    return msgspec.json.schema(Profile)


def _both(one: Overlay, other: Overlay) -> Overlay:
    if NOTHING in (one, other):
        return one if other == NOTHING else other
    return Overlay(
        enable=_union(one.enable, other.enable),
        shed=tuple(sorted({*one.shed, *other.shed})),
        inhibit=_union(one.inhibit, other.inhibit),
        silence=_union(one.silence, other.silence),
        weight={name: one.weight.get(name, 1.0) * other.weight.get(name, 1.0) for name in {**one.weight, **other.weight}},
        rendition=Detail.SHORT if Detail.SHORT in (one.rendition, other.rendition) else Detail.FULL,
        escalate=one.escalate * other.escalate,
        probe_every=max(one.probe_every, other.probe_every),
        reserve={name: max(one.reserve.get(name, 0.0), other.reserve.get(name, 0.0)) for name in {**one.reserve, **other.reserve}},
        power={name: _least(one.power.get(name), other.power.get(name)) for name in {**one.power, **other.power}},
        delegate=_union(one.delegate, other.delegate),
    )


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _least(*levels: PowerLevel | None) -> PowerLevel:
    order = tuple(PowerLevel)
    return order[max(order.index(level) for level in levels if level is not None)]


def _read(file: str, text: str, faults: list[str]) -> Profile | None:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{file}: is not TOML: {error}")
        return None
    found = Faults(file)
    profile = read_struct(tree, Profile, "", found)
    faults += found.found
    if profile is None:
        return None
    own = [*_faults(profile)]
    faults += [f"{file}: {fault}" for fault in own]
    return None if own else profile


def _faults(profile: Profile) -> Iterator[str]:
    if profile.mode not in MODES[profile.axis]:
        yield f"mode is {profile.mode!r}; the modes of {profile.axis} are {', '.join(MODES[profile.axis])}"
    for name, says in _ONLY_DECLARED.items():
        if getattr(profile.automatic, name) != getattr(NOTHING, name):
            yield f"automatic.{name} {says}; that takes a person's word, so it must stand in [declared]"
    for level in profile.automatic.shed:
        if level not in _MILD:
            yield f"automatic.shed names {level}; by itself a mode sheds P3 and P4 alone, more must stand in [declared]"
    both = sorted({*profile.declared.inhibit} & {*profile.automatic.enable, *profile.declared.enable})
    for name in both:
        yield f"channel {name!r} is enabled and inhibited; it must be one of the two"


def _names(overlay: Overlay) -> Iterator[tuple[str, str]]:
    channels = dict.fromkeys((*overlay.enable, *overlay.inhibit, *overlay.silence, *overlay.weight, *overlay.power))
    yield from (("channel", name) for name in channels)
    yield from (("medium", name) for name in overlay.reserve)
    yield from (("token", name) for name in overlay.delegate)
