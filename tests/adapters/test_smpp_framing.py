from __future__ import annotations

import contextlib
import struct
from types import SimpleNamespace

import pytest
import smpplib.command
import smpplib.consts
from hypothesis import given
from hypothesis import strategies as st

from fenghuo.errors import FrameError
from fenghuo_adapters import smpp_framing as framing
from fenghuo_adapters.short_message_framing import split
from fenghuo_adapters.smpp_framing import Command, Pdu, PduReader, Submission

SUBMISSION = Submission("1069000001", "8613800138000", validity_s=3600)


def deliver(body: bytes) -> Pdu:
    octets = struct.pack("!IIII", 16 + len(body), Command.DELIVER_SM, 0, 9) + body
    return next(PduReader().feed(octets))


def parsed_by_smpplib(octets: bytes) -> smpplib.command.SubmitSM:
    pdu = smpplib.command.SubmitSM("submit_sm", client=SimpleNamespace(next_sequence=lambda: 1), allow_unknown_opt_params=True)
    pdu.parse(octets)
    return pdu


def test_a_submission_is_read_back_by_smpplib() -> None:
    """Numbers, coding, report wish, validity and text as a second implementation sees them."""
    coding, parts = split("请立即转移", 1)
    pdu = parsed_by_smpplib(framing.submit_pdu(SUBMISSION, coding, parts[0], sequence=5))
    assert (b"1069000001", b"8613800138000", 8, 1, b"000000010000000R") == (
        pdu.source_addr,
        pdu.destination_addr,
        pdu.data_coding,
        pdu.registered_delivery,
        pdu.validity_period,
    )
    assert "请立即转移" == pdu.short_message.decode("utf-16-be")
    assert (smpplib.consts.SMPP_TON_INTL, smpplib.consts.SMPP_NPI_ISDN) == (pdu.dest_addr_ton, pdu.dest_addr_npi)


def test_a_part_says_that_it_has_a_header() -> None:
    """esm_class 0x40 and 140 octets for a full UCS-2 part."""
    coding, parts = split("火" * 80, 3)
    pdu = parsed_by_smpplib(framing.submit_pdu(SUBMISSION, coding, parts[0], sequence=5))
    assert (0x40, 140) == (pdu.esm_class, pdu.sm_length)


def test_a_payload_carries_the_whole_text() -> None:
    """message_payload instead of short_message."""
    pdu = parsed_by_smpplib(framing.submit_payload_pdu(SUBMISSION, 8, "火" * 200, sequence=5))
    assert (0, "火" * 200) == (pdu.sm_length, pdu.message_payload.decode("utf-16-be"))


@given(st.integers(1, 40))
def test_a_stream_is_cut_wherever_it_is_torn(size: int) -> None:
    """Pieces of any size give the same PDUs."""
    stream = framing.enquire_pdu(1) + framing.deliver_resp_pdu(2) + framing.unbind_pdu(3)
    reader = PduReader()
    seen = [pdu.sequence for at in range(0, len(stream), size) for pdu in reader.feed(stream[at : at + size])]
    assert [1, 2, 3] == seen


@pytest.mark.parametrize("length", [0, 15, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused(length: int) -> None:
    """The frame boundary is lost, and the session with it."""
    with pytest.raises(FrameError, match="a PDU cannot be"):
        list(PduReader().feed(struct.pack("!IIII", length, Command.ENQUIRE_LINK, 0, 1)))


def test_a_vendor_status_is_a_number_like_any_other() -> None:
    """0x411 is not in the standard, and no reason to end a session."""
    assert 0x411 == next(PduReader().feed(struct.pack("!IIII", 16, Command.SUBMIT_SM_RESP, 0x411, 1))).status


BODY = (
    b"\0"
    + b"\1\1"
    + b"8613800138000\0"
    + b"\0\1"
    + b"1069000001\0"
    + bytes((4, 0, 0))
    + b"\0\0"
    + bytes((0, 0, 0, 0))
    + bytes((3,))
    + b"id:"
)


def test_a_deliver_sm_is_read_with_its_parameters() -> None:
    """receipted_message_id and message_state beside the text."""
    found = framing.read_delivered(deliver(BODY + struct.pack("!HH", 0x1E, 4) + b"abc\0" + struct.pack("!HHB", 0x427, 1, 2)))
    assert ("8613800138000", "1069000001", 1, b"id:", "abc", 2) == (
        found.source,
        found.destination,
        found.message_type,
        found.user_data,
        found.receipted_id,
        found.message_state,
    )


def test_a_torn_parameter_is_skipped() -> None:
    """What stands before it still counts."""
    assert "" == framing.read_delivered(deliver(BODY + b"\0\x1e\0")).receipted_id


def test_a_deliver_sm_that_ends_early_is_refused() -> None:
    """The mandatory part does not hold together."""
    for end in range(len(BODY)):
        with pytest.raises(FrameError):
            framing.read_delivered(deliver(BODY[:end]))


@given(st.binary(max_size=200))
def test_no_body_raises_anything_else(body: bytes) -> None:
    """Any octets are read or refused with FrameError."""
    with contextlib.suppress(FrameError):
        framing.read_delivered(deliver(body))


def test_an_id_ends_at_its_null() -> None:
    """The message id of a response, also without the null."""
    octets = struct.pack("!IIII", 19, Command.SUBMIT_SM_RESP, 0, 1)
    assert ["ab", "abc"] == [framing.read_message_id(Pdu(0x80000004, 0, 1, octets + tail)) for tail in (b"ab\0", b"abc")]
