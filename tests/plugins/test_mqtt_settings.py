from __future__ import annotations

import msgspec
import pytest

import fenghuo_mqtt
from fenghuo import Doubt, Evidence
from fenghuo_adapters.mqtt_credentials import credentials
from fenghuo_mqtt.settings import MqttSettings, name

GOOD = {"host": "10.8.0.5", "node": "hq", "ca_file": "ca.pem"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"host": ""}, "host is empty"),
        ({"port": 70000}, "port 70000 is not a TCP port"),
        ({"node": "hq/1"}, "node 'hq/1' is not one level of a topic"),
        ({"root": "#"}, "root '#' is not one level of a topic"),
        ({"node": "$SYS"}, "not beginning with"),
        ({"ca_file": ""}, "say plain = true"),
        ({"plain": True}, "plain = true goes without TLS, and ca_file"),
        ({"cert_file": "hq.pem"}, "cert_file and key_file go together"),
        ({"password_file": "hq.password"}, "a password needs an account"),
        ({"keepalive_s": 0}, "keepalive_s 0 is not one of 1 to 65535"),
        ({"session_expiry_s": 604801}, "which is a week"),
        ({"window": 0}, "window 0 is not one of 1 to 100"),
        ({"max_octets": 1}, "max_octets 1 is not one of 1024"),
        ({"answer_s": 0}, "answer_s 0.0 must be greater than 0"),
        ({"reports": "yes"}, "Invalid enum value 'yes'"),
        ({"pasword_file": "x"}, "unknown field `pasword_file`"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_each_mistake_has_its_sentence(change: dict[str, object], sentence: str) -> None:
    """Field, value, and what would be right."""
    with pytest.raises(msgspec.ValidationError, match=sentence.replace("(", r"\(")):
        msgspec.convert({**GOOD, **change}, MqttSettings)


@pytest.mark.parametrize("text", ["van1", "红旗镇", "a.b_c-d", "x" * 64])
def test_a_recipient_is_one_level_of_a_topic(text: str) -> None:
    """It is kept as it was written."""
    assert text == name(text)


@pytest.mark.parametrize("text", ["", "a/b", "+", "a#", "$SYS", "a b", "x" * 65, "红" * 22, "a\x00", "\x85"])
def test_what_a_broker_would_read_otherwise_is_refused(text: str) -> None:
    """No wildcard, no second level, nothing that a device could not write into its own topic."""
    with pytest.raises(ValueError, match="is no recipient over MQTT"):
        name(text)


def test_doubt_follows_the_setting() -> None:
    """Recipients that drop copies may be sent one; others get it marked, later."""
    settings = msgspec.convert(GOOD, MqttSettings)
    assert Doubt.IDEMPOTENT is fenghuo_mqtt.capabilities(settings).doubt
    assert Doubt.OPAQUE is fenghuo_mqtt.capabilities(msgspec.structs.replace(settings, idempotent=False)).doubt
    assert Evidence.DONE is fenghuo_mqtt.capabilities(settings).evidence_max


def test_files_that_cannot_work_are_named_by_their_key() -> None:
    """What start() would refuse is found before anything is opened."""
    settings = msgspec.convert({**GOOD, "username": "hq", "password_file": "p"}, MqttSettings)
    found = credentials(settings, {"ca.pem": "no certificate", "p": ""}.__getitem__).faults
    assert {"ca_file", "password_file"} == set(found)
    assert "-----BEGIN CERTIFICATE-----" in found["ca_file"]
