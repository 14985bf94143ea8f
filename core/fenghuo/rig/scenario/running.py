"""Runs a scenario on the simulation and judges it: a verdict for every line, the invariants, and the time line for whoever reads it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from fenghuo.errors import SettingsError
from fenghuo.formats.table_reading import shown
from fenghuo.rig.scenario.grounds import ground_of
from fenghuo.rig.scenario.loading import load_scenario
from fenghuo.rig.scenario.log_volume import LogVolume
from fenghuo.rig.scenario.measures import MEASURES, Value
from fenghuo.rig.scenario.other_node import OtherNode
from fenghuo.rig.scenario.schema import Line, Measure, Scenario
from fenghuo.rig.scenario.seen import Seen
from fenghuo.rig.scenario.stage import Stage
from fenghuo.rig.simloop import SimLoop, run
from fenghuo.rig.world.ground import Ground
from fenghuo.rig.world.judge import judge

__all__ = ["INVARIANTS", "Played", "Run", "Verdict", "opened", "play"]

INVARIANTS = "I1-I10, A1-A7"
"""The line that every scenario has beside its own."""
DIGITS = 4
OTHERS = 1_000_003
"""So far are the seeds of other nodes from ours: with one chance two nodes would give their messages the same names."""


class Verdict(msgspec.Struct, frozen=True):
    """One line of build/scenarios.json. `measured`: null where it never happened; `ok`: "later" where nothing was measured."""

    scenario: str
    line: str
    target: str
    measured: Value
    ok: bool | Literal["later"]


class Run(msgspec.Struct, frozen=True):
    """A scenario that has been read, with the ground it takes place on, and those of other nodes, by their names."""

    scenario: Scenario
    ground: Ground
    others: dict[str, Run] = {}


class Played(msgspec.Struct, frozen=True):
    """A run that is over. `broken`: every broken promise as a sentence; `trace`: equal for equal runs."""

    seen: Seen
    broken: list[str]
    trace: str
    verdicts: tuple[Verdict, ...]


def opened(path: Path) -> Run:
    """Read a scenario and everything it names. Blocks. Raises: SettingsError with every fault as a sentence."""
    scenario = load_scenario(path)
    others = {name: opened(_other(Path(file), path.name, name)) for name, file in scenario.nodes.items()}
    for name, other in others.items():
        if other.scenario.nodes:
            says = f"nodes.{name} is {shown(Path(scenario.nodes[name]).name)}, which names nodes itself; one is enough"
            raise SettingsError((f"{path.name}: {says}",))
    return Run(scenario, ground_of(scenario, path.name), others)


def _other(file: Path, own: str, name: str) -> Path:
    if not file.is_file() or file.name == own:
        raise SettingsError((f"{own}: nodes.{name} is {shown(file.name)}; it must be another scenario file, beside this one",))
    return file


def play(read: Run, seed: int = 0, *, loss: float = 0.0) -> Played:
    """Run it to its end, after those of the other nodes. `loss`: least share of frames that every network loses."""
    others = {name: _record(other, seed + OTHERS + place, loss) for place, (name, other) in enumerate(read.others.items())}
    stage, trace = _played(read, seed, loss=loss, others=others)
    broken = judge(stage.world)
    seen = Seen(stage)
    return Played(seen, broken, trace, tuple(_verdicts(read.scenario, seen, broken)))


def _record(read: Run, seed: int, loss: float) -> OtherNode:
    stage, _ = _played(read, seed, loss=loss, others=None)
    assert stage.record is not None
    return stage.record


def _played(read: Run, seed: int, *, loss: float, others: Mapping[str, OtherNode] | None) -> tuple[Stage, str]:
    """`others`: None for one of them."""
    volume = LogVolume()

    async def whole(loop: SimLoop, folder: Path) -> Stage:
        stage = Stage(loop, folder, seed, scenario=read.scenario, ground=read.ground, least_loss=loss)
        stage.others, stage.is_other = others or {}, others is None
        stage.world.lines, stage.log_volume, volume.time = volume.ring, volume, loop.time
        await stage.play()
        return stage

    memory = Path("/dev/shm")  # noqa: S108  a folder with a random name is made in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, volume.takes_logs():
        stage, trace = run(lambda loop: whole(loop, Path(folder)), seed)
    stage.world.failures += [f"something wanted a thread: {what}" for what in stage.world.loop.escapes]
    return stage, trace


def _verdicts(scenario: Scenario, seen: Seen, broken: list[str]) -> Iterator[Verdict]:
    for line in scenario.lines:
        target = _target(line)
        if line.later:
            yield Verdict(scenario.name, line.line, target, f"later: {line.later}", "later")
            continue
        found = MEASURES[line.measure](seen, line)
        measured = round(found, DIGITS) if isinstance(found, float) else found
        yield Verdict(scenario.name, line.line, target, measured, _is_ok(line, found))
    expected = {line.message for line in scenario.lines if line.measure is Measure.REFUSED}
    for label, code in seen.stage.refusals.items():
        if label not in expected:
            step = f"step {shown(label)}" if label else "a step without a label"
            yield Verdict(scenario.name, step, "carried out", f"refused: {code}", ok=False)
    yield Verdict(scenario.name, INVARIANTS, "0 violations", float(len(broken)), not broken)


def _target(line: Line) -> str:
    parts = []
    if line.at_least is not None:
        parts.append(f">= {line.at_least:g}")
    if line.at_most is not None:
        parts.append(f"<= {line.at_most:g}")
    if line.equals is not None:
        within = f" ± {line.within:g}" if line.within else ""
        parts.append(f"= {line.equals:g}{within}" if isinstance(line.equals, float) else f"= {_worded(line.equals)}")
    return " and ".join(parts) or "to come"


def _worded(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _is_ok(line: Line, measured: Value) -> bool:
    """Whether every target of the line holds."""
    if measured is None:
        return False
    if line.equals is not None and not _is_equal(line.equals, measured, line.within):
        return False
    if line.at_most is None and line.at_least is None:
        return True
    if not isinstance(measured, float):
        return False
    return (line.at_most is None or measured <= line.at_most + 1e-9) and (line.at_least is None or measured >= line.at_least - 1e-9)


def _is_equal(wanted: float | str | bool, measured: Value, within: float) -> bool:
    if isinstance(wanted, float) and isinstance(measured, float):
        return abs(measured - wanted) <= within + 1e-9
    return measured == wanted
