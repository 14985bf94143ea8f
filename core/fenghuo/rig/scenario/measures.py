"""What each measure of a line is: one function from what was seen to a figure. None: it never happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import Any

from fenghuo.model.evidence import Evidence
from fenghuo.rig.scenario.picture_measures import PICTURE_MEASURES
from fenghuo.rig.scenario.schema import Line, Measure
from fenghuo.rig.scenario.seen import Seen
from fenghuo.rig.world.log import Asked, Fragment, Note, Shown, Taken

__all__ = ["MEASURES", "Value"]

RECEIPTS = ("receipt.matched", "receipt.late")
BAD = ("suspect", "down")
Value = float | str | bool | None


def _first_attempt_s(seen: Seen, line: Line) -> Value:
    """From the release of a message to its first licence; where channels are named, to the first on the last of them."""
    released = seen.released_at(line.message)
    first: dict[str, float] = {}
    for entry in seen.emitted(line.message, line.channels):
        first.setdefault(str(entry.event.body["channel"]), entry.at)
    if released is None or not first or set(line.channels) - set(first):
        return None
    return (max if line.channels else min)(first.values()) - released


def _attempts(seen: Seen, line: Line) -> Value:
    begins, ends = seen.window(line)
    return float(sum(begins <= entry.at <= ends for entry in seen.emitted(line.message, line.channels)))


def _device_share(seen: Seen, line: Line) -> Value:
    """Of everybody whom a message is to reach, the share at a level so many seconds after its release."""
    released = seen.released_at(line.message)
    objectives = seen.objectives(line.message, line.audience)
    total = sum(int(str(one.event.body["total"])) for one in objectives)
    if released is None or not total:
        return None
    mine = {int(one.event.subject.partition("/")[2]) for one in objectives}
    whose = {entry.event.subject: entry.event.body for entry in seen.emitted(line.message)}
    until, reached = released + (line.by_s or 0.0), set[tuple[object, object]]()
    for _, entry in seen.log.told:
        level = entry.event.body.get("level" if entry.event.type in RECEIPTS else "evidence")
        body = whose.get(entry.event.subject) if level is not None and entry.at <= until else None
        if body is not None and body["objective"] in mine and Evidence[str(level)] >= Evidence[line.level]:
            reached.add((body["objective"], body["recipient"]))
    return len(reached) / total


def _met_s(seen: Seen, line: Line) -> Value:
    """From the release to the moment when the last objective of a message was met."""
    released = seen.released_at(line.message)
    wanted = {one.event.subject for one in seen.objectives(line.message, line.audience)}
    met = {entry.event.subject: entry.at for _, entry in seen.log.told_of("objective.met") if entry.event.subject in wanted}
    return max(met.values()) - released if released is not None and wanted and wanted == set(met) else None


def _objective(seen: Seen, line: Line) -> Value:
    """The state in which the objectives of a message ended; several are joined."""
    numbers = {int(one.event.subject.partition("/")[2]) for one in seen.objectives(line.message, line.audience)}
    return "+".join(sorted({seen.log.stream.objectives[number][0] for number in numbers})) or None


def _state(seen: Seen, line: Line) -> Value:
    message, revision = seen.revision(line.message)
    view = seen.log.last_views.get(message)
    states = {one["revision"]: str(one["state"]) for one in view["revisions"]} if view is not None else {}
    return states.get(revision)


def _refused(seen: Seen, line: Line) -> Value:
    return seen.stage.refusals.get(line.message) or "not refused"


def _submit_s(seen: Seen, line: Line) -> Value:
    times = seen.stage.submitted.get(line.message)
    return times[1] - times[0] if times is not None else None


def _released_s(seen: Seen, line: Line) -> Value:
    released, times = seen.released_at(line.message), seen.stage.submitted.get(line.message)
    return released - times[0] if released is not None and times is not None else None


def _health_s(seen: Seen, line: Line, wanted: tuple[str, ...]) -> Value:
    """Until the last of the channels was told to be in one of these states, from the step on."""
    begins, found = seen.stage.at.get(line.since), []
    for name in line.channels:
        told = (entry for _, entry in seen.log.told if entry.event.subject == f"channel/{name}" and entry.event.body.get("after") in wanted)
        found.append(next((entry.at for entry in told if begins is not None and entry.at >= begins), None))
    times = [at for at in found if at is not None]
    return max(times) - begins if begins is not None and len(times) == len(found) else None


def _down_s(seen: Seen, line: Line) -> Value:
    return _health_s(seen, line, BAD)


def _up_s(seen: Seen, line: Line) -> Value:
    return _health_s(seen, line, ("up",))


def _failover_s(seen: Seen, line: Line) -> Value:
    """From the moment when the first of `groups` (channels that are lost) was noticed to the next licence over one of `channels`."""
    begins = seen.stage.at.get(line.since, inf)
    lost = {f"channel/{name}" for name in line.groups}
    turned = (one for _, one in seen.log.told if one.event.subject in lost and one.event.body.get("after") in BAD)
    noticed = [one.at for one in turned if one.at >= begins]
    if not noticed:
        return None
    goes = (entry.at for entry in seen.emitted(line.message, line.channels) if entry.at >= noticed[0])
    at = next(goes, None)
    return at - noticed[0] if at is not None else None


def _sent_s(seen: Seen, line: Line) -> Value:
    """From a step on, until a message has left to the last of those to whom it leaves after it."""
    begins = seen.stage.at.get(line.since, inf)
    first: dict[str, float] = {}
    for entry in seen.emitted(line.message, line.channels):
        if entry.at >= begins:
            first.setdefault(str(entry.event.body["recipient"]), entry.at)
    return max(first.values()) - begins if first else None


def _switches(seen: Seen, line: Line) -> Value:
    """Most changes of the way to one recipient in any `by_s` seconds, counted by what was first licensed for each message."""
    begins, ends = seen.window(line)
    ways: dict[str, list[tuple[float, str]]] = defaultdict(list)
    had: set[tuple[str, str]] = set()
    for entry in seen.emitted("", line.channels):
        recipient, message = str(entry.event.body["recipient"]), str(entry.event.body["message"])
        if begins <= entry.at <= ends and (recipient, message) not in had:
            had.add((recipient, message))
            ways[recipient].append((entry.at, str(entry.event.body["channel"])))
    most, span_s = 0, line.by_s or 0.0
    for used in ways.values():
        turns = [at for (_, before), (at, after) in pairwise(used) if before != after]
        most = max([most, *(sum(at - span_s < other <= at for other in turns) for at in turns)])
    return float(most)


def _frames(seen: Seen, line: Line) -> Value:
    """Whole emissions that left over the channels."""
    begins, ends = seen.window(line)
    return float(sum(begins <= air.at <= ends for air, _ in seen.aired(line.message, line.channels)))


def _airtime_s(seen: Seen, line: Line) -> Value:
    """Seconds that the channels were on the air; of one message where it is named."""
    begins, ends = seen.window(line)
    jobs = {(air.life, air.channel, air.job) for air, _ in seen.aired(line.message)}
    pieces = [piece for _, piece in seen.log.all(Fragment) if piece.channel in line.channels and begins <= piece.at <= ends]
    return sum(piece.seconds for piece in pieces if not line.message or (piece.life, piece.channel, piece.job) in jobs)


def _shown_twice(seen: Seen, line: Line) -> Value:
    """How often somebody was shown over one way what they had been shown over it, marked copies aside."""
    wanted = seen.revision(line.message)
    counts: Counter[tuple[str, str, str, int]] = Counter()
    for _, shown in seen.log.all(Shown):
        origin = seen.log.origin.get(shown.token)
        if origin is not None and "重发" not in shown.text and (not line.message or (origin.message, origin.revision) == wanted):
            counts[shown.channel, shown.address, origin.message, origin.revision] += 1
    return float(sum(count - 1 for count in counts.values()))


def _told_s(seen: Seen, line: Line) -> Value:
    if strange := seen.strange(line.event, line.where):
        return strange
    begins = seen.stage.at.get(line.since)
    first = next(seen.told(line.event, line.where, seen.window(line)), None)
    return first.at - begins if first is not None and begins is not None else None


def _told(seen: Seen, line: Line) -> Value:
    if strange := seen.strange(line.event, line.where):
        return strange
    return float(sum(1 for _ in seen.told(line.event, line.where, seen.window(line))))


def _between_s(seen: Seen, line: Line) -> Value:
    """From the first event of one kind to the first of another at or after it."""
    if strange := seen.strange(line.event, line.where) or seen.strange(line.from_event, line.from_where):
        return strange
    window = seen.window(line)
    began = next(seen.told(line.from_event, line.from_where, window), None)
    if began is None:
        return None
    ended = next(seen.told(line.event, line.where, (began.at, window[1])), None)
    return ended.at - began.at if ended is not None else None


def _restart_s(seen: Seen, line: Line) -> Value:
    """From the kill to the daemon that serves, without the time that the service manager waits."""
    begins = seen.stage.at.get(line.since)
    notes = [note for _, note in seen.log.all(Note)]
    started = next((note.at for note in notes if note.what == "start" and begins is not None and note.at >= begins), None)
    ready = next((note.at for note in notes if note.what == "ready" and started is not None and note.at >= started), None)
    return ready - started if ready is not None and started is not None else None


def _known(seen: Seen, line: Line) -> Value:
    """Share of everything that was accepted which the daemon still knows in the end."""
    accepted = {ack.id for _, ack in seen.log.acked}
    return len(accepted & set(seen.log.last_views)) / len(accepted) if accepted else None


def _held(seen: Seen, line: Line) -> Value:
    """Whether nothing of a message left, over these channels where they are named, for so long after it was accepted."""
    if line.message not in seen.stage.submitted:
        return None
    until = seen.stage.submitted[line.message][1] + line.by_s if line.by_s is not None else inf
    return not any(entry.at <= until for entry in seen.emitted(line.message, line.channels))


def _answer(seen: Seen, line: Line) -> Value:
    """One field of what the daemon said: `a.b` goes into tables, `a.0` and `a.place=huangjing` into lists, `a.length` counts."""
    found = seen.stage.asked.get(line.at)
    for part in line.field.split("."):
        found = _of_list(found, part) if isinstance(found, list | tuple) else found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool | str) or found is None:
        return found
    return float(found) if isinstance(found, int | float) else str(found)


def _of_list(found: Sequence[Any], part: str) -> Any:  # whatever stands in an answer
    key, equals, value = part.partition("=")
    if equals:
        return next((one for one in found if isinstance(one, dict) and str(one.get(key)) == value), None)
    if part == "length":
        return len(found)
    return found[int(part)] if part.isdigit() and int(part) < len(found) else None


def _coverage(seen: Seen, line: Line) -> Value:
    """A figure of what the daemon said of coverage, percent; of a town where its area is named."""
    figure = seen.stage.figures.get(line.at)
    if figure is None:
        return None
    if line.figure == "took_s":
        return float(figure["took_s"])
    whole = figure["potential"]
    if line.figure in ("passes", "light"):
        found: Value = whole[line.figure]
        return found
    if line.area:
        whole = next((town for town in whole["towns"] if town["area"] == line.area), None)
    return round(float(whole[f"{line.figure}_pct"]), 1) if whole is not None else None


def _waits_s(seen: Seen, line: Line) -> Value:
    """Longest time from the release of a message to the first piece or word of each of its emissions on these channels."""
    asked = {(one.life, one.channel, one.job): one.at for _, one in seen.log.all(Asked)}
    waits = [asked[air.life, air.channel, air.job] for air, _ in seen.aired(line.message, line.channels)]
    released = seen.released_at(line.message)
    return max(waits) - released if waits and released is not None else None


def _taken_s(seen: Seen, line: Line) -> Value:
    """From when another post said something until it was told that this share of everybody has it at this level, or at a higher one."""
    names = [one.name for one in seen.stage.said.get(line.message, ())]
    begins = seen.stage.submitted.get(line.message, (0.0, 0.0))[0]
    found = []
    for name in names:
        told = (one for _, one in seen.log.all(Taken) if one.name == name and one.level >= Evidence[line.level])
        found.append(next((one.at for one in told if one.reached >= line.share * one.total), None))
    times = [at for at in found if at is not None]
    return max(times) - begins if times and len(times) == len(found) else None


def _pieces(seen: Seen, line: Line) -> Value:
    """Most pieces that anything took which posts said under this label."""
    return float(max((one.pieces for one in seen.stage.said.get(line.message, ())), default=0)) or None


def _characters(seen: Seen, line: Line) -> Value:
    """Most characters that anything takes as a short message which posts said under this label."""
    return float(max((one.characters for one in seen.stage.said.get(line.message, ())), default=0)) or None


def _said(seen: Seen, line: Line) -> Value:
    """How often posts said it before they heard of it."""
    names = {one.name for one in seen.stage.said.get(line.message, ())}
    return float(sum(note.what == "said" and note.detail in names for _, note in seen.log.all(Note))) or None


def _not_taken(seen: Seen, line: Line) -> Value:
    """Frames that our post did not open, by the channel that counts them."""
    begins, ends = seen.window(line)
    notes = (one for _, one in seen.log.all(Note) if one.what == "not taken" and one.of in line.channels)
    return float(sum(begins <= one.at <= ends for one in notes))


MEASURES: Mapping[Measure, Callable[[Seen, Line], Value]] = {
    Measure.FIRST_ATTEMPT_S: _first_attempt_s,
    Measure.ATTEMPTS: _attempts,
    Measure.DEVICE_SHARE: _device_share,
    Measure.MET_S: _met_s,
    Measure.OBJECTIVE: _objective,
    Measure.STATE: _state,
    Measure.REFUSED: _refused,
    Measure.SUBMIT_S: _submit_s,
    Measure.RELEASED_S: _released_s,
    Measure.DOWN_S: _down_s,
    Measure.UP_S: _up_s,
    Measure.FAILOVER_S: _failover_s,
    Measure.SENT_S: _sent_s,
    Measure.SWITCHES: _switches,
    Measure.FRAMES: _frames,
    Measure.AIRTIME_S: _airtime_s,
    Measure.SHOWN_TWICE: _shown_twice,
    Measure.TOLD_S: _told_s,
    Measure.TOLD: _told,
    Measure.BETWEEN_S: _between_s,
    Measure.RESTART_S: _restart_s,
    Measure.KNOWN: _known,
    Measure.HELD: _held,
    Measure.ANSWER: _answer,
    Measure.COVERAGE: _coverage,
    Measure.WAITS_S: _waits_s,
    Measure.TAKEN_S: _taken_s,
    Measure.PIECES: _pieces,
    Measure.CHARACTERS: _characters,
    Measure.SAID: _said,
    Measure.NOT_TAKEN: _not_taken,
    **PICTURE_MEASURES,
}
