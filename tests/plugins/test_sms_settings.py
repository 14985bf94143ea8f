from __future__ import annotations

import msgspec
import pytest

import fenghuo_sms
from fenghuo import Doubt, Evidence
from fenghuo_sms import SmsSettings, masked, msisdn
from fenghuo_sms.settings import check

GOOD = {"host": "10.8.0.1", "system_id": "fh", "password_file": "sms.secret", "source_addr": "1069000001"}


@pytest.mark.parametrize(
    "text", ["13800138000", "+8613800138000", "8613800138000", "008613800138000", "138-0013-8000", " 138 0013 8000 ", "(+86)13800138000"]
)
def test_a_mobile_number_has_one_way_of_writing(text: str) -> None:
    """Whatever the directory wrote, the address is +8613800138000."""
    assert "+8613800138000" == msisdn(text)


def test_numbers_of_other_countries_and_fixed_lines_are_kept() -> None:
    """E.164 with its plus."""
    assert ["+85291234567", "+8651253520000"] == [msisdn("+852 9123 4567"), msisdn("+86-512-53520000")]


@pytest.mark.parametrize("text", ["", "110", "1380013800", "+86138", "12800138000", "abc", "138001380001", "+", "１３８００１３８０００"])
def test_what_is_no_number_is_refused_with_a_sentence(text: str) -> None:
    """The sentence repeats what was written."""
    with pytest.raises(ValueError, match="is not a"):
        msisdn(text)


def test_normalising_twice_changes_nothing() -> None:
    """An address in the one right way stays as it is."""
    assert msisdn(msisdn("13800138000")) == msisdn("13800138000")


def test_a_number_is_masked_in_its_middle() -> None:
    """138****8000, and nothing at all of a short one."""
    assert ["138****8000", "+85****4567", "****"] == [masked("+8613800138000"), masked("+85291234567"), masked("10086")]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"host": ""}, "host is empty"),
        ({"port": 0}, "port 0 is not a TCP port"),
        ({"source_addr": "烽火"}, "source_addr '烽火' is neither"),
        ({"system_id": ""}, "system_id is empty"),
        ({"system_id": "a" * 16}, "at most 15 characters"),
        ({"system_type": "a" * 13}, "at most 12 characters"),
        ({"window": 0}, "window 0 is not one of 1 to 1000"),
        ({"per_s": -1}, "may not be negative"),
        ({"enquire_link_s": 0}, "enquire_link_s 0.0 must be greater than 0"),
        ({"long": "sar"}, "Invalid enum value 'sar'"),
        ({"passwrod": "x"}, "unknown field `passwrod`"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_each_mistake_has_its_sentence(change: dict[str, object], sentence: str) -> None:
    """Mistakes are found when the settings are read, not when the first alert goes out."""
    with pytest.raises(msgspec.ValidationError, match=sentence):
        msgspec.convert({**GOOD, **change}, SmsSettings)


def test_capabilities_follow_the_settings() -> None:
    """Window, receipt time and fee are the account's."""
    caps = fenghuo_sms.capabilities(msgspec.convert({**GOOD, "window": 64, "receipt_q95_s": 20, "fee_fen": 3}, SmsSettings))
    assert (64, 20.0, 3.0, Evidence.DEVICE, Doubt.OPAQUE, 15.0) == (
        caps.concurrency,
        caps.receipt_q95_s,
        caps.fee_fen,
        caps.evidence_max,
        caps.doubt,
        caps.attempt_s,
    )


def test_the_plugin_names_its_parts() -> None:
    """Channel type, form and address kind as the settings file and the directory write them."""
    assert ["sms.smpp", "sms.at"] == [kind.id for kind in fenghuo_sms.fenghuo_channel_types()]
    assert ["sms"] == [renderer.form for renderer in fenghuo_sms.fenghuo_renderers()]
    assert ["msisdn"] == [kind.id for kind in fenghuo_sms.fenghuo_address_kinds()]


@pytest.mark.parametrize(
    ("password", "says"), [("lab", ""), ("12345678", ""), ("123456789", "9 characters"), ("密码", "characters beyond ASCII")]
)
def test_a_password_is_measured_before_the_bind(password: str, says: str) -> None:
    """SMPP 3.4 §5.2.2: eight octets and a NUL."""
    found = check(msgspec.convert(GOOD, SmsSettings), {"sms.secret": password}.__getitem__)
    assert ({"password_file"} if says else set()) == set(found)
    assert says in found.get("password_file", "")
