"""What a failure would do, in sentences with names and numbers: the answer of `fenghuo whatif`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fenghuo.engine.office import Office
from fenghuo.engine.staging import Stage, staged
from fenghuo.engine.whatif import Footing, Loss, SinglePoint, WhatIf, fallen, losing, named, single_points, unreached
from fenghuo.errors import FormatError
from fenghuo.formats.sentences import Sentence, one_spoken, said, spoken
from fenghuo.formats.table_reading import near
from fenghuo.model.situation import Situation

__all__ = ["supposed"]

SHOWN = 1000
"""Recipients listed under one head; all are counted."""
NAMED = 10
"""Recipients named in one sentence."""


def supposed(
    office: Office, situation: Situation, lose: Sequence[str], watts: Mapping[str, float] = MappingProxyType({})
) -> dict[str, Any]:
    """Without `lose` every single point of failure; with it what the failure of all of it together would do, and what to stage now against
    it. `watts`: what each channel draws when idle, as declared. Reckons long for a large directory, and reads only what is frozen: for a
    thread. Raises: FormatError: a name that nothing here has."""
    known = named(situation)
    for name in lose:
        if name not in known:
            why = f"lose has {name!r}, which is no risk group and no channel of this node{near(name, known)}"
            raise FormatError(why, code="bad-argument", where="lose")
    if not lose:
        plans = (office.rules, office.directory, situation)
        return _points(single_points(*plans), unreached(*plans))
    found, after = losing(office.rules, office.directory, situation, lose), fallen(situation, lose)
    without = [(loss.rule, loss.recipient) for loss in found.lost] + [(one.rule, one.recipient) for one in found.already]
    stages = staged(office.rules, office.directory, after, without)
    left = [view.name for view in after.channels if view.is_usable]
    draws_w = sum(watts.get(name, 0.0) for name in left)
    says = [*_summary(found, lose), *(said("whatif.stage", says=_measure(stage)) for stage in stages), _left(left, draws_w)]
    return {
        **_lost(found, lose),
        "stage": [_stage(stage) for stage in stages],
        "left": left,
        "left_watts": draws_w,
        **spoken(says),
    }


def _points(points: Iterable[SinglePoint], already: Sequence[Footing]) -> dict[str, Any]:
    return {"single_points": [_point(point) for point in points], "already": _whom(already), **spoken(_cut_off(already))}


def _point(point: SinglePoint) -> dict[str, Any]:
    people = list(dict.fromkeys(footing.recipient for footing in point.held))
    rules = list(dict.fromkeys(footing.rule for footing in point.held))
    takes = "" if point.channels == (point.name,) else said("whatif.takes", channels=list(point.channels))
    says = said("whatif.point", name=point.name, takes=takes, n=str(len(people)), whom=_names(people), rules=rules)
    return {
        "name": point.name,
        "channels": list(point.channels),
        "count": len(people),
        "recipients": people[:SHOWN],
        "rules": rules,
        **one_spoken(says),
    }


def _lost(found: WhatIf, lose: Sequence[str]) -> dict[str, Any]:
    return {
        "lose": list(lose),
        "count": len({loss.recipient for loss in found.lost}),
        "lost": [_loss(loss, lose) for loss in found.lost[:SHOWN]],
        "already": _whom(found.already),
        "alone": [{"recipient": one.recipient, "rule": one.rule, "channel": one.channels[0]} for one in found.alone[:SHOWN]],
        "rules": [
            {"rule": one.rule, "recipients": one.recipients, "before": round(one.before, 4), "after": round(one.after, 4)}
            for one in found.reach
        ],
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "measure": stage.measure.value,
        "channel": stage.channel,
        "ladder": stage.ladder,
        "kinds": list(stage.kinds),
        "count": len(stage.recipients),
        "recipients": list(stage.recipients[:SHOWN]),
        **one_spoken(_measure(stage)),
    }


def _measure(stage: Stage) -> Sentence:
    whom = f"{len(stage.recipients)}: {_names(stage.recipients)}"
    code = f"whatif.stage.{stage.measure.value}"
    return said(code, channel=stage.channel, ladder=stage.ladder, kinds=" / ".join(stage.kinds), whom=whom)


def _left(left: Sequence[str], draws_w: float) -> Sentence:
    if not left:
        return said("whatif.none_left")
    return said("whatif.left", channels=list(left), draw=said("whatif.draw", watts=f"{draws_w:g}") if draws_w else "")


def _loss(loss: Loss, lose: Sequence[str]) -> dict[str, Any]:
    why = f"{loss.through[0]} alone is enough" if loss.through else "only together"
    if len(loss.through) > 1:
        why = f"each of {', '.join(loss.through)} alone is enough"
    return {
        "recipient": loss.recipient,
        "rule": loss.rule,
        "channels": list(loss.channels),
        "through": list(loss.through),
        "says": f"{loss.recipient} ({loss.rule}) has {', '.join(loss.channels)}" + (f"; {why}" if len(lose) > 1 else ""),
    }


def _whom(footings: Iterable[Footing]) -> list[dict[str, str]]:
    return [{"recipient": one.recipient, "rule": one.rule} for one in list(footings)[:SHOWN]]


def _summary(found: WhatIf, lose: Sequence[str]) -> list[Sentence]:
    lost = list(dict.fromkeys(loss.recipient for loss in found.lost))
    alone = list(dict.fromkeys(one.recipient for one in found.alone))
    whom = said("whatif.whom", names=_names(lost)) if lost else ""
    says = [said("whatif.without", lose=list(lose), n=str(len(lost)), whom=whom)]
    says += [said("whatif.alone", n=str(len(alone)), whom=_names(alone))] if alone else []
    says += _cut_off(found.already)
    return says + [said("whatif.rule", rule=one.rule, before=f"{one.before:.4f}", after=f"{one.after:.4f}") for one in found.reach]


def _cut_off(already: Iterable[Footing]) -> list[Sentence]:
    people = list(dict.fromkeys(one.recipient for one in already))
    return [said("whatif.already", n=str(len(people)), whom=_names(people))] if people else []


def _names(people: Sequence[str]) -> str:
    return ", ".join(people[:NAMED]) + (" …" if len(people) > NAMED else "")
