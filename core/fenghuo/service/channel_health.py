"""What the health of a channel rests on, in figures and in sentences that name them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from fenghuo.engine.cadence import lost_at, phi
from fenghuo.engine.channels import Instance
from fenghuo.engine.health import DOWN_WEIGHT, PROBATION_SHARES, SUCCESSES_A_STAGE, average, steady_at
from fenghuo.engine.outages import Outage, says_of
from fenghuo.model.situation import Admin, Health
from fenghuo.service.showing import rfc3339

__all__ = ["health_view"]


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
        "says": [*_says(instance, now), *(f"{says_of(one)}, for {one.expires_at - now:.0f} s more" for one in outages)],
    }


def _says(instance: Instance, now: float) -> Iterator[str]:
    yield f"{instance.health.state.value} for {max(0.0, now - instance.health.since):.0f} s: {instance.health.reason}"
    if instance.admin is not Admin.ENABLED:
        yield f"nothing goes by it: {instance.admin}" + (f", {instance.admin_reason}" if instance.admin_reason else "")
    if instance.ruled.is_silent:
        yield "nothing but a P0 goes by it: radio silence of the mode in force (`fenghuo mode ls`)"
    if instance.why_unarmed is not None:
        yield f"nothing is started over it: {instance.why_unarmed}" if instance.why_unarmed else "its armed switch is on"
    yield from _state(instance)
    if (left_s := steady_at(instance.health) - now) > 0:
        yield f"it was left {now - instance.health.left_at:.0f} s ago: no first choice for {left_s:.0f} s more, while a steady way may do"
    if instance.cadence is not None and lost_at(instance.cadence) < math.inf:
        silence_s, left_s = now - (instance.cadence.last_at or now), max(0.0, lost_at(instance.cadence) - now)
        yield f"heard {silence_s:.0f} s ago, phi {phi(instance.cadence, now):.1f}; lost in {left_s:.0f} s"
    if instance.purse.probes:
        purse = instance.purse
        yield f"{purse.probes} probes since the start, {purse.spent_fen:.0f} fen and {purse.spent_joules:.0f} J"


def _state(instance: Instance) -> Iterator[str]:
    health = instance.health
    match health.state:
        case Health.SUSPECT if health.is_reported and not health.weight:
            yield "nothing of its own speaks against it; a device that has a message over it clears it, or the end of what is said"
        case Health.SUSPECT:
            yield f"failures weigh {health.weight:g} of {DOWN_WEIGHT:g}, seen of {len(health.who)} of 2: {', '.join(health.who)}"
            yield f"its signs of late come to {average(health):.2f}, from -1 (all failed) to 2 (all receipts)"
            yield "the next success makes it up again if they come to more than 0 with it"
        case Health.PROBATION:
            share = PROBATION_SHARES[health.stage]
            yield (
                f"stage {health.stage + 1} of {len(PROBATION_SHARES)}: {share:.0%} admitted, {health.successes} of"
                f" {SUCCESSES_A_STAGE} successes, at least {health.stable_s:g} s"
            ).replace("%", " %")
        case Health.UNKNOWN if health.is_started:
            yield "it cannot speak for itself; a receipt, a monitor receiver or a current sensor would make it UP"
        case _:
            return
