"""The envelope around a message over MQTT, and the receipts that come back, octet by octet."""

from __future__ import annotations

import msgspec
import pytest

from fenghuo.formats.mqtt_envelope import Sequences, envelope, read_receipt
from fenghuo.model.delivery import Permanent, Scope
from fenghuo.model.evidence import Evidence


def test_each_recipient_has_a_sequence_of_its_own() -> None:
    """From 1, without a gap, in a stream that sorts behind those of earlier starts."""
    sequences = Sequences(1_790_000_000.5)
    assert [1, 2, 1] == [sequences.next("van1"), sequences.next("van1"), sequences.next("van2")]
    assert Sequences(1_790_000_000.4).stream < sequences.stream


def test_the_envelope_says_what_a_recipient_needs() -> None:
    """The message itself is passed on octet by octet."""
    octets = envelope(b'{"text":"x"}', token="t-1", n=2, number=3, place=("s", 17), receipt_to="fenghuo/hq/receipt/van1")
    assert {
        "v": 1,
        "id": "t-1",
        "n": 2,
        "stream": "s",
        "seq": 17,
        "number": 3,
        "receipt_to": "fenghuo/hq/receipt/van1",
        "message": {"text": "x"},
    } == msgspec.json.decode(octets)


def test_a_receipt_says_how_far_it_came() -> None:
    """Device, person, done; or no, and why."""
    levels = {"device": Evidence.DEVICE, "human": Evidence.HUMAN, "done": Evidence.DONE}
    for word, level in levels.items():
        receipt = read_receipt(b'{"id":"t-1","level":"%b"}' % word.encode())
        assert receipt is not None
        assert (level, None) == (receipt.evidence, receipt.failure)
    refusal = read_receipt(b'{"id":"t-1","level":"failed","code":"full"}')
    assert refusal is not None
    assert (None, Permanent(Scope.RECIPIENT, "full")) == (refusal.evidence, refusal.failure)


@pytest.mark.parametrize("octets", [b"", b"{}", b'{"id":"t-1"}', b'{"id":"t-1","level":"aired"}', b'{"id":"\xff","level":"device"}'])
def test_octets_that_are_no_receipt_are_none(octets: bytes) -> None:
    """Nor is a word that proves less than a device."""
    assert read_receipt(octets) is None
