"""What goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo.link.receipts import Held, HeldList, Poll, Receipt, Tally, decode_receipt, encode_receipt
from fenghuo.model.evidence import Evidence


@pytest.mark.parametrize(
    ("receipt", "octets"),
    [
        (HeldList((Held(2, 0x0102, 3, 0b101),)), "01 02 0102 02 05"),
        (HeldList((Held(2, 0x0102),)), "01 02 0102 ff"),
        (HeldList((Held(2, 0x0102, digest=b"abc"),)), "01 02 0102 fe 616263"),
        (HeldList((Held(200, 7, 9, 0x1FE), Held(2, 8, digest=b"abc"))), "01 c8 0007 08 fe01 02 0008 fe 616263"),
        (HeldList((Held(2, 0x0102, 3, 0b101),), follows=True), "04 02 0102 02 05"),
        (Poll(200, 0x0102), "02 c8 0102"),
        (Tally(0x0102, Evidence.DEVICE, 10, 0x3FE), "03 0102 04 0a fe03"),
    ],
)
def test_a_receipt_stands_as_documented(receipt: Receipt, octets: str) -> None:
    """Both ways."""
    assert bytes.fromhex(octets) == encode_receipt(receipt)
    assert receipt == decode_receipt(bytes.fromhex(octets))


@given(st.binary(max_size=40))
def test_no_octets_break_the_decoder(octets: bytes) -> None:
    """Something that is known, which comes back as it was read; or a FrameError."""
    try:
        receipt = decode_receipt(octets)
    except FrameError:
        return
    assert receipt == decode_receipt(encode_receipt(receipt))


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "05",
        "0102",
        "01 02 0102 08 ff",
        "01 02 0102 40 ffffffffffffffffff",
        "01 02 0102 fe 6162",
        "01 02 0102 fd",
        "02 c8",
        "03 0102 09 01 01",
        "03 0102 04 0a fe",
    ],
)
def test_what_is_no_receipt_is_refused(octets: str) -> None:
    """Unknown, cut off, more pieces than there are, a level that is none."""
    with pytest.raises(FrameError):
        decode_receipt(bytes.fromhex(octets))
