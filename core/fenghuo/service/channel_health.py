"""What the health of a channel rests on, in figures and in sentences that name them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from fenghuo.engine.cadence import lost_at, phi
from fenghuo.engine.channels import Instance
from fenghuo.engine.health import DOWN_WEIGHT, PROBATION_SHARES, SUCCESSES_A_STAGE, average, steady_at
from fenghuo.engine.outages import Outage, says_of
from fenghuo.formats.sentences import Sentence, said, spoken
from fenghuo.model.situation import Admin, Health
from fenghuo.service.showing import rfc3339

__all__ = ["health_says", "health_view"]


def health_view(instance: Instance, now: float, outages: Sequence[Outage] = ()) -> dict[str, Any]:
    """The figures of `channel.why`, and what they come to; `now`: UTC seconds; `outages`: what others say of it."""
    health, purse, cadence = instance.health, instance.purse, instance.cadence
    return {
        "failure_weight": health.weight,
        "failed_for": list(health.who),
        "average": round(average(health), 2),
        "admitted": instance.admitted,
        "probation_stage": health.stage if health.state is Health.PROBATION else None,
        "heard": rfc3339(instance.evidence_at) if instance.evidence_at else None,
        "steady": rfc3339(steady_at(health)) if steady_at(health) > now else None,
        "phi": round(min(phi(cadence, now), 99.0), 1) if cadence is not None else None,
        "probes": purse.probes,
        "probe_fen": purse.spent_fen,
        "probe_joules": purse.spent_joules,
        "outages": [one.id for one in outages],
        **spoken(health_says(instance, now, outages)),
    }


def health_says(instance: Instance, now: float, outages: Sequence[Outage] = ()) -> Iterator[Sentence]:
    """What they come to."""
    yield from _says(instance, now)
    for one in outages:
        yield said("health.outage", says=says_of(one), left=f"{one.expires_at - now:.0f}")


def _says(instance: Instance, now: float) -> Iterator[Sentence]:
    health = instance.health
    yield said(
        "health.since",
        state=said(f"health.state.{health.state.value}"),
        seconds=f"{max(0.0, now - health.since):.0f}",
        reason=health.reason,
    )
    if instance.admin is not Admin.ENABLED:
        because = said("health.off_because", reason=instance.admin_reason) if instance.admin_reason else ""
        yield said("health.off", admin=said(f"health.admin.{instance.admin.value}"), reason=because)
    if instance.ruled.is_silent:
        yield said("health.silent")
    if instance.why_unarmed is not None:
        yield said("health.unarmed", why=instance.why_unarmed) if instance.why_unarmed else said("health.armed")
    yield from _state(instance)
    if (left_s := steady_at(instance.health) - now) > 0:
        yield said("health.left", ago=f"{now - instance.health.left_at:.0f}", left=f"{left_s:.0f}")
    if instance.cadence is not None and lost_at(instance.cadence) < math.inf:
        silence_s, left_s = now - (instance.cadence.last_at or now), max(0.0, lost_at(instance.cadence) - now)
        yield said("health.heard", ago=f"{silence_s:.0f}", phi=f"{phi(instance.cadence, now):.1f}", left=f"{left_s:.0f}")
    if instance.purse.probes:
        purse = instance.purse
        yield said("health.probes", n=purse.probes, fen=f"{purse.spent_fen:.0f}", joules=f"{purse.spent_joules:.0f}")


def _state(instance: Instance) -> Iterator[Sentence]:
    health = instance.health
    match health.state:
        case Health.SUSPECT if health.is_reported and not health.weight:
            yield said("health.reported")
        case Health.SUSPECT:
            whom = list(health.who)
            yield said("health.weighs", weight=f"{health.weight:g}", limit=f"{DOWN_WEIGHT:g}", n=str(len(whom)), whom=whom)
            yield said("health.average", average=f"{average(health):.2f}")
            yield said("health.next")
        case Health.PROBATION:
            share = PROBATION_SHARES[health.stage]
            stage, stages, seconds = str(health.stage + 1), str(len(PROBATION_SHARES)), f"{health.stable_s:g}"
            figures = {"n": str(health.successes), "needed": str(SUCCESSES_A_STAGE), "seconds": seconds}
            yield said("health.stage", stage=stage, stages=stages, share=f"{share * 100:.0f} %", **figures)
        case Health.UNKNOWN if health.is_started:
            yield said("health.mute")
        case _:
            return
