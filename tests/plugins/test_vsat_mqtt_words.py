"""The settings of MQTT over the satellite: their mistakes, and what follows from them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fenghuo import Doubt, Evidence
from fenghuo_vsat import MqttSettings, mqtt_capabilities
from fenghuo_vsat.secrets import faults
from tests.plugins.vsat_fakes import SECRETS

GOOD: dict[str, Any] = {"interface": "sat0", "host": "10.99.0.2", "node": "hq", "plain": True}


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
