"""Writes docs/channels.md from the records that the bundled plugins ship.

    python -m tools.channels                       the page anew, from plugins/*/conformance.json
    python -m tools.channels REPORT.json …         first take far end, version and figures from reports of the kit (--fenghuo-report)

A grade is written by hand, and tests/conformance holds it true; the figures are what the kit measured. A test compares the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from fenghuo.plugin.grading import SHIPPED, Bundled, Grade, PeerStanding
from fenghuo.rig.kit.examining import Record
from fenghuo.rig.kit.grades import Figures, figures_of

__all__ = ["PAGE", "lines", "page", "taken"]

ROOT = Path(__file__).parent.parent
PLUGINS = ROOT / "plugins"
SIMULATED = "simulated"
PAGE = ROOT / "docs" / "channels.md"
HEAD = """# Channels

Every channel type that comes with Fenghuo, what the conformance kit gave it, and what stood at the far end.
Written by `python -m tools.channels` from the `conformance.json` of each plugin; what the grades mean, and how to examine a channel:
[reference/conformance.md](reference/conformance.md).

- **grade**: over all its far ends together: what failed at one has failed, what one cannot show and another did is shown. The far end named
  here is the best witness of them, and the figures are what was measured there.
- **standing**: `real peer`: an implementation independent of ours took part; `vector-tested`: no independent peer runs on a build machine,
  so octets were compared with published ones; `own far end`: both ends were written here, and a misreading would show on neither.
- **evidence**: the highest level that a delivery reached there. A channel without receipts never claims more than AIRED.
- **copies / kills**: second emissions that arrived after so many kills of the node; each says that it is a copy, or has the same key.
- **estimate**: the largest error of `estimate()` before the emission, as a share of what it took: of parts, and of what was measured.
- **booked**: the largest error of what was booked with an emission, message by message, held against the far end's own measure.
- **measured**: what that was: seconds on the air (frames, packets and samples at the bit rate, key down to key up), octets on the wire,
  money (parts and octets by the tariff). Joules are the watts of the settings times the measured seconds. `parts alone`: it books
  nothing else. What another far end than the one of the line has measured is followed by that one's name.

| plugin | channel type | grade | far end | standing | evidence | copies / kills | estimate | booked | measured |
|---|---|---|---|---|---|---|---|---|---|
"""


def lines(plugins: Path = PLUGINS) -> Iterator[tuple[str, Bundled]]:
    """Each line of each record, with the folder's name, in order. Raises: ValueError: a record that cannot be read."""
    for file in sorted(plugins.glob(f"*/{SHIPPED}")):
        for line in msgspec.json.decode(file.read_bytes(), type=list[Bundled]):
            yield file.parent.name, line


def page(found: Iterable[tuple[str, Bundled]]) -> str:
    """The whole page."""
    rows = [_row(plugin, line) for plugin, line in found if not line.simulated]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def taken(line: Bundled, reports: Mapping[str, Sequence[Record]]) -> Bundled:
    """A line with what the kit measured at the best of these far ends. `reports`: by far end, of this channel."""
    if not reports:
        return line
    ends = sorted(reports.values(), key=lambda records: _worth(records[0]))
    whom, by_end = ends[0][0], {records[0].peer: figures_of([record.verdict for record in records]) for records in ends}
    figures = by_end[whom.peer]
    errors = [one.booked_error for one in by_end.values() if one.booked_error is not None]
    return msgspec.structs.replace(
        line,
        peer=whom.peer,
        peer_version=whom.version,
        standing=whom.standing,
        evidence=figures.evidence.name,
        kills=figures.kills,
        duplicates=figures.duplicates,
        estimate_error=_rounded(figures.estimate_error),
        booked_error=_rounded(max(errors, default=None)),
        measured=tuple(_measured(by_end, whom.peer)),
    )


def _worth(record: Record) -> tuple[int, bool]:
    """The lowest is the best witness; of two that are ours, the one on real time."""
    return list(PeerStanding).index(record.standing), record.version == SIMULATED


def _measured(by_end: Mapping[str, Figures], best: str) -> Iterator[str]:
    """What any far end has measured of its bookings, each by the best that did, which is named where it is not the one of the line."""
    seen: set[str] = set()
    for peer, figures in by_end.items():
        new = [name for name in figures.measured if name not in seen]
        seen.update(new)
        yield from (name if peer == best else f"{name} ({peer})" for name in new)


def _rounded(error: float | None) -> float | None:
    return None if error is None else round(error, 3)


def _row(plugin: str, line: Bundled) -> tuple[str, ...]:
    grade = line.grade if Grade.parse(line.grade) >= Grade.SILVER else f"**{line.grade}**"
    version = "" if line.peer_version == SIMULATED else line.peer_version
    end = version if line.peer in version else " ".join(filter(None, (line.peer, version)))
    copies = f"{line.duplicates} / {line.kills}" if line.kills else "not measured"
    errors = ("not measured" if error is None else f"{error:.1%}".replace("%", " %") for error in (line.estimate_error, line.booked_error))
    costs = (*errors, ", ".join(line.measured) or "parts alone")
    shown = (end or "not told", line.standing.value, line.evidence or "not measured", copies, *costs)
    return (f"`{plugin}`", f"`{line.channel}`", grade, *shown)


def _take(files: Sequence[Path]) -> None:
    records = [record for file in files for record in msgspec.json.decode(file.read_bytes(), type=list[Record])]
    for file in PLUGINS.glob(f"*/{SHIPPED}"):
        found = msgspec.json.decode(file.read_bytes(), type=list[Bundled])
        new = [taken(line, _by_end(records, line.channel)) for line in found]
        if new != found:
            file.write_text("[\n" + ",\n".join(f"  {_text(line)}" for line in new) + "\n]\n", encoding="utf-8")


def _by_end(records: Sequence[Record], channel: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.channel == channel:
            found.setdefault(record.peer, []).append(record)
    return found


def _text(line: Bundled) -> str:
    """As a person writes it: nothing that says nothing, a space after each comma."""
    usual = Bundled(line.channel)
    said = {name: value for name, value in msgspec.structs.asdict(line).items() if name == "channel" or value != getattr(usual, name)}
    return "{" + ", ".join(f'"{name}": {_spaced(value)}' for name, value in said.items()) + "}"


def _spaced(value: object) -> str:
    return msgspec.json.encode(value).decode().replace('","', '", "')


if __name__ == "__main__":
    _take([Path(name) for name in sys.argv[1:]])
    PAGE.write_text(page(lines()), encoding="utf-8")
