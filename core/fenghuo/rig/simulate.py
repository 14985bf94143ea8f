"""`fenghuo simulate`: a scenario of a file on the real engine in simulated time, its time line, and the verdict of every line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from fenghuo.cli.paper import print_json, print_table, width
from fenghuo.errors import SettingsError
from fenghuo.rig.scenario.running import Played, Run, Verdict, opened, play
from fenghuo.rig.scenario.timeline import timeline

__all__ = ["simulate"]

WORDS = {True: "ok", False: "FALSE", "later": "later"}
EXIT_FALSE, EXIT_SETTINGS = 1, 78


class Asked(msgspec.Struct, frozen=True):
    """The options as click reads them."""

    seed: int
    seeds: int
    loss: float
    quiet: bool
    as_json: bool
    out: Path | None


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of all chance: the same seed is the same run.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="So many seeds, from --seed on; without time lines.")
@click.option(
    "--loss", type=click.FloatRange(0.0, 0.95), default=0.0, show_default=True, help="Least share of frames that any network loses."
)
@click.option("--quiet", is_flag=True, help="The verdicts alone, without the time line.")
@click.option("--json", "as_json", is_flag=True, help="The verdicts as one JSON document, and nothing else.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdicts to this file as well, as JSON.")
def simulate(files: tuple[Path, ...], **given: Any) -> None:
    """Play scenarios on the simulation and judge every line.

    Ends with 0 when no line is false, with 1 when one is, with 78 when a file cannot be read; a line marked "later" is neither.
    """
    asked = Asked(**given)
    found: list[Verdict] = []
    for read in _read(files):
        for number in range(asked.seed, asked.seed + asked.seeds):
            played = play(read, number, loss=asked.loss)
            found += played.verdicts
            if not asked.as_json:
                _show(read, played, number, is_short=asked.quiet or asked.seeds > 1)
    if asked.out is not None:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if asked.as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _count(found)
    sys.exit(EXIT_FALSE if any(one.ok is False for one in found) else 0)


def _read(files: Iterable[Path]) -> list[Run]:
    """Every file before the first is played: a mistake in the last one is told at once."""
    read: list[Run] = []
    faults: list[str] = []
    for file in files:
        try:
            read.append(opened(file))
        except SettingsError as error:
            faults += error.faults
    if faults:
        click.echo("\n".join(faults), err=True)
        sys.exit(EXIT_SETTINGS)
    return read


def _show(read: Run, played: Played, seed: int, *, is_short: bool) -> None:
    if not is_short:
        click.echo(f"{read.scenario.name}  {read.scenario.title}, seed {seed}")
        for line in timeline(played):
            click.echo(line)
        click.echo("")
    rows = [(one.scenario, one.line, one.target, _measured(one), WORDS[one.ok]) for one in played.verdicts]
    if sys.stdout.isatty():
        print_table(("scenario", "line", "target", "measured", "verdict"), rows)
    else:
        _plain(rows)
    for sentence in played.broken[:20]:
        click.echo(f"  broken, seed {seed}: {sentence}")


def _plain(rows: list[tuple[str, str, str, str, str]]) -> None:
    """Aligned in a file or a pipe too: this is read by people."""
    wide = [max(width(row[place]) for row in rows) for place in range(5)]
    for row in rows:
        click.echo("  ".join(cell + " " * (room - width(cell)) for cell, room in zip(row, wide, strict=True)).rstrip())


def _measured(one: Verdict) -> str:
    if one.measured is None:
        return "never"
    if isinstance(one.measured, float):
        return f"{one.measured:g}"
    return str(one.measured).lower() if isinstance(one.measured, bool) else str(one.measured)


def _count(found: list[Verdict]) -> None:
    counts = {word: sum(one.ok == ok for one in found) for ok, word in WORDS.items()}
    click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))
