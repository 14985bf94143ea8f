"""Every mistake an operator can make in the settings of a platform is a sentence that names field, value and what would be right."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fenghuo import Evidence
from fenghuo_broadcast.platform_settings import PlatformSettings, capabilities, check
from tests.adapters.test_ebd_sm2 import POINT, SCALAR

SOUND: dict[str, Any] = {
    "url": "http://10.8.0.2:8080/ebd",
    "source": "010332058500000001",
    "platform": "010232050000000001",
    "key_file": "centre.pem",
    "peer_key_file": "platform.pub",
    "certificate": "000000003363",
    "issuer": "000000000075",
}


def made(**changes: Any) -> PlatformSettings:
    return msgspec.convert({**SOUND, **changes}, PlatformSettings)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": "10.8.0.2"}, "url '10.8.0.2' is not an http or https address such as http://10.8.0.2:8080/ebd"),
        ({"url": "http://a:b@host/"}, "url of host carries a name or password"),
        ({"source": "0103"}, "'0103' is not an EBRID"),
        (
            {"source": "01033205850000000100000"},
            "source '01033205850000000100000' has not the 18 digits of a resource code of the 2018 form",
        ),
        ({"form": "2023"}, "source '010332058500000001' has not the 23 digits of a resource code of the 2023 form"),
        ({"monitors": ["01023205000000000100000"]}, "monitors '01023205000000000100000' has not the 18 digits"),
        ({"absent_codes": [5, 0]}, "absent_codes holds 0, which says that the platform has it"),
        ({"absent_codes": [1]}, "give codes of a refusal, for example absent_codes = [5]"),
        (
            {"monitors": ["010232050000000001"]},
            "monitors holds 010232050000000001, which is platform: all that it reports would count as heard",
        ),
        ({"monitors": ["010332058500000001"]}, "monitors holds 010332058500000001, which is source"),
        ({"event_type": "typhoon"}, "event_type 'typhoon' is not a code of five such as 11B01"),
        ({"key_file": ""}, "key_file is empty; packets are signed and verified, unless unsigned = true"),
        ({"peer_key_file": ""}, "peer_key_file is empty; packets are signed and verified"),
        ({"certificate": "3363"}, "certificate '3363' is not a number of 12 digits"),
        ({"issuer": "a" * 12}, "issuer 'aaaaaaaaaaaa' is not a number of 12 digits"),
        ({"quiet_hours": ["night"]}, "quiet_hours 'night' is not a span of the day"),
        ({"armed": "2026-07-15T09:30:00"}, "armed 2026-07-15T09:30:00 has no time zone"),
        ({"concurrency": 1}, "Expected `int` >= 2"),
        ({"query_s": 60}, "Expected `float` <= 18"),
        ({"port": 1}, "Object contains unknown field `port`"),
    ],
)
def test_a_mistake_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    """Whatever was written instead."""
    with pytest.raises(msgspec.ValidationError) as told:
        made(**changes)
    assert sentence in str(told.value)


def test_a_test_bench_says_that_it_is_one() -> None:
    """Without keys nothing is signed, and that must be written out."""
    bare = {key: SOUND[key] for key in ("url", "source", "platform")}
    assert msgspec.convert({**bare, "unsigned": True}, PlatformSettings).unsigned


def test_the_instant_of_arming_is_read_as_toml_writes_it() -> None:
    """With its zone."""
    armed = made(armed="2026-07-15T09:30:00+08:00").armed
    assert armed is not None
    assert "2026-07-15T09:30:00+08:00" == armed.isoformat()


@pytest.mark.parametrize(
    ("changes", "most", "hears"),
    [
        ({}, Evidence.ACCEPTED, False),
        ({"terminal_reports": True}, Evidence.ACCEPTED, False),
        ({"listen_port": 8090}, Evidence.AIRED, True),
        ({"listen_port": 8090, "terminal_reports": True}, Evidence.DEVICE, True),
    ],
)
def test_it_claims_what_it_can_hear(changes: dict[str, Any], most: Evidence, hears: bool) -> None:
    """Without a door no report comes in; DEVICE needs the terminals' own."""
    found = capabilities(made(**changes))
    assert (most, hears, "actuator", True) == (found.evidence_max, found.inbound, found.doubt, found.human_audible)


def test_keys_are_judged_before_anything_is_opened() -> None:
    """By `fenghuo config check`; none of a key is in a sentence."""
    files = {"centre.pem": "s3cret", "platform.pub": "nothing"}
    faults = check(made(), files.__getitem__)
    assert {"key_file", "peer_key_file"} == set(faults)
    assert faults["key_file"].startswith("cannot be used: it must hold an SM2 private key")
    assert "s3cret" not in str(faults)
    assert {} == check(made(), {"centre.pem": SCALAR, "platform.pub": POINT}.__getitem__)
    nothing: dict[str, str] = {}
    assert {} == check(made(unsigned=True), nothing.__getitem__)
