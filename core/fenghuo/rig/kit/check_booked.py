"""Check of the accounts: what was estimated and booked for each message is what its far end has measured. Gold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fenghuo.plugin.conformance import Meter
from fenghuo.rig.kit.bench import Bench, Broken, NotItsKind, NotShown
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.check_medium import LONG, TEXT
from fenghuo.rig.kit.grades import Grade
from fenghuo.store.tables import EVENT

__all__ = ["CHECKS"]

SHARE = 0.02
"""Source: issue of the bearers: airtime, octets and joules of each message reconcile with what the peers received."""
NAMES = {"airtime_s": "airtime", "octets": "octets", "fee_fen": "money", "joules": "joules"}
STILL_S, LONGEST_S = 1.0, 120.0
"""A medium is over with a message when its meter stands still for so long; longest wait for that."""
_OF_IT = "type IN ('delivery.emitting', 'delivery.booked') AND subject = ? ORDER BY seq"


async def reconciles(bench: Bench) -> None:
    """Three lengths, one after the other, so that whatever the far end measures in between is theirs."""
    await bench.up()
    blind: set[str] = set()
    for to, text in enumerate((TEXT, LONG, LONG[: len(LONG) // 2])):
        before = _read(bench)
        order = await bench.order(text, to=to)
        await bench.ended(order)
        took = measured(bench, bench.peer.spent(before, await _still(bench)))
        guessed, booked = await _accounts(bench, (await bench.delivery(order)).id)
        claimed = {name for name in NAMES if guessed.get(name) or booked.get(name)}
        if not claimed:
            raise NotItsKind("it books nothing but parts")
        blind |= claimed - took.keys()
        for name in sorted(claimed & took.keys()):
            _held(bench, name, (guessed.get(name, 0.0), booked.get(name, 0.0)), took[name])
    if not bench.figures.measured:
        raise NotShown(f"this far end does not measure {', '.join(sorted(NAMES[name] for name in blind))}")


def measured(bench: Bench, took: Meter) -> dict[str, float]:
    """What the far end can tell, by figure; energy is what the transmitter draws in the seconds that were measured."""
    found = {name: value for name, value in msgspec.structs.asdict(took).items() if value is not None}
    if "airtime_s" in found:
        found["joules"] = found["airtime_s"] * bench.capabilities.watts_transmit
    return found


def _held(bench: Bench, name: str, claimed: tuple[float, float], took: float) -> None:
    """Hold estimate and booking against the measure. Raises: Broken."""
    guessed, booked = claimed
    bench.estimated(guessed, took)
    error = abs(booked - took) / took if took else 1.0
    bench.booked(error, [NAMES[name]])
    if error > SHARE:
        raise Broken(f"{NAMES[name]}: {booked:.4g} was booked, and the far end has measured {took:.4g}")


async def _accounts(bench: Bench, delivery: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What was estimated at the licence, and what stands booked in the end. Raises: Broken: it went more than once."""
    rows = await bench.life.spawn(bench.life.store.find(EVENT, _OF_IT, f"delivery/{delivery}"))
    told = [(row.type, msgspec.json.decode(row.body).get("booked", {})) for row in rows]
    if sum(kind == "delivery.emitting" for kind, _ in told) != 1:
        raise Broken("one message to somebody who is there took more than one emission: what was booked is of several")
    return told[0][1], told[-1][1]


def _read(bench: Bench) -> Meter:
    return bench.peer.meter(bench.line.heard)


async def _still(bench: Bench) -> Meter:
    """The meter, once nothing moves it any more."""
    found = [_read(bench)]

    async def is_still() -> bool:
        await bench.pause(STILL_S)
        found.append(_read(bench))
        return found[-1] == found[-2]

    await bench.until(is_still, "the far end is over with a message", within_s=LONGEST_S)
    return found[-1]


CHECKS = (Check("what an emission is booked with is within 2 % of what the far end measured", Grade.GOLD, reconciles, is_alone=True),)
