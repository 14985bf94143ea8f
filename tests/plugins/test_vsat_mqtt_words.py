"""What goes over the satellite by MQTT, octet by octet and answer by answer; and the settings' mistakes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from fenghuo import Doubt, Evidence, LinkBroken, LinkTimeout, Outcome, Permanent, Reached, Scope, Transient, Unknown
from fenghuo.formats.mqtt_envelope import envelope, read_receipt
from fenghuo_adapters.mqtt_session import Answer, NoPlace, NotPublished
from fenghuo_vsat import MqttSettings, mqtt_capabilities
from fenghuo_vsat.mqtt_words import outcome_of, outcome_of_failure
from fenghuo_vsat.secrets import faults
from tests.plugins.vsat_fakes import SECRETS

GOOD: dict[str, Any] = {"interface": "sat0", "host": "10.99.0.2", "node": "hq", "plain": True}


def test_an_envelope_names_the_message_and_where_its_receipt_goes() -> None:
    """The message itself is not written anew."""
    octets = envelope(b'{"text":"\xe6\xb1\x9b"}', token="t-1", n=2, number=17, place=("1a", 3), receipt_to="fenghuo/hq/receipt/van1")
    assert {
        "v": 1,
        "id": "t-1",
        "n": 2,
        "stream": "1a",
        "seq": 3,
        "number": 17,
        "receipt_to": "fenghuo/hq/receipt/van1",
        "message": {"text": "汛"},
    } == msgspec.json.decode(octets)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(0x00, "Success"), Reached(Evidence.ACCEPTED, ("van1/t-1",))),
        (Answer(0x10, "No matching subscribers"), Transient(Scope.RECIPIENT, "nobody-subscribed", 30.0)),
        (Answer(0x87, "Not authorized"), Permanent(Scope.RECIPIENT, "not-authorized")),
        (Answer(0x99, "Payload format invalid"), Permanent(Scope.MESSAGE, "payload-format-invalid")),
        (Answer(0x97, "Quota exceeded"), Transient(Scope.CHANNEL, "quota-exceeded", 5.0)),
    ],
)
def test_a_puback_is_accepted_at_most(answer: Answer, outcome: Outcome) -> None:
    """A broker that took a message may lose it: nothing of ours counts it as delivered."""
    assert outcome == outcome_of(answer, "van1/t-1")


def test_only_what_was_written_is_in_doubt() -> None:
    """No connection: certain. Silence, or a connection lost meanwhile: unknown."""
    assert Transient(Scope.MESSAGE, "window-full", 5.0) == outcome_of_failure(NoPlace("full"))
    assert Transient(Scope.CHANNEL, "not-connected") == outcome_of_failure(NotPublished("down"))
    assert Unknown("no-puback") == outcome_of_failure(LinkTimeout("late"))
    assert Unknown("link-lost") == outcome_of_failure(LinkBroken("gone"))


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


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"host": ""}, "host is empty"),
        ({"node": "a/b"}, "node 'a/b' is not one level of a topic"),
        ({"root": "$SYS"}, "root '$SYS' is not one level of a topic"),
        ({"plain": False}, "give one of the two"),
        ({"ca_file": "anchors"}, "give one of the two"),
        ({"password_file": "pw"}, "password_file is set and username is empty"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], sentence: str) -> None:
    """As `fenghuo config check` prints it, after the name of the table."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        MqttSettings(**(GOOD | given))


def test_what_it_claims_follows_from_the_settings() -> None:
    """All above ACCEPTED is the recipient's own word; without ids there a doubt is no case for a repetition."""
    assert (Evidence.DONE, Doubt.IDEMPOTENT) == ((found := mqtt_capabilities(MqttSettings(**GOOD))).evidence_max, found.doubt)
    assert Doubt.OPAQUE == mqtt_capabilities(MqttSettings(**GOOD, idempotent=False)).doubt


def test_files_are_looked_at_before_anything_is_opened() -> None:
    """An empty password, and anchors that are none."""
    settings = MqttSettings(**(GOOD | {"plain": False, "ca_file": "bad", "username": "hq", "password_file": "empty"}))
    assert {"password_file", "ca_file"} == set(faults(settings, ({**SECRETS, "empty": "", "bad": "none"}).__getitem__))
