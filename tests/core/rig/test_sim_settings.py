"""What simulated channels claim to be able to do."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.model.evidence import Evidence
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Doubt
from fenghuo.rig.sim_settings import SimSettings, radio_capabilities, sms_capabilities

SETTINGS = SimSettings(socket="b.sock", window=3, receipt_q95_s=7.0)


def test_both_are_like_what_they_stand_for() -> None:
    """Neither can be asked, both confirm devices; the text costs money, the radio can be repeated and is one at a time."""
    sms, radio = sms_capabilities(SETTINGS), radio_capabilities(SETTINGS)
    assert {(Doubt.OPAQUE, Evidence.DEVICE, True, 7.0)} == {
        (one.doubt, one.evidence_max, one.inbound, one.receipt_q95_s) for one in (sms, radio)
    }
    assert (("sms", 3, 5.0, False, False), ("radio", 1, 0.0, True, True)) == tuple(
        (one.form, one.concurrency, one.fee_fen, one.half_duplex, one.repeat_safe) for one in (sms, radio)
    )


def test_a_fee_can_be_set() -> None:
    """Plans weigh it."""
    dear = msgspec.structs.replace(SETTINGS, fee_fen=12.0)
    assert (12.0, 12.0) == (sms_capabilities(dear).fee_fen, radio_capabilities(dear).fee_fen)


def test_every_traffic_may_be_simulated() -> None:
    """The demo is Actual traffic; what a node may carry is said in its settings."""
    assert {tuple(Traffic)} == {able(SETTINGS).traffic for able in (sms_capabilities, radio_capabilities)}


@pytest.mark.parametrize("raw", [{}, {"socket": "b", "windwo": 3}, {"socket": 7}])
def test_a_mistake_is_refused(raw: dict[str, object]) -> None:
    """A socket must be named, and no key is passed over."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, SimSettings)
