"""Jobs as parcels of the link: what was keyed for several is paid by several."""

from __future__ import annotations

import pytest

from fenghuo import Estimate, Evidence
from fenghuo_narrowband.link_cargo import Cargo, Passenger
from tests.plugins.link_fakes import LinkJob, an_order

FRAME_S = 0.6


def passenger(code: int) -> Passenger:
    job = LinkJob(f"T{code}", an_order())
    return Passenger(code, job.address, job, job.emission, Evidence.DEVICE, job.emission.payload.data, "name", 1e9)


def costs(*jobs: Passenger) -> list[Estimate | None]:
    return [getattr(one.emission, "cost", None) for one in jobs]


async def test_who_is_called_together_shares_what_was_keyed() -> None:
    """One call for a group is on the air once, whoever is aboard; a repetition is paid by those who still wait for it."""
    cargo, (one, two, three) = Cargo({9: (1, 2, 3)}), map(passenger, (1, 2, 3))
    (shipment,) = cargo.load([one, two, three])
    cargo.aired(shipment.ref, FRAME_S)
    assert [pytest.approx(FRAME_S / 3)] * 3 == [cost and cost.airtime_s for cost in costs(one, two, three)]
    cargo.leave(one)
    cargo.aired(shipment.ref, FRAME_S)
    paid = [cost.airtime_s for cost in costs(one, two, three) if cost is not None]
    assert [pytest.approx(FRAME_S / 3), *[pytest.approx(FRAME_S / 3 + FRAME_S / 2)] * 2] == paid
    assert 2 * FRAME_S == pytest.approx(sum(paid))


async def test_a_frame_of_nobody_s_is_on_nobody_s_account() -> None:
    """Receipts and questions of the link's own belong to no message."""
    cargo, alone = Cargo({}), passenger(1)
    cargo.load([alone])
    cargo.aired("", FRAME_S)
    assert [None] == costs(alone)
