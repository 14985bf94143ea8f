"""Settings of the satellite channels: each mistake is a sentence with field, value and what would be right."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from fenghuo import Doubt, Evidence
from fenghuo_vsat import HttpSettings, MqttSettings, http_capabilities, without_share
from fenghuo_vsat.secrets import faults
from tests.plugins.vsat_fakes import SECRETS

MODEM: dict[str, Any] = {
    "snmp_host": "192.168.1.1",
    "snmp_oid": "1.3.6.1.4.1.6247.1.2.0",
    "snmp_community_file": "community",
    "degraded_below": 7.0,
}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"interface": ""}, 'needs interface = "…" or source = "…"'),
        ({"interface": "a-name-far-too-long"}, "interface 'a-name-far-too-long' is no interface"),
        ({"source": "sat0"}, "source 'sat0' is no address; it must be an IP address"),
        ({"url": "ftp://site/"}, "url 'ftp://site/' is not an http or https address"),
        ({"url": "http://me:pw@site/"}, "without name and password"),
        ({"attachments": "files"}, "attachments 'files' is no http or https address and no path such as \"/files/\""),
        ({"attachments": "http://me:pw@site/files"}, "is no http or https address"),
        ({"attachments": "/files x"}, "attachments '/files x' is no http or https address"),
        ({"attachments": "/files", "attachments_share": "sz"}, "attachments_share 'sz' needs one server for all"),
        ({**MODEM, "snmp_oid": ""}, "snmp_oid is missing; snmp_host = '192.168.1.1' needs it"),
        ({**MODEM, "degraded_below": None}, "degraded_below is missing"),
        ({**MODEM, "snmp_oid": "esno"}, "snmp_oid 'esno' is no object identifier"),
        ({**MODEM, "snmp_host": ""}, "snmp_host is missing"),
        ({**MODEM, "snmp_scale": 0.0}, "snmp_scale 0.0 must be greater than 0"),
        ({"probe_shortest_s": 60.0, "probe_longest_s": 30.0}, "probe_longest_s 30.0 must not be less than probe_shortest_s 60.0"),
        ({**MODEM, "good_from": 6.0}, "good_from 6.0 must not be less than degraded_below 7.0"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], sentence: str) -> None:
    """As `fenghuo config check` prints it, after the name of the table."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        HttpSettings(**({"interface": "sat0"} | given))


def test_what_it_claims_follows_from_the_settings() -> None:
    """A 2xx is ACCEPTED unless the operator vouches for more; without ids at the far end a doubt is no case for a repetition."""
    plain = http_capabilities(HttpSettings(interface="sat0"))
    assert (Evidence.ACCEPTED, Doubt.IDEMPOTENT) == (plain.evidence_max, plain.doubt)
    other = http_capabilities(HttpSettings(interface="sat0", confirms="device", idempotent=False))
    assert (Evidence.DEVICE, Doubt.OPAQUE) == (other.evidence_max, other.doubt)


def test_what_takes_too_long_at_the_rate_is_told_beforehand() -> None:
    """Half of attempt_s for the message: 128 kbit/s are 16,000 octets a second."""
    assert 96_000 == http_capabilities(HttpSettings(interface="sat0", rate_kbit=128.0, attempt_s=12.0)).max_payload
    assert 0 == http_capabilities(HttpSettings(interface="sat0")).max_payload


def test_a_chunk_of_a_picture_is_what_half_an_attempt_carries_at_most() -> None:
    """64 kbit/s are 8,000 octets a second; without a limit it is as large as the settings say, and without an address there are none."""
    slow = HttpSettings(interface="sat0", rate_kbit=64.0, attempt_s=2.0, attachments="/files/")
    assert (8_000, 32_768) == (slow.chunk_octets, HttpSettings(interface="sat0").chunk_octets)
    assert (True, False) == (http_capabilities(slow).attachments, http_capabilities(HttpSettings(interface="sat0")).attachments)


def test_files_are_looked_at_before_anything_is_opened() -> None:
    """An empty community, a secret with a line break, anchors that are none."""
    settings = HttpSettings(interface="sat0", secret_file="bad", ca_file="bad", **MODEM)
    found = faults(settings, ({**SECRETS, "community": "", "bad": "a\nb"}).__getitem__)
    assert {"snmp_community_file", "secret_file", "ca_file"} == set(found)
    assert {} == faults(HttpSettings(interface="sat0", secret_file="site-secret", **MODEM), SECRETS.__getitem__)


def test_pictures_that_no_other_way_brings_are_told_before_one_is_sent() -> None:
    """A broker gets the text alone: what comes with it needs a `vsat.http` of the same share."""
    broker = MqttSettings(interface="sat0", host="broker.example", node="tc", plain=True, attachments_share="sz")
    (said,) = without_share(broker, [HttpSettings(interface="sat0")]).items()
    assert ("attachments_share", True) == (said[0], 'attachments_share = "sz"' in said[1])
    server = "http://pictures.example/files"
    assert {} == without_share(broker, [HttpSettings(interface="sat0", attachments=server, attachments_share="sz")])
    assert {} == without_share(msgspec.structs.replace(broker, attachments_share=""), [])
